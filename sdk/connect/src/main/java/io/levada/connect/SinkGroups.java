package io.levada.connect;

import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.apache.kafka.connect.util.SinkUtils;

/** Which group a sink's tasks are members of: {@code connect-NAME}, unless its configuration says another. */
final class SinkGroups {
    private static final String OVERRIDE =
            ConnectorConfig.CONNECTOR_CLIENT_CONSUMER_OVERRIDES_PREFIX + ConsumerConfig.GROUP_ID_CONFIG;

    private SinkGroups() {}

    static String of(Map<String, String> connector) {
        String name = connector.getOrDefault(ConnectorConfig.NAME_CONFIG, "");
        return connector.getOrDefault(OVERRIDE, SinkUtils.consumerGroupId(name));
    }
}
