package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.delivery.WriterCalls;
import io.levada.env.Loop;
import io.levada.facade.BatchWriter;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.WriterSink;
import io.levada.log.PartitionLog;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream of batches into one topic. Batches are checked and appended on the caller's thread; what becomes of them comes
 * from the partitions' loops, is queued, and told to the sink on one loop, credit with it: as much as was acknowledged.
 */
final class Writer implements BatchWriter {
    private static final Logger LOG = LoggerFactory.getLogger(Writer.class);

    private final OpenTopic topic;
    private final EngineConfig config;
    private final Loop loop;
    private final WriterCalls calls;

    private final Queue<Outcome> outcomes = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainQueued = new AtomicBoolean();
    private final AtomicInteger creditBatches;
    private final AtomicLong creditBytes;

    private final @Nullable ExpectedPlace place;

    /** Of the next batch; the writing thread's. */
    private long expectedOffset;

    /** Batches written whose outcome was not told yet. */
    private final AtomicInteger pending = new AtomicInteger();

    /** Why no more batches are taken; told once nothing is pending. */
    private volatile @Nullable Closing closing;

    /** @param place where its batches are to come to stand, or null for anywhere */
    Writer(
            OpenTopic topic,
            EngineConfig config,
            @Nullable ExpectedPlace place,
            Loop loop,
            WriterSink sink,
            Consumer<Writer> onEnd) {
        this.topic = topic;
        this.config = config;
        this.loop = loop;
        this.calls = new WriterCalls(sink, () -> onEnd.accept(this));
        this.place = place;
        this.expectedOffset = place == null ? PartitionLog.ANY_OFFSET : place.offset();
        this.creditBatches = new AtomicInteger(firstBatches());
        this.creditBytes = new AtomicLong(config.writerBytes());
    }

    void open() {
        execute(() -> calls.tell(to -> {
            to.onOpen(topic.partitions().size(), config.limits().maxRecordBytes());
            to.onCredit(firstBatches(), config.writerBytes());
        }));
    }

    /** With an expected place one at a time, so that none is appended behind one that was not. */
    private int firstBatches() {
        return place == null ? config.writerBatches() : 1;
    }

    @Override
    public void write(int partition, long sequence, ByteBuf batch) {
        if (calls.hasEnded() || closing != null) {
            batch.release();
            return;
        }
        int bytes = batch.readableBytes();
        try {
            check(partition, batch);
        } catch (LevadaException e) {
            batch.release();
            fail(e);
            return;
        }
        creditBatches.decrementAndGet();
        creditBytes.addAndGet(-bytes);
        pending.incrementAndGet();
        PartitionLog log = topic.partitions().get(partition).log();
        long expected = expectedOffset;
        if (place != null) {
            expectedOffset += RecordBatch.recordCount(batch);
        }
        log.append(batch, expected, (baseOffset, error) -> tell(new Outcome(sequence, bytes, baseOffset, error)));
    }

    private void check(int partition, ByteBuf batch) {
        if (creditBatches.get() <= 0 || creditBytes.get() <= 0) {
            throw new LevadaException(
                    ErrorCode.THROTTLED, "a batch beyond the credit; wait for acknowledgements before writing on");
        }
        if (partition < 0 || partition >= topic.partitions().size()) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "topic " + topic.topic().name() + " has no partition " + partition);
        }
        if (place != null && place.partition() != partition) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "a batch for partition " + partition + " where an offset of partition " + place.partition()
                            + " is expected");
        }
        RecordBatch.validatePublished(batch, config.limits());
        if (topic.partitions().get(partition).log().settings().compact()) {
            requireKeys(batch);
        }
    }

    /** Compaction keeps the latest record of each key. */
    private void requireKeys(ByteBuf batch) {
        try (RecordCursor record = RecordCursor.open(batch, config.limits())) {
            while (record.next()) {
                if (record.keyLength() < 0) {
                    throw new LevadaException(
                            ErrorCode.INVALID_REQUEST,
                            "topic " + topic.topic().name() + " is compacted: every record needs a key");
                }
            }
        }
    }

    @Override
    public void complete() {
        close(new Closing(null));
    }

    /** Takes no more batches, and ends with an error once those written are acknowledged; complete when it has ended. */
    CompletableFuture<Void> end(LevadaException error) {
        close(new Closing(error));
        return calls.done();
    }

    private void close(Closing how) {
        if (closing == null) {
            closing = how;
        }
        queueDrain();
    }

    @Override
    public void cancel() {
        calls.cancel();
    }

    /** Ends at once. */
    private void fail(LevadaException error) {
        closing = new Closing(error);
        execute(() -> calls.finish(error));
    }

    private void tell(Outcome outcome) {
        outcomes.add(outcome);
        queueDrain();
    }

    private void queueDrain() {
        if (drainQueued.compareAndSet(false, true)) {
            execute(this::drain);
        }
    }

    private void drain() {
        drainQueued.set(false);
        int batches = 0;
        long bytes = 0;
        for (Outcome outcome = outcomes.poll(); outcome != null; outcome = outcomes.poll()) {
            pending.decrementAndGet();
            if (outcome.error() != null) {
                calls.finish(outcome.error());
                return;
            }
            batches++;
            bytes += outcome.bytes();
            long sequence = outcome.sequence();
            long baseOffset = outcome.baseOffset();
            calls.tell(to -> to.onAck(sequence, baseOffset));
        }
        Closing how = closing;
        if (how != null && pending.get() == 0) {
            calls.finish(how.error());
        } else if (how == null && batches > 0) {
            grant(batches, bytes);
        }
    }

    private void grant(int batches, long bytes) {
        creditBatches.addAndGet(batches);
        creditBytes.addAndGet(bytes);
        calls.tell(to -> to.onCredit(batches, bytes));
    }

    private void execute(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("nothing is acknowledged any more", e);
        }
    }

    /** What became of a batch. */
    private record Outcome(
            long sequence,
            int bytes,
            long baseOffset,
            @Nullable LevadaException error) {}

    /** How to end, once nothing is pending. */
    private record Closing(@Nullable LevadaException error) {}
}
