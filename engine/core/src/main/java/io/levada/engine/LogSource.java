package io.levada.engine;

import io.levada.delivery.PartitionSource;
import io.levada.log.PartitionLog;
import io.netty.buffer.ByteBuf;

/** A partition of the log, as delivery reads it. */
record LogSource(PartitionLog log) implements PartitionSource {
    @Override
    public long start() {
        return log.start();
    }

    @Override
    public long durable() {
        return log.durable();
    }

    @Override
    public ByteBuf read(long offset, int maxBytes) {
        return log.read(offset, maxBytes);
    }

    @Override
    public long offsetAt(long timestampMs) {
        return log.offsetAt(timestampMs);
    }

    @Override
    public void onDurable(TailListener listener) {
        log.onDurable(listener::durable); // and is never moved on without
    }
}
