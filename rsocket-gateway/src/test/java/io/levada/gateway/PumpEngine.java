package io.levada.gateway;

import io.levada.Groups;
import io.levada.ReadSpec;
import io.levada.Topics;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.BatchWriter;
import io.levada.facade.Engine;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.facade.WriterSink;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Mono;

/** An engine that gives every reader one and the same batch, over and over, as fast as its credit allows. */
final class PumpEngine implements Engine {
    /** Batches for one reader before the others have their turn. */
    private static final int TURN = 16;

    private final ExecutorService loop = Executors.newSingleThreadExecutor(task -> new Thread(task, "pump"));
    private final FakeEngine rest = new FakeEngine();
    private final ByteBuf batch;
    private final int records;

    PumpEngine(ByteBuf batch, int records) {
        this.batch = batch;
        this.records = records;
    }

    /** Batches given out and not yet released. */
    int outstanding() {
        return batch.refCnt() - 1;
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        return new Pump(sink);
    }

    private final class Pump implements BatchReader {
        private final BatchSink sink;
        private final AtomicLong recordsLeft = new AtomicLong();
        private final AtomicLong bytesLeft = new AtomicLong();
        private final AtomicBoolean scheduled = new AtomicBoolean();
        private volatile boolean cancelled;

        Pump(BatchSink sink) {
            this.sink = sink;
        }

        @Override
        public void credit(long moreRecords, long moreBytes) {
            recordsLeft.accumulateAndGet(moreRecords, Pump::saturated);
            bytesLeft.accumulateAndGet(moreBytes, Pump::saturated);
            schedule();
        }

        /** A debt, of less than a record, is below zero and no overflow. */
        private static long saturated(long left, long more) {
            return left > 0 && left + more < 0 ? Long.MAX_VALUE : left + more;
        }

        private void schedule() {
            if (!loop.isShutdown() && scheduled.compareAndSet(false, true)) {
                loop.execute(this::pump);
            }
        }

        /** Gives a few batches, then others have their turn, since credit may come as fast as it is used. */
        private void pump() {
            scheduled.set(false);
            int turn = TURN;
            while (!cancelled && recordsLeft.get() >= records && bytesLeft.get() > 0) {
                if (turn-- == 0) {
                    schedule();
                    return;
                }
                recordsLeft.addAndGet(-records);
                bytesLeft.addAndGet(-batch.readableBytes());
                sink.onBatch(0, records, batch.retainedDuplicate());
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    @Override
    public Topics topics() {
        return rest.topics();
    }

    @Override
    public Groups groups() {
        return rest.groups();
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        return rest.write(topic, sink);
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        return rest.join(spec, sink);
    }

    @Override
    public Mono<Void> shutdown() {
        return Mono.empty();
    }

    /** Fails when a batch was not released. */
    @Override
    public void close() {
        loop.shutdown();
        Await.until("all batches released", () -> loop.isTerminated() && outstanding() == 0);
        batch.release();
    }
}
