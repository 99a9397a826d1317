package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.delivery.WriterCalls;
import io.levada.env.Loop;
import io.levada.facade.BatchWriter;
import io.levada.facade.WriterSink;
import io.levada.kafka.OutgoingBatch.Run;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream of batches into one topic of the cluster, with credit for as much as was acknowledged. All state is the publishing
 * loop's, on which its sink is told.
 */
final class ClusterWriter implements BatchWriter {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterWriter.class);

    private final String topic;
    private final ClusterConfig config;
    private final Publisher publisher;
    private final Loop loop;
    private final WriterCalls calls;

    private int partitions;
    private int creditBatches;
    private long creditBytes;

    /** Batches written whose outcome was not told yet. */
    private int pending;

    /** Why no more batches are taken; told once nothing is pending. */
    private @Nullable Closing closing;

    private final OutgoingBatch.Outcome outcomes = new OutgoingBatch.Outcome() {
        @Override
        public void told(OutgoingBatch batch, List<Run> runs, @Nullable LevadaException error) {
            execute(() -> ClusterWriter.this.told(batch, runs, error));
        }

        @Override
        public boolean isAwaited() {
            return !calls.hasEnded();
        }
    };

    /** How to end, once nothing is pending. */
    private record Closing(@Nullable LevadaException error) {}

    ClusterWriter(
            String topic, ClusterConfig config, Publisher publisher, WriterSink sink, Consumer<ClusterWriter> onEnd) {
        this.topic = topic;
        this.config = config;
        this.publisher = publisher;
        this.loop = publisher.loop();
        this.calls = new WriterCalls(sink, () -> onEnd.accept(this));
    }

    /** The topic has so many partitions, and batches are taken. */
    void open(int partitionCount) {
        execute(() -> {
            partitions = partitionCount;
            creditBatches = config.writerBatches();
            creditBytes = config.writerBytes();
            calls.tell(to -> {
                to.onOpen(partitionCount, config.limits().maxRecordBytes());
                to.onCredit(config.writerBatches(), config.writerBytes());
            });
        });
    }

    /** Ends with an error, whatever is pending. */
    void refuse(LevadaException error) {
        if (!execute(() -> calls.finish(error))) {
            calls.finish(error);
        }
    }

    @Override
    public void write(int partition, long sequence, ByteBuf batch) {
        if (!execute(() -> take(partition, sequence, batch))) {
            batch.release();
        }
    }

    private void take(int partition, long sequence, ByteBuf batch) {
        if (calls.hasEnded() || closing != null) {
            batch.release();
            return;
        }
        try {
            check(partition, batch);
        } catch (LevadaException e) {
            batch.release();
            calls.finish(e);
            return;
        }
        creditBatches--;
        creditBytes -= batch.readableBytes();
        pending++;
        publisher.send(new OutgoingBatch(new TopicPartition(topic, partition), sequence, batch, outcomes));
    }

    private void check(int partition, ByteBuf batch) {
        if (creditBatches <= 0 || creditBytes <= 0) {
            throw new LevadaException(
                    ErrorCode.THROTTLED, "a batch beyond the credit; wait for acknowledgements before writing on");
        }
        if (partition < 0 || partition >= partitions) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "topic " + topic + " has no partition " + partition);
        }
        RecordBatch.validatePublished(batch, config.limits());
        if (RecordBatch.producerId(batch) != RecordBatch.NO_PRODUCER_ID) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "on a cluster, what is sent again cannot be told from what is new; publish without Idempotency-Key,"
                            + " or a producer's id");
        }
    }

    private void told(OutgoingBatch batch, List<Run> runs, @Nullable LevadaException error) {
        publisher.done(batch);
        pending--;
        if (calls.hasEnded()) {
            return;
        }
        if (error != null) {
            calls.finish(error);
            return;
        }
        int last = runs.size() - 1;
        for (Run run : runs.subList(0, last)) {
            calls.tell(to -> to.onPartAck(batch.sequence(), run.records(), run.baseOffset()));
        }
        calls.tell(to -> to.onAck(batch.sequence(), runs.get(last).baseOffset()));
        if (closing == null) {
            creditBatches++;
            creditBytes += batch.bytes();
            calls.tell(to -> to.onCredit(1, batch.bytes()));
        } else {
            finishIfDone();
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
        execute(() -> {
            if (closing == null) {
                closing = how;
            }
            finishIfDone();
        });
    }

    private void finishIfDone() {
        Closing how = closing;
        if (how != null && pending == 0) {
            calls.finish(how.error());
        }
    }

    @Override
    public void cancel() {
        calls.cancel();
    }

    private boolean execute(Runnable task) {
        try {
            loop.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            LOG.debug("nothing is published any more", e);
            return false;
        }
    }
}
