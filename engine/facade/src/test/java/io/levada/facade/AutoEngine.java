package io.levada.facade;

import io.levada.ErrorCode;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.TopicPartition;
import io.levada.Topics;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import reactor.core.publisher.Mono;

/**
 * An engine that answers by itself, on one thread: writes are acknowledged, readers get as many records as credit and
 * length allow and then complete, members own as many partitions as asked for.
 */
final class AutoEngine implements Engine {
    private final ExecutorService loop = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "auto-engine");
        thread.setDaemon(true);
        return thread;
    });
    private final long length;
    private final int partitions;
    private final boolean fails;

    /**
     * @param length records that a reader gets
     * @param partitions what a member comes to own
     * @param fails whether every sink is told an error at once
     */
    AutoEngine(long length, int partitions, boolean fails) {
        this.length = length;
        this.partitions = partitions;
        this.fails = fails;
    }

    private static LevadaException failure() {
        return new LevadaException(ErrorCode.GOING_AWAY, "fails as asked");
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        loop.execute(() -> {
            if (fails) {
                sink.onError(failure());
            } else {
                sink.onOpen(1, 1 << 20);
                sink.onCredit(1_000_000, Long.MAX_VALUE / 2);
            }
        });
        return new BatchWriter() {
            private long next;

            @Override
            public void write(int partition, long sequence, ByteBuf batch) {
                int records = RecordBatch.recordCount(batch);
                batch.release();
                loop.execute(() -> {
                    sink.onAck(sequence, next);
                    next += records;
                });
            }

            @Override
            public void complete() {
                loop.execute(sink::onComplete);
            }

            @Override
            public void cancel() {}
        };
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        AutoReader reader = new AutoReader(sink, true);
        loop.execute(() -> {
            if (fails) {
                sink.onError(failure());
            } else {
                reader.pump();
            }
        });
        return reader;
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        loop.execute(() -> {
            if (fails) {
                sink.onError(failure());
                return;
            }
            for (int i = 0; i < partitions; i++) {
                sink.onAssigned(i, new TopicPartition("t", i), 1, 0);
            }
        });
        return new AutoSession(sink);
    }

    @Override
    public Topics topics() {
        throw new UnsupportedOperationException("no topics");
    }

    @Override
    public Groups groups() {
        throw new UnsupportedOperationException("no groups");
    }

    @Override
    public Mono<Void> shutdown() {
        return Mono.fromRunnable(this::close);
    }

    @Override
    public void close() {
        loop.shutdown();
    }

    private final class AutoSession implements GroupSession {
        private final MemberSink sink;

        AutoSession(MemberSink sink) {
            this.sink = sink;
        }

        @Override
        public AssignedReader read(BatchSink batches) {
            return new AutoReader(batches, false);
        }

        @Override
        public Mono<Void> commit(Map<Integer, CommitPoint> points) {
            return Mono.empty();
        }

        @Override
        public void revoked(int handle) {}

        @Override
        public void leave() {
            loop.execute(sink::onLeft);
        }

        @Override
        public void abort() {}
    }

    /** Confined to the loop, but for what takes calls. */
    private final class AutoReader implements GroupSession.AssignedReader {
        private static final int MOST_RECORDS = 10;

        private final BatchSink sink;
        private final boolean completes;
        private long records;
        private long bytes;
        private long sent;
        private boolean started;
        private volatile boolean cancelled;

        AutoReader(BatchSink sink, boolean completes) {
            this.sink = sink;
            this.completes = completes;
            this.started = completes;
        }

        void pump() {
            while (!cancelled && started && records > 0 && bytes > 0 && sent < length) {
                int count = (int) Math.min(Math.min(records, MOST_RECORDS), length - sent);
                String[] values = new String[count];
                java.util.Arrays.fill(values, "v");
                ByteBuf batch = FakeEngine.batch(sent, values);
                records -= records == Long.MAX_VALUE ? 0 : count;
                bytes -= batch.readableBytes();
                sent += count;
                sink.onBatch(0, count, batch);
            }
            if (completes && sent == length && !cancelled) {
                cancelled = true;
                sink.onComplete();
            }
        }

        @Override
        public void credit(long moreRecords, long moreBytes) {
            loop.execute(() -> {
                records = reactor.core.publisher.Operators.addCap(records, moreRecords);
                bytes += moreBytes;
                pump();
            });
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        @Override
        public void add(int handle, long offset) {
            loop.execute(() -> {
                started |= handle == 0;
                pump();
            });
        }

        @Override
        public void remove(int handle) {}
    }
}
