package io.levada.access;

import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a reader hears, for as long as its rights last: with the first batch behind that it ends. */
final class GuardedSink implements BatchSink {
    private final BatchSink sink;
    private final Standing standing;
    private final Consumer<LevadaException> onLost;
    private final Runnable onEnd;
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile @Nullable BatchReader reader;
    private boolean ended;

    /**
     * @param onLost hears that rights are gone, on the sink's thread
     * @param onEnd called once, when the reader is over, on any thread
     */
    GuardedSink(BatchSink sink, Standing standing, Consumer<LevadaException> onLost, Runnable onEnd) {
        this.sink = sink;
        this.standing = standing;
        this.onLost = onLost;
        this.onEnd = onEnd;
    }

    /** The engine's end; to be told before there is credit. */
    <R extends BatchReader> R of(R opened) {
        reader = opened;
        return opened;
    }

    /** The reader is over, whoever ended it. */
    void over() {
        if (over.compareAndSet(false, true)) {
            onEnd.run();
        }
    }

    @Override
    public boolean accepts(Compression codec) {
        return sink.accepts(codec);
    }

    @Override
    public void onBatch(int handle, int records, ByteBuf batch) {
        LevadaException lost = ended ? null : standing.lost();
        if (lost != null) {
            ended = true;
            BatchReader open = reader;
            if (open != null) {
                open.cancel();
            }
            over();
            onLost.accept(lost);
            sink.onError(lost);
        }
        if (ended) {
            batch.release();
        } else {
            sink.onBatch(handle, records, batch);
        }
    }

    @Override
    public void onGap(int handle, long from, long to) {
        if (!ended) {
            sink.onGap(handle, from, to);
        }
    }

    @Override
    public void onDropped(int handle, long from, long to) {
        if (!ended) {
            sink.onDropped(handle, from, to);
        }
    }

    @Override
    public void onPassed(int handle, long offset) {
        if (!ended) {
            sink.onPassed(handle, offset);
        }
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException error) {
        if (!ended) {
            sink.onPartitionEnd(handle, error);
        }
    }

    @Override
    public void onComplete() {
        if (!ended) {
            ended = true;
            over();
            sink.onComplete();
        }
    }

    @Override
    public void onError(Throwable error) {
        if (!ended) {
            ended = true;
            over();
            sink.onError(error);
        }
    }
}
