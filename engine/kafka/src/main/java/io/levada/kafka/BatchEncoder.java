package io.levada.kafka;

import io.levada.Compression;
import io.levada.Header;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Makes batches of what a consumer gave, once for all who read them, with the offsets as they are: where there is no record
 * (compacted away, of a transaction, a marker) the batches have a hole. Not safe for several threads.
 */
final class BatchEncoder {
    /** At which a batch is done: as small as one that is published, so that what is asked for little is cut from little. */
    private static final int BATCH_BYTES = 64 << 10;

    /** That a batch without records stands for. */
    private static final int MOST_OFFSETS = 1 << 30;

    private final ByteBufAllocator allocator;
    private final BatchBuilder builder;

    /** The offset of the first record of the batch being made. */
    private long first;

    /** Takes a batch, which is its to release, that stands for the offsets {@code from} to {@code next - 1}. */
    interface Taker {
        void take(long from, long next, ByteBuf batch);
    }

    BatchEncoder(ByteBufAllocator allocator, Limits limits) {
        this.allocator = allocator;
        this.builder = new BatchBuilder(allocator, Compression.NONE, limits);
    }

    /**
     * Encodes what was found from one offset to another.
     *
     * @param records of one partition, in order, all of them there
     * @param to where the consumer goes on, behind the last record
     */
    void encode(List<ConsumerRecord<byte[], byte[]>> records, long from, long to, Taker taker) {
        long next = from;
        long base = from;
        try {
            for (ConsumerRecord<byte[], byte[]> record : records) {
                if (record.offset() < next) {
                    continue; // it was there already
                }
                long hole = record.offset() - next;
                if (builder.count() > 0
                        && (builder.sizeInBytes() >= BATCH_BYTES || hole > BATCH_BYTES || isLarge(record))) {
                    taker.take(base, next, seal());
                    base = next;
                }
                if (builder.count() > 0) {
                    builder.skip((int) hole);
                } else {
                    first = record.offset();
                }
                builder.append(Math.max(0, record.timestamp()), record.key(), record.value(), headers(record));
                next = record.offset() + 1;
            }
            if (builder.count() > 0) {
                taker.take(base, next, seal());
            }
            while (next < to) {
                long end = Math.min(to, next + MOST_OFFSETS);
                taker.take(next, end, RecordBatch.empty(allocator, next, end));
                next = end;
            }
        } finally {
            builder.close();
        }
    }

    private ByteBuf seal() {
        ByteBuf batch = builder.build();
        RecordBatch.stamp(batch, first, RecordBatch.NO_LEADER_EPOCH);
        return batch;
    }

    private static boolean isLarge(ConsumerRecord<byte[], byte[]> record) {
        return record.serializedKeySize() + record.serializedValueSize() > BATCH_BYTES;
    }

    private static List<Header> headers(ConsumerRecord<byte[], byte[]> record) {
        org.apache.kafka.common.header.Header[] all = record.headers().toArray();
        if (all.length == 0) {
            return List.of();
        }
        List<Header> headers = new ArrayList<>(all.length);
        for (org.apache.kafka.common.header.Header each : all) {
            headers.add(new Header(each.key(), each.value()));
        }
        return headers;
    }
}
