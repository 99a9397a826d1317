package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.BatchWriter;
import io.levada.facade.WriterSink;
import io.netty.buffer.ByteBuf;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A writer whose credit comes as its principal's rate has it: what the engine grants is passed on in pieces, each taken from
 * the rate before, and what is not there yet is waited for by one timer. Who keeps to the credit is slowed down; who does not
 * is ended with {@link ErrorCode#THROTTLED}.
 */
final class RatedWriter implements BatchWriter, WriterSink {
    private final WriterSink sink;
    private final PublishRate rate;
    private final Runnable onEnd;
    private final Queue<Runnable> calls = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pendingCalls = new AtomicInteger();
    private volatile @Nullable BatchWriter writer;

    // What the engine granted and is held, what was taken of that and is to be told, and what the client has of it to
    // use.
    // Under the lock of the rate.
    private int heldBatches;
    private long heldBytes;
    private int takenBatches;
    private long takenBytes;
    private long givenBatches;
    private long givenBytes;
    private boolean over;

    /**
     * @param onEnd called once, when the writer is over, on any thread
     */
    RatedWriter(WriterSink sink, PublishRate rate, Runnable onEnd) {
        this.sink = sink;
        this.rate = rate;
        this.onEnd = onEnd;
    }

    /** Opens the engine's end. */
    RatedWriter open(Function<WriterSink, BatchWriter> open) {
        writer = open.apply(this);
        return this;
    }

    /** One call after the other, though a timer makes some of them. */
    private void call(Runnable call) {
        calls.add(call);
        if (pendingCalls.getAndIncrement() == 0) {
            do {
                Runnable next = calls.poll();
                if (next != null) {
                    next.run();
                }
            } while (pendingCalls.decrementAndGet() > 0);
        }
    }

    @Override
    public void onOpen(int partitions, int maxRecordBytes) {
        call(() -> sink.onOpen(partitions, maxRecordBytes));
    }

    @Override
    public void onCredit(int batches, long bytes) {
        synchronized (rate) {
            heldBatches += batches;
            heldBytes += bytes;
            if (!over && waits()) {
                rate.enqueue(this);
            }
        }
        rate.serve();
    }

    /** Whether there is something to be taken; under the lock of the rate. */
    boolean waits() {
        return heldBytes > 0 || heldBatches > 0;
    }

    /** Takes a piece of what is held; under the lock of the rate. */
    long take(long piece) {
        long bytes = Math.min(piece, heldBytes);
        heldBytes -= bytes;
        takenBytes += bytes;
        givenBytes += bytes;
        takenBatches += heldBatches;
        givenBatches += heldBatches;
        heldBatches = 0;
        return bytes;
    }

    /** Tells what was taken. */
    void tell() {
        int batches;
        long bytes;
        synchronized (rate) {
            batches = over ? 0 : takenBatches;
            bytes = over ? 0 : takenBytes;
            takenBatches = 0;
            takenBytes = 0;
        }
        if (batches > 0 || bytes > 0) {
            call(() -> sink.onCredit(batches, bytes));
        }
    }

    @Override
    public void write(int partition, long sequence, ByteBuf batch) {
        BatchWriter open = writer;
        if (open == null || isOver()) {
            batch.release();
        } else if (covers(batch.readableBytes())) {
            open.write(partition, sequence, batch);
        } else {
            batch.release();
            open.cancel();
            end();
            call(() -> sink.onError(
                    new LevadaException(ErrorCode.THROTTLED, "a batch beyond the credit, which follows a quota here")));
        }
    }

    private boolean isOver() {
        synchronized (rate) {
            return over;
        }
    }

    /** As its client counts, and the engine: a batch may go while both are above zero, and may take more than there is. */
    private boolean covers(long bytes) {
        synchronized (rate) {
            if (givenBatches <= 0 || givenBytes <= 0) {
                return false;
            }
            givenBatches--;
            givenBytes -= bytes;
            return true;
        }
    }

    @Override
    public void onPartAck(long sequence, int records, long baseOffset) {
        call(() -> sink.onPartAck(sequence, records, baseOffset));
    }

    @Override
    public void onAck(long sequence, long baseOffset) {
        call(() -> sink.onAck(sequence, baseOffset));
    }

    @Override
    public void onComplete() {
        end();
        call(sink::onComplete);
    }

    @Override
    public void onError(Throwable error) {
        end();
        call(() -> sink.onError(error));
    }

    @Override
    public void complete() {
        BatchWriter open = writer;
        if (open != null) {
            open.complete();
        }
    }

    @Override
    public void cancel() {
        BatchWriter open = writer;
        if (open != null) {
            open.cancel();
        }
        end();
    }

    private void end() {
        synchronized (rate) {
            if (over) {
                return;
            }
            over = true;
            rate.leave(this, givenBytes); // below zero where the last batch took more than there was
        }
        onEnd.run();
        rate.serve();
    }
}
