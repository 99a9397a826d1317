package io.levada.connect;

import java.util.Map;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.apache.kafka.connect.runtime.SourceConnectorConfig;
import org.apache.kafka.connect.runtime.errors.ToleranceType;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;
import org.jspecify.annotations.Nullable;

/** Whether a source is to publish everything once, which {@code exactly.once.support} says, and whether it can. */
final class ExactlyOnce {
    private static final String SETTING = SourceConnectorConfig.EXACTLY_ONCE_SUPPORT_CONFIG;
    private static final String REQUIRED = SourceConnectorConfig.ExactlyOnceSupportLevel.REQUIRED.toString();

    private ExactlyOnce() {}

    static boolean isRequired(Map<String, String> connector) {
        return REQUIRED.equalsIgnoreCase(connector.get(SETTING));
    }

    /** Whether a record with which something is wrong is to be left out. */
    static boolean toleratesAll(Map<String, String> connector) {
        return ToleranceType.ALL.value().equalsIgnoreCase(connector.get(ConnectorConfig.ERRORS_TOLERANCE_CONFIG));
    }

    /** Adds to what was found of a configuration that the connector does not say that it can. */
    static void validate(SourceConnector connector, Map<String, String> config, @Nullable ConfigValue found) {
        if (found != null
                && isRequired(config)
                && connector.exactlyOnceSupport(config) != ExactlyOnceSupport.SUPPORTED) {
            found.addErrorMessage(
                    "The connector does not say that it supports exactly-once semantics with this configuration; "
                            + "leave " + SETTING + " out, and records may come again after a crash.");
        }
    }
}
