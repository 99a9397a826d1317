package io.levada.delivery;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A partition in memory that counts how often it is read. One thread publishes, any may read. */
final class FakePartition implements PartitionSource {
    /** Others than ours compress more into a batch than it may take once stored. */
    private static final Limits PUBLISHED = Limits.DEFAULT.withMaxBatchBytes(Limits.DEFAULT.maxInflatedBytes());

    final TopicPartition name;
    final AtomicInteger reads = new AtomicInteger();
    private final ByteBufAllocator allocator;
    private final ConcurrentSkipListMap<Long, ByteBuf> batches = new ConcurrentSkipListMap<>();
    private final List<TailListener> listeners = new ArrayList<>();
    private volatile long start;
    private volatile long durable;
    private volatile long damaged = -1;

    FakePartition(ByteBufAllocator allocator, int number) {
        this.allocator = allocator;
        this.name = new TopicPartition("t", number);
    }

    /**
     * Appends a batch of records, each with a value of so many bytes, its offset as timestamp, and the last digit of its
     * offset as key, and announces it.
     */
    ByteBuf publish(int records, int valueBytes, Compression compression) {
        ByteBuf batch;
        try (BatchBuilder builder = new BatchBuilder(allocator, compression, PUBLISHED)) {
            for (int i = 0; i < records; i++) {
                builder.append(durable + i, key(durable + i), new byte[valueBytes], List.of());
            }
            batch = builder.build();
        }
        long base = durable;
        RecordBatch.stamp(batch, base, 7);
        batches.put(base, batch);
        durable = base + records;
        listeners.forEach(listener -> listener.durable(base, base + records, batch));
        return batch;
    }

    ByteBuf publish(int records) {
        return publish(records, 10, Compression.NONE);
    }

    private static byte[] key(long offset) {
        return Long.toString(offset % 10).getBytes(StandardCharsets.US_ASCII);
    }

    /** Drops batches as retention does. */
    void keepFrom(long offset) {
        start = offset;
        while (!batches.isEmpty() && RecordBatch.nextOffset(batches.firstEntry().getValue()) <= offset) {
            batches.pollFirstEntry().getValue().release();
        }
    }

    /** Has the batch that holds an offset found damaged from now on. */
    void damage(long offset) {
        damaged = batches.floorKey(offset);
    }

    @Override
    public long start() {
        return start;
    }

    @Override
    public long durable() {
        return durable;
    }

    @Override
    public ByteBuf read(long offset, int maxBytes) {
        reads.incrementAndGet();
        if (offset < start || offset > durable) {
            throw new LevadaException(ErrorCode.OFFSET_OUT_OF_RANGE, "offset " + offset);
        }
        long end = durable;
        ByteBuf result = allocator.buffer();
        Long first = batches.floorKey(offset);
        for (ByteBuf batch : batches.subMap(first == null ? offset : first, end).values()) {
            boolean enough = result.isReadable() && result.readableBytes() + batch.readableBytes() > maxBytes;
            boolean bad = RecordBatch.baseOffset(batch) == damaged;
            if (bad && !result.isReadable()) {
                result.release();
                throw new LevadaException(ErrorCode.CORRUPT_MESSAGE, "offsets from " + damaged);
            }
            if (enough || bad) {
                break;
            }
            result.writeBytes(batch, batch.readerIndex(), batch.readableBytes());
        }
        return result;
    }

    @Override
    public long offsetAt(long timestampMs) {
        return Math.min(Math.max(timestampMs, start), durable);
    }

    @Override
    public void onDurable(TailListener listener) {
        listeners.add(listener);
    }

    void release() {
        batches.values().forEach(ByteBuf::release);
        batches.clear();
    }
}
