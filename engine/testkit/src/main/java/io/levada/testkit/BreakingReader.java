package io.levada.testkit;

import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.netty.buffer.ByteBuf;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A reader that gets credit for some records alone, and fails with the last of them. */
final class BreakingReader implements BatchReader, BatchSink {
    private final BatchSink sink;
    private final LevadaException error;
    private volatile @Nullable BatchReader sound;
    private long toPermit; // guarded by this
    private long toCome; // the engine's
    private boolean broken; // the engine's

    BreakingReader(BatchSink sink, Faults.Break fault) {
        this.sink = sink;
        this.error = fault.error();
        this.toPermit = fault.afterRecords();
        this.toCome = fault.afterRecords();
    }

    void open(Function<BatchSink, BatchReader> open) {
        if (toCome == 0) {
            sink.onError(error);
        } else {
            sound = open.apply(this);
        }
    }

    @Override
    public void credit(long records, long bytes) {
        BatchReader reader = sound;
        if (reader != null) {
            reader.credit(permit(records), bytes);
        }
    }

    private synchronized long permit(long records) {
        long permitted = Math.min(records, toPermit);
        toPermit -= permitted;
        return permitted;
    }

    @Override
    public void cancel() {
        BatchReader reader = sound;
        if (reader != null) {
            reader.cancel();
        }
    }

    @Override
    public boolean accepts(Compression codec) {
        return sink.accepts(codec);
    }

    @Override
    public void onBatch(int handle, int records, ByteBuf batch) {
        sink.onBatch(handle, records, batch);
        toCome -= records;
        if (toCome == 0) {
            broken = true;
            cancel();
            sink.onError(error);
        }
    }

    @Override
    public void onGap(int handle, long from, long to) {
        sink.onGap(handle, from, to);
    }

    @Override
    public void onDropped(int handle, long from, long to) {
        sink.onDropped(handle, from, to);
    }

    @Override
    public void onPassed(int handle, long offset) {
        sink.onPassed(handle, offset);
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException ended) {
        if (!broken) {
            sink.onPartitionEnd(handle, ended);
        }
    }

    @Override
    public void onComplete() {
        if (!broken) {
            sink.onComplete();
        }
    }

    @Override
    public void onError(Throwable failure) {
        if (!broken) {
            sink.onError(failure);
        }
    }
}
