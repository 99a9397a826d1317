package io.levada.connect;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.PrometheusNaming;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kafka's metrics as series of a page for Prometheus: what ends in {@code total} is a counter, other numbers are gauges. Plugins make
 * metrics too, of any name and worth: one that a page cannot show beside the others is left out of it. For one thread.
 */
final class TaskSeries {
    private static final Logger log = LoggerFactory.getLogger(TaskSeries.class);
    private static final String TOTAL = "_total";

    private final Map<String, Family> counters = new TreeMap<>();
    private final Map<String, Family> gauges = new TreeMap<>();

    /** What has one name: a help text, and a value for each set of labels. */
    private record Family(String help, Map<Labels, Double> values) {}

    /** Adds it, if it is a number. */
    void add(Metric metric) {
        if (!(valueOf(metric) instanceof Number number)) {
            return;
        }
        MetricName name = metric.metricName();
        String title = plain("kafka_connect_" + name.group() + "_" + name.name());
        double value = number.doubleValue();
        boolean counts = title.endsWith(TOTAL);
        if (counts && !(value >= 0)) {
            log.debug("{} is {}, which no counter can be", name, value);
            return;
        }
        (counts ? counters : gauges)
                .computeIfAbsent(
                        PrometheusNaming.sanitizeMetricName(title),
                        base -> new Family(name.description(), new HashMap<>()))
                .values()
                .putIfAbsent(labelsOf(name), value);
    }

    /**
     * Null where it cannot be told: a plugin's own code may throw, and a task of Connect's does between its making and its first
     * state.
     */
    private static @Nullable Object valueOf(Metric metric) {
        try {
            return metric.metricValue();
        } catch (RuntimeException e) {
            log.debug("{} cannot be told", metric.metricName(), e);
            return null;
        }
    }

    private static Labels labelsOf(MetricName name) {
        Map<String, String> labels = new TreeMap<>();
        name.tags().forEach((tag, value) -> labels.putIfAbsent(PrometheusNaming.sanitizeLabelName(plain(tag)), value));
        return Labels.of(labels.keySet().toArray(String[]::new), labels.values().toArray(String[]::new));
    }

    private static String plain(String name) {
        return name.isEmpty() ? "_" : name.replaceAll("[^A-Za-z0-9_]", "_");
    }

    /** Adds all to the page; a gauge that has a counter's name is not. */
    void addTo(MetricSnapshots.Builder page) {
        counters.forEach((name, family) -> {
            CounterSnapshot.Builder counter =
                    CounterSnapshot.builder().name(name).help(family.help());
            family.values()
                    .forEach((labels, value) -> counter.dataPoint(CounterDataPointSnapshot.builder()
                            .labels(labels)
                            .value(value)
                            .build()));
            page.metricSnapshot(counter.build());
        });
        gauges.keySet().removeAll(counters.keySet());
        gauges.forEach((name, family) -> {
            GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(family.help());
            family.values()
                    .forEach((labels, value) -> gauge.dataPoint(GaugeDataPointSnapshot.builder()
                            .labels(labels)
                            .value(value)
                            .build()));
            page.metricSnapshot(gauge.build());
        });
    }
}
