package io.levada.connect;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.runtime.WorkerConfig;

/** A worker's configuration as Connect's runtime knows it, without brokers: converters, plugins, times. */
final class WorkerSettings extends WorkerConfig {
    /** Where secrets may come from, besides what is said: {@code ${file:PATH:KEY}}, {@code ${directory:PATH:FILE}}, {@code ${env:NAME}}. */
    private static final Map<String, String> SECRETS = Map.of(
            "file", "org.apache.kafka.common.config.provider.FileConfigProvider",
            "directory", "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
            "env", "org.apache.kafka.common.config.provider.EnvVarConfigProvider");

    private final String group;

    private WorkerSettings(String group, Map<String, String> properties) {
        super(baseConfigDef(), properties);
        this.group = group;
    }

    /**
     * Settings with Levada's defaults.
     *
     * @param group whose worker it is
     * @param said what is said otherwise, by Kafka Connect's names
     */
    static WorkerSettings of(String group, Map<String, String> said) {
        Map<String, String> properties = new HashMap<>();
        properties.put(BOOTSTRAP_SERVERS_CONFIG, "none:1"); // asked for, and never used
        properties.put(KEY_CONVERTER_CLASS_CONFIG, JsonConverter.class.getName());
        properties.put(VALUE_CONVERTER_CLASS_CONFIG, JsonConverter.class.getName());
        properties.put(OFFSET_COMMIT_INTERVAL_MS_CONFIG, "1000"); // as often as groups commit
        properties.put(PLUGIN_DISCOVERY_CONFIG, "service_load");
        properties.put(CONFIG_PROVIDERS_CONFIG, String.join(",", SECRETS.keySet()));
        SECRETS.forEach((name, type) -> properties.put(CONFIG_PROVIDERS_CONFIG + "." + name + ".class", type));
        properties.putAll(said);
        return new WorkerSettings(group, properties);
    }

    /** There is no cluster to be asked. */
    @Override
    public String kafkaClusterId() {
        return "levada";
    }

    @Override
    public String groupId() {
        return group;
    }
}
