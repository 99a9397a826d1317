package io.levada.kafka;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;

/**
 * A batch on its way to the cluster, record by record, and what becomes of it: the runs of offsets that its records get, among
 * which others' records may stand. Hears of records from the producer's threads, and tells its outcome once.
 */
final class OutgoingBatch implements Callback {
    /** Consecutive offsets of records that follow each other in the batch. */
    record Run(long baseOffset, int records) {}

    /** Hears what became of the batch, on a producer's thread. */
    interface Outcome {
        /**
         * The batch has come to an end.
         *
         * @param error null where all records are acknowledged
         */
        void told(OutgoingBatch batch, List<Run> runs, @Nullable LevadaException error);

        /** Whether anybody wants to know; what nobody does is not sent any more. */
        default boolean isAwaited() {
            return true;
        }
    }

    private final TopicPartition partition;
    private final long sequence;
    private final ByteBuf buffer;
    private final Compression codec;
    private final int bytes;
    private final Outcome outcome;

    private final List<Run> runs = new ArrayList<>(1);

    /** The run that is not over yet. */
    private long base;

    private int records;
    private int left;
    private boolean told;

    /**
     * @param buffer the batch's to release
     */
    OutgoingBatch(TopicPartition partition, long sequence, ByteBuf buffer, Outcome outcome) {
        this.partition = partition;
        this.sequence = sequence;
        this.buffer = buffer;
        this.codec = RecordBatch.compression(buffer);
        this.bytes = buffer.readableBytes();
        this.outcome = outcome;
    }

    TopicPartition partition() {
        return partition;
    }

    long sequence() {
        return sequence;
    }

    ByteBuf buffer() {
        return buffer;
    }

    Compression codec() {
        return codec;
    }

    int bytes() {
        return bytes;
    }

    void release() {
        buffer.release();
    }

    /** So many records follow. */
    synchronized void begin(int records) {
        left = records;
    }

    boolean isAwaited() {
        return outcome.isAwaited();
    }

    /** Whether its outcome is known, so that there is no use in sending more of it. */
    synchronized boolean isOver() {
        return told;
    }

    @Override
    public void onCompletion(@Nullable RecordMetadata metadata, @Nullable Exception exception) {
        if (exception != null) {
            failed(error(exception));
        } else if (metadata == null || !metadata.hasOffset()) {
            failed(new LevadaException(
                    ErrorCode.OUTCOME_UNKNOWN,
                    "records of " + partition + " are there, and the cluster does not say at which offsets"));
        } else {
            acknowledged(metadata.offset());
        }
    }

    private synchronized void acknowledged(long offset) {
        if (records > 0 && base + records != offset) {
            runs.add(new Run(base, records));
            records = 0;
        }
        if (records == 0) {
            base = offset;
        }
        records++;
        left--;
        if (left == 0) {
            runs.add(new Run(base, records));
            tell(null);
        }
    }

    synchronized void failed(LevadaException error) {
        tell(error);
    }

    private void tell(@Nullable LevadaException error) {
        if (!told) {
            told = true;
            outcome.told(this, runs, error);
        }
    }

    /** What has been tried and not been answered may have been appended. */
    private LevadaException error(Exception exception) {
        boolean isUnknown = exception instanceof RetriableException
                || exception instanceof OutOfOrderSequenceException
                || exception.getClass() == KafkaException.class; // its producer was closed
        if (isUnknown) {
            return new LevadaException(
                    ErrorCode.OUTCOME_UNKNOWN,
                    "it is not known whether records of " + partition + " were appended: " + exception.getMessage(),
                    exception);
        }
        return KafkaErrors.of(exception);
    }
}
