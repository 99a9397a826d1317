package io.levada.connect;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.metrics.Gauge;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

/**
 * A source that counts, and goes on counting where its offset says. {@code trouble} makes it {@code throw} at 10, {@code hang} in
 * its stop, {@code leak} a thread that outlives it, or {@code mismeasure} with metrics that no page can show.
 */
public final class CountingSource extends SourceConnector {
    /** Lets go of what hangs. */
    static final CountDownLatch RELEASE = new CountDownLatch(1);

    private Map<String, String> config = Map.of();

    @Override
    public void start(Map<String, String> properties) {
        config = properties;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return Counter.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int most) {
        List<Map<String, String>> configs = new ArrayList<>();
        for (int i = 0; i < most; i++) {
            configs.add(Map.of(
                    "topic", config.get("topic"),
                    "trouble", config.getOrDefault("trouble", ""),
                    "upTo", config.getOrDefault("upTo", "100"),
                    "number", String.valueOf(i)));
        }
        return configs;
    }

    @Override
    public void stop() {}

    @Override
    public ConfigDef config() {
        return new ConfigDef()
                .define("topic", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "where it counts")
                .define("password", ConfigDef.Type.PASSWORD, "", ConfigDef.Importance.LOW, "nothing")
                .define(
                        "trouble",
                        ConfigDef.Type.STRING,
                        "",
                        ConfigDef.Importance.LOW,
                        "throw, hang, leak or mismeasure")
                .define("upTo", ConfigDef.Type.LONG, 100, ConfigDef.Importance.LOW, "how far it counts");
    }

    @Override
    public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> properties) {
        return "throw".equals(properties.get("trouble"))
                ? ExactlyOnceSupport.UNSUPPORTED
                : ExactlyOnceSupport.SUPPORTED;
    }

    @Override
    public boolean alterOffsets(Map<String, String> properties, Map<Map<String, ?>, Map<String, ?>> offsets) {
        return true;
    }

    @Override
    public String version() {
        return "1.2";
    }

    /** Its task. */
    public static final class Counter extends SourceTask {
        private Map<String, String> config = Map.of();
        private long next;

        @Override
        public void start(Map<String, String> properties) {
            config = properties;
            Map<String, Object> offset = context.offsetStorageReader().offset(partition());
            next = offset != null && offset.get("next") instanceof Number there ? there.longValue() : 0;
            if (is("leak")) {
                Thread leaked = new Thread(CountingSource::awaitRelease, "leaked");
                leaked.setDaemon(true);
                leaked.start();
            }
            if (is("mismeasure")) {
                mismeasure();
            }
        }

        private void mismeasure() {
            PluginMetrics metrics = context.pluginMetrics();
            Gauge<Long> broken = (settings, now) -> {
                throw new IllegalStateException("told to throw");
            };
            metrics.addMetric(metrics.metricName("broken", "", new LinkedHashMap<>()), broken);
            Gauge<Long> places = (settings, now) -> next;
            for (String name : List.of("next", "next-total", "next_total", "next.info", "next info", "")) {
                metrics.addMetric(metrics.metricName(name, "", new LinkedHashMap<>()), places);
            }
            LinkedHashMap<String, String> tags = new LinkedHashMap<>();
            tags.put("a-tag", "1");
            tags.put("a_tag", "2");
            tags.put("", "3");
            metrics.addMetric(metrics.metricName("tagged", "", tags), places);
            Gauge<Long> below = (settings, now) -> -1L;
            metrics.addMetric(metrics.metricName("below-total", "", new LinkedHashMap<>()), below);
        }

        private Map<String, String> partition() {
            return Map.of("number", config.get("number"));
        }

        private boolean is(String trouble) {
            return trouble.equals(config.get("trouble"));
        }

        @Override
        public List<SourceRecord> poll() throws InterruptedException {
            if (next >= Long.parseLong(config.get("upTo"))) {
                Thread.sleep(10);
                return List.of();
            }
            if (is("throw") && next == 10) {
                throw new IllegalStateException("told to throw");
            }
            long value = next++;
            return List.of(new SourceRecord(
                    partition(),
                    Map.of("next", next),
                    config.get("topic"),
                    Schema.STRING_SCHEMA,
                    config.get("number"),
                    Schema.INT64_SCHEMA,
                    value));
        }

        @Override
        public void stop() {
            if (is("hang")) {
                awaitRelease();
            }
        }

        @Override
        public String version() {
            return "1.2";
        }
    }

    private static void awaitRelease() {
        try {
            RELEASE.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
