package io.levada.connect;

import io.levada.Levada;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.storage.OffsetBackingStore;
import org.apache.kafka.connect.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Where source connectors are in their sources, kept in a topic. Keys and values are those of Kafka Connect's offsets topic:
 * JSON of {@code ["connector", {partition}]} and {@code {offset}}.
 */
final class OffsetTable implements OffsetBackingStore {
    private final LogTable table;

    OffsetTable(Levada levada, String topic) {
        this.table = new LogTable(levada, topic, (key, value) -> {});
    }

    String topic() {
        return table.topic();
    }

    @Override
    public void configure(WorkerConfig config) {}

    @Override
    public void start() {
        table.start();
    }

    @Override
    public void stop() {
        table.close();
    }

    /** What is durable, whoever wrote it. */
    @Override
    public Future<Map<ByteBuffer, ByteBuffer>> get(Collection<ByteBuffer> keys) {
        return table.refreshed().thenApply(nothing -> {
            Map<ByteBuffer, ByteBuffer> found = new HashMap<>();
            for (ByteBuffer key : keys) {
                byte[] value = table.get(text(key));
                if (value != null) {
                    found.put(key, ByteBuffer.wrap(value));
                }
            }
            return found;
        });
    }

    @Override
    public Future<Void> set(Map<ByteBuffer, ByteBuffer> values, @Nullable Callback<Void> callback) {
        Map<String, byte @Nullable []> changes = new LinkedHashMap<>();
        values.forEach((key, value) -> changes.put(text(key), value == null ? null : bytes(value)));
        return table.put(changes).whenComplete((nothing, error) -> {
            if (callback != null) {
                callback.onCompletion(error, null);
            }
        });
    }

    @Override
    public Set<Map<String, Object>> connectorPartitions(String connector) {
        Set<Map<String, Object>> partitions = new LinkedHashSet<>();
        table.refresh();
        for (String key : table.snapshot().keySet()) {
            List<?> parts = Json.read(key, List.class);
            if (parts.size() == 2 && connector.equals(parts.get(0)) && parts.get(1) instanceof Map<?, ?> partition) {
                Map<String, Object> copy = new LinkedHashMap<>();
                partition.forEach((name, value) -> copy.put(String.valueOf(name), value));
                partitions.add(copy);
            }
        }
        return partitions;
    }

    private static String text(ByteBuffer buffer) {
        return StandardCharsets.UTF_8.decode(buffer.duplicate()).toString();
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
