package io.levada.connect;

import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.LevadaException;
import io.levada.Position;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.connector.Connector;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.apache.kafka.connect.runtime.isolation.LoaderSwap;
import org.apache.kafka.connect.runtime.isolation.PluginUtils;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets;
import org.apache.kafka.connect.runtime.rest.entities.Message;
import org.apache.kafka.connect.sink.SinkConnector;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.storage.CloseableOffsetStorageReader;
import org.apache.kafka.connect.storage.OffsetStorageWriter;
import org.apache.kafka.connect.util.FutureCallback;
import org.apache.kafka.connect.util.SinkUtils;
import org.jspecify.annotations.Nullable;

/**
 * Where connectors are, as it is shown and changed from outside: offsets of sources, which are the sources' own, and the places of
 * sinks' groups. Messages are those of Kafka Connect. Safe for any thread; everything blocks.
 */
final class ConnectorPositions {
    private static final long LIMIT_S = 60;

    private final WorkerParts parts;

    ConnectorPositions(WorkerParts parts) {
        this.parts = parts;
    }

    ConnectorOffsets of(String connector, Map<String, String> config) {
        return parts.tasks().isSink(config) ? sink(config) : source(connector);
    }

    private ConnectorOffsets source(String connector) {
        List<ConnectorOffset> found = new ArrayList<>();
        try (CloseableOffsetStorageReader reader = parts.tasks().offsetReader(parts.offsets(), connector)) {
            Set<Map<String, Object>> partitions = parts.offsets().connectorPartitions(connector);
            reader.offsets(partitions)
                    .forEach((partition, offset) -> found.add(new ConnectorOffset(partition, offset)));
        }
        return new ConnectorOffsets(found);
    }

    private ConnectorOffsets sink(Map<String, String> config) {
        List<ConnectorOffset> found = new ArrayList<>();
        committed(SinkGroups.of(config))
                .forEach((partition, offset) -> found.add(new ConnectorOffset(
                        Map.of(
                                SinkUtils.KAFKA_TOPIC_KEY,
                                partition.topic(),
                                SinkUtils.KAFKA_PARTITION_KEY,
                                partition.partition()),
                        Map.of(SinkUtils.KAFKA_OFFSET_KEY, offset))));
        return new ConnectorOffsets(found);
    }

    private Map<TopicPartition, Long> committed(String group) {
        Map<TopicPartition, Long> committed = new LinkedHashMap<>();
        try {
            for (GroupDescription.GroupOffset each :
                    parts.levada().blocking().describeGroup(group).offsets()) {
                if (each.committed() >= 0) {
                    committed.put(new TopicPartition(each.topic(), each.partition()), each.committed());
                }
            }
        } catch (LevadaException e) {
            if (e.code() != ErrorCode.GROUP_ID_NOT_FOUND) {
                throw new ConnectException("group " + group + " cannot be described: " + e.line(), e);
            }
        }
        return committed;
    }

    /**
     * Changes them; the connector has to be stopped.
     *
     * @param offsets null to reset all; an offset may be null to reset one
     */
    @SuppressWarnings("try") // a loader is swapped, and not looked at
    Message change(
            String connector,
            Map<String, String> config,
            @Nullable Map<Map<String, ?>, @Nullable Map<String, ?>> offsets)
            throws Exception {
        ClassLoader loader = parts.tasks().loader(config);
        try (LoaderSwap swap = parts.plugins().withClassLoader(loader)) {
            Connector plugin = parts.plugins()
                    .newConnector(
                            config.get(ConnectorConfig.CONNECTOR_CLASS_CONFIG),
                            PluginUtils.connectorVersionRequirement(config.get(ConnectorConfig.CONNECTOR_VERSION)));
            boolean told = plugin instanceof SinkConnector sink
                    ? changeSink(sink, config, offsets)
                    : changeSource((SourceConnector) plugin, connector, config, offsets);
            String done = offsets == null ? "reset" : "altered";
            return new Message(
                    told
                            ? "The offsets for this connector have been " + done + " successfully"
                            : "The Connect framework-managed offsets for this connector have been " + done
                                    + " successfully. However, if this connector manages offsets externally, they will need to be "
                                    + "manually " + done + " in the system that the connector uses.");
        } catch (UnsupportedOperationException e) {
            throw new ConnectException(
                    "Failed to modify offsets for connector " + connector
                            + " because it doesn't support external modification of offsets",
                    e);
        }
    }

    private boolean changeSource(
            SourceConnector plugin,
            String connector,
            Map<String, String> config,
            @Nullable Map<Map<String, ?>, @Nullable Map<String, ?>> offsets)
            throws Exception {
        Map<Map<String, ?>, @Nullable Map<String, ?>> wanted = new HashMap<>();
        if (offsets == null) {
            parts.offsets().connectorPartitions(connector).forEach(partition -> wanted.put(partition, null));
        } else {
            wanted.putAll(offsets);
        }
        boolean told = plugin.alterOffsets(config, wanted);
        if (wanted.isEmpty()) {
            return told;
        }
        OffsetStorageWriter writer = parts.tasks().offsetWriter(parts.offsets(), connector);
        wanted.forEach(writer::offset);
        writer.beginFlush();
        FutureCallback<Void> flushed = new FutureCallback<>();
        Future<Void> unused = writer.doFlush(flushed);
        try {
            flushed.get(LIMIT_S, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new ConnectException("Failed to modify offsets for source connector " + connector, e);
        }
        new SourceTrail(parts.levada(), parts.offsets(), connector).forget();
        return told;
    }

    private boolean changeSink(
            SinkConnector plugin,
            Map<String, String> config,
            @Nullable Map<Map<String, ?>, @Nullable Map<String, ?>> offsets) {
        String group = SinkGroups.of(config);
        Map<TopicPartition, @Nullable Long> wanted = new HashMap<>();
        if (offsets == null) {
            committed(group).keySet().forEach(partition -> wanted.put(partition, null));
        } else {
            wanted.putAll(SinkUtils.parseSinkConnectorOffsets(offsets));
        }
        boolean told = plugin.alterOffsets(config, wanted);
        try {
            wanted.forEach((partition, offset) -> parts.levada()
                    .blocking()
                    .resetGroup(
                            group,
                            partition.topic(),
                            partition.partition(),
                            offset == null ? Position.earliest() : Position.offset(offset)));
        } catch (LevadaException e) {
            throw new ConnectException("the places of group " + group + " cannot be changed: " + e.line(), e);
        }
        return told;
    }
}
