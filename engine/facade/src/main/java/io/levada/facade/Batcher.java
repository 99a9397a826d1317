package io.levada.facade;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.Partitioner;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Puts records into batches by partition. A record with a key goes where Kafka's default partitioner puts it; those
 * without stay with one partition until its batch is sealed and then go on to the next, so that batches are large and
 * partitions even. For one thread at a time.
 */
final class Batcher implements AutoCloseable {
    private final String topic;
    private final int partitions;
    private final int batchBytes;
    private final LevadaOptions options;
    private final Limits limits;

    /** By partition, the longest open first. */
    private final Map<Integer, OutBatch> open = new LinkedHashMap<>();

    private final Deque<OutBatch> ready = new ArrayDeque<>();
    private final Deque<BatchBuilder> idle = new ArrayDeque<>();
    private int sticky;

    Batcher(String topic, int partitions, int maxRecordBytes, LevadaOptions options) {
        this.topic = topic;
        this.partitions = partitions;
        this.batchBytes = options.batchBytes();
        this.options = options;
        this.limits = limits(maxRecordBytes, options.batchBytes());
        this.sticky = ThreadLocalRandom.current().nextInt(partitions);
    }

    /** The default limits, with batches that take the largest record behind a batch that is nearly full. */
    private static Limits limits(int maxRecordBytes, int batchBytes) {
        long batch = Math.max(Limits.DEFAULT.maxBatchBytes(), (long) maxRecordBytes + batchBytes);
        int maxBatchBytes = (int) Math.min(batch + RecordBatch.HEADER_BYTES, 1 << 30);
        return new Limits(
                maxRecordBytes,
                maxBatchBytes,
                Math.max(Limits.DEFAULT.maxInflatedBytes(), maxBatchBytes),
                Limits.DEFAULT.maxHeaders(),
                Limits.DEFAULT.maxJsonBytes());
    }

    /**
     * Adds a record; gives the batch it went to. Fails, changing nothing, with {@link ErrorCode#MESSAGE_TOO_LARGE} or
     * {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}.
     */
    OutBatch append(Record record, long nowMs) {
        int partition = partition(record);
        OutBatch batch = open.get(partition);
        OutBatch target = batch != null ? batch : new OutBatch(partition, builder());
        try {
            target.append(record, record.timestampMs() == Record.NO_TIMESTAMP ? nowMs : record.timestampMs());
        } catch (RuntimeException e) {
            if (batch == null) {
                target.release();
            }
            throw e;
        }
        if (batch == null) {
            open.put(partition, target);
        }
        if (target.bytes() >= batchBytes) {
            open.remove(partition);
            seal(target);
        }
        return target;
    }

    private int partition(Record record) {
        int wanted = record.partition();
        if (wanted == Record.ANY_PARTITION) {
            byte[] key = record.key();
            return key == null ? sticky : Partitioner.partition(key, partitions);
        }
        if (wanted < 0 || wanted >= partitions) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "there is no partition " + wanted + " in " + topic + ", which has " + partitions
                            + "; choose one from 0 to " + (partitions - 1) + ", or leave it open");
        }
        return wanted;
    }

    private BatchBuilder builder() {
        BatchBuilder used = idle.poll();
        return used != null ? used : new BatchBuilder(ByteBufAllocator.DEFAULT, options.compression(), limits);
    }

    private void seal(OutBatch batch) {
        idle.push(batch.seal());
        ready.add(batch);
        if (batch.partition() == sticky) {
            sticky = (sticky + 1) % partitions;
        }
    }

    /** Seals the open batches of the partitions that pass. */
    void sealOpen(IntPredicate which) {
        Iterator<OutBatch> batches = open.values().iterator();
        while (batches.hasNext()) {
            OutBatch batch = batches.next();
            if (which.test(batch.partition())) {
                batches.remove();
                seal(batch);
            }
        }
    }

    boolean hasOpen() {
        return !open.isEmpty();
    }

    boolean hasReady() {
        return !ready.isEmpty();
    }

    /** The batch sealed first, or null. */
    @Nullable
    OutBatch pollReady() {
        return ready.poll();
    }

    /** Drops everything. */
    @Override
    public void close() {
        open.values().forEach(OutBatch::release);
        open.clear();
        ready.forEach(OutBatch::release);
        ready.clear();
        idle.clear();
    }
}
