package io.levada.kafka;

import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Batches as a broker has stored them, for readers: their format is the same, so that they go out as they are. Where a
 * batch holds nothing for them, one without records stands for its offsets.
 */
final class StoredBlock {
    private StoredBlock() {}

    /**
     * Copies whole batches, each held against its checksum and the limits, up to one that is not for readers as it is: of an older
     * format, larger than they take, or damaged. Their records were validated on their way in; only what is compressed is walked over,
     * for what it inflates to.
     *
     * @param fetched batches one behind the other, the last maybe cut short, as brokers answer
     * @return to be released by the caller; null where there is no batch, or the first is not for readers
     */
    static @Nullable ByteBuf copy(ByteBuffer fetched, ByteBufAllocator allocator, Limits limits) {
        ByteBuf rest = Unpooled.wrappedBuffer(fetched);
        ByteBuf block = allocator.directBuffer(Math.max(RecordBatch.HEADER_BYTES, rest.readableBytes()));
        try {
            while (append(rest, block, limits)) {
                rest.skipBytes(RecordBatch.sizeInBytes(rest));
            }
            return block.isReadable() ? block.retain() : null;
        } finally {
            block.release();
        }
    }

    /** Appends the batch that comes next; false where there is none to append. */
    private static boolean append(ByteBuf rest, ByteBuf block, Limits limits) {
        if (rest.readableBytes() < RecordBatch.HEADER_BYTES
                || RecordBatch.magic(rest) != RecordBatch.MAGIC
                || rest.readableBytes() < RecordBatch.sizeInBytes(rest)) {
            return false;
        }
        ByteBuf batch = rest.slice(rest.readerIndex(), RecordBatch.sizeInBytes(rest));
        if (!isSound(batch, limits)) {
            return false;
        }
        if (isWithoutRecords(batch)) {
            ByteBuf place =
                    RecordBatch.empty(block.alloc(), RecordBatch.baseOffset(batch), RecordBatch.nextOffset(batch));
            block.writeBytes(place);
            place.release();
        } else {
            int at = block.writerIndex();
            block.writeBytes(batch, batch.readerIndex(), batch.readableBytes());
            RecordBatch.stamp(
                    block.slice(at, batch.readableBytes()), RecordBatch.baseOffset(batch), RecordBatch.NO_LEADER_EPOCH);
        }
        return true;
    }

    private static boolean isSound(ByteBuf batch, Limits limits) {
        try {
            RecordBatch.verify(batch);
            return isWithoutRecords(batch) || isForReaders(batch, limits);
        } catch (LevadaException e) {
            return false; // which whoever takes records apart says better
        }
    }

    /** A mark of a transaction, or what compaction left nothing of. */
    private static boolean isWithoutRecords(ByteBuf batch) {
        return RecordBatch.isControl(batch) || RecordBatch.recordCount(batch) == 0;
    }

    private static boolean isForReaders(ByteBuf batch, Limits limits) {
        boolean plain = RecordBatch.compression(batch) == Compression.NONE;
        return batch.readableBytes() <= limits.maxBatchBytes()
                && RecordBatch.baseTimestamp(batch) >= 0
                && ((plain && batch.readableBytes() <= limits.maxRecordBytes()) || holdsLimits(batch, limits));
    }

    /** Whether it inflates to no more than readers take, and none of its records is larger than a record may be. */
    private static boolean holdsLimits(ByteBuf batch, Limits limits) {
        try (RecordCursor record = RecordCursor.open(batch, limits)) {
            boolean holds = true;
            while (holds && record.next()) {
                holds = record.sizeInBytes() <= limits.maxRecordBytes();
            }
            return holds;
        }
    }
}
