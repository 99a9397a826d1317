package io.levada.connect;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.SinkConnector;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;

/** A sink that keeps what it gets, for the test to look at, by its {@code store}. */
public final class CollectingSink extends SinkConnector {
    private static final Map<String, List<Object>> STORES = new ConcurrentHashMap<>();

    private Map<String, String> config = Map.of();

    static List<Object> store(String name) {
        return STORES.computeIfAbsent(name, any -> Collections.synchronizedList(new ArrayList<>()));
    }

    @Override
    public void start(Map<String, String> properties) {
        config = properties;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return Collector.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int most) {
        return Collections.nCopies(most, Map.of("store", config.get("store")));
    }

    @Override
    public void stop() {}

    @Override
    public ConfigDef config() {
        return new ConfigDef().define("store", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "what to keep it by");
    }

    @Override
    public String version() {
        return "3.4";
    }

    /** Its task. */
    public static final class Collector extends SinkTask {
        private String store = "";

        @Override
        public void start(Map<String, String> properties) {
            store = properties.getOrDefault("store", "");
        }

        @Override
        public void put(Collection<SinkRecord> records) {
            records.forEach(record -> store(store).add(record.value()));
        }

        @Override
        public void stop() {}

        @Override
        public String version() {
            return "3.4";
        }
    }
}
