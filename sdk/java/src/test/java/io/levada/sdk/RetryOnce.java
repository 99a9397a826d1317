package io.levada.sdk;

import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.facade.BatchSink;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Passes on what it hears, and does something at once, in the same call, when it hears of an error. */
record RetryOnce(BatchSink sink, Runnable onFailure) implements BatchSink {
    @Override
    public boolean accepts(Compression codec) {
        return sink.accepts(codec);
    }

    @Override
    public void onBatch(int handle, int records, ByteBuf batch) {
        sink.onBatch(handle, records, batch);
    }

    @Override
    public void onGap(int handle, long from, long to) {
        sink.onGap(handle, from, to);
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException error) {
        sink.onPartitionEnd(handle, error);
    }

    @Override
    public void onComplete() {
        sink.onComplete();
    }

    @Override
    public void onError(Throwable error) {
        sink.onError(error);
        onFailure.run();
    }
}
