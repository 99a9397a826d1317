package io.levada.connect;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.storage.OffsetBackingStore;
import org.apache.kafka.connect.util.Callback;
import org.jspecify.annotations.Nullable;

/** Offsets of one task that publishes once: written together with its trail, and no more after its producer has failed. */
final class OnceOffsets implements OffsetBackingStore {
    private final OffsetTable table;
    private final SourceTrail trail;
    private final OnceProducer producer;

    OnceOffsets(OffsetTable table, SourceTrail trail, OnceProducer producer) {
        this.table = table;
        this.trail = trail;
        this.producer = producer;
    }

    @Override
    public void configure(WorkerConfig config) {}

    @Override
    public void start() {}

    @Override
    public void stop() {}

    @Override
    public Future<Map<ByteBuffer, ByteBuffer>> get(Collection<ByteBuffer> keys) {
        return table.get(keys);
    }

    /** Blocks until it is done, or has failed. */
    @Override
    public Future<Void> set(Map<ByteBuffer, ByteBuffer> values, @Nullable Callback<Void> callback) {
        RuntimeException error = null;
        try {
            if (producer.hasFailed()) {
                throw new ConnectException(
                        "what is published is not known; it is looked at when the task starts again");
            }
            trail.flush(values);
        } catch (RuntimeException e) {
            error = e;
        }
        if (callback != null) {
            callback.onCompletion(error, null);
        }
        return error == null ? CompletableFuture.completedFuture(null) : CompletableFuture.failedFuture(error);
    }

    @Override
    public Set<Map<String, Object>> connectorPartitions(String connector) {
        return table.connectorPartitions(connector);
    }
}
