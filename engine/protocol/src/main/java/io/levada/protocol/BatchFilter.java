package io.levada.protocol;

import io.levada.Compression;
import io.netty.buffer.ByteBuf;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Takes records out of a stored batch, as compaction does. Base offset, last offset, base timestamp, producer and codec stay
 * as they are, and so do offset and timestamp of the records that are kept; count, maximum timestamp, length and CRC are
 * the new batch's own, and it has no header checksum. Stateless.
 */
public final class BatchFilter {
    private BatchFilter() {}

    /**
     * A verified batch without some of its records, to be released by the caller; the batch itself, retained, where all are
     * kept; null where none is. Fails as {@link RecordCursor}.
     */
    public static @Nullable ByteBuf filter(ByteBuf batch, Predicate<RecordCursor> kept, Limits limits) {
        ByteBuf plain = batch.alloc().directBuffer(batch.readableBytes());
        try {
            plain.writeBytes(batch, batch.readerIndex(), RecordBatch.HEADER_BYTES);
            int count = 0;
            long maxTimestamp = Long.MIN_VALUE;
            try (RecordCursor cursor = RecordCursor.open(batch, limits)) {
                while (cursor.next()) {
                    if (kept.test(cursor)) {
                        cursor.copyTo(plain, cursor.start(), cursor.end());
                        maxTimestamp = Math.max(maxTimestamp, cursor.timestampMs());
                        count++;
                    }
                }
            }
            if (count == 0 || count == RecordBatch.recordCount(batch)) {
                return count == 0 ? null : batch.retainedSlice();
            }
            plain.setInt(RecordBatch.COUNT_OFFSET, count);
            plain.setLong(RecordBatch.MAX_TIMESTAMP_OFFSET, maxTimestamp);
            return sealed(plain, RecordBatch.compression(batch));
        } finally {
            plain.release();
        }
    }

    /** The batch without any record, to be released by the caller: what stands for a producer's last sequence. */
    public static ByteBuf emptied(ByteBuf batch) {
        ByteBuf empty = batch.alloc().directBuffer(RecordBatch.HEADER_BYTES);
        empty.writeBytes(batch, batch.readerIndex(), RecordBatch.HEADER_BYTES);
        try {
            empty.setInt(RecordBatch.COUNT_OFFSET, 0);
            return sealed(empty, Compression.NONE);
        } finally {
            empty.release();
        }
    }

    /** Packs where that makes it smaller, and sets what a batch's end sets. */
    private static ByteBuf sealed(ByteBuf plain, Compression codec) {
        int others = RecordBatch.attributes(plain) & ~RecordBatch.CODEC_MASK;
        plain.setInt(RecordBatch.LEADER_EPOCH_OFFSET, RecordBatch.NO_LEADER_EPOCH);
        ByteBuf packed = plain.alloc().directBuffer(RecordBatch.HEADER_BYTES + plain.readableBytes() / 2);
        try {
            if (codec != Compression.NONE) {
                packed.writeBytes(plain, 0, RecordBatch.HEADER_BYTES);
                RecordCodec.of(codec).compress(RecordBatch.records(plain), packed);
            }
            boolean smaller = codec != Compression.NONE && packed.readableBytes() < plain.readableBytes();
            ByteBuf result = smaller ? packed : plain;
            result.setShort(RecordBatch.ATTRIBUTES_OFFSET, others | (smaller ? codec.id() : 0));
            RecordBatch.seal(result);
            return result.retain();
        } finally {
            packed.release();
        }
    }
}
