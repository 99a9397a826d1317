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
 *
 * @param batches one behind the other, at least one; to be released by whoever has the block
 * @param next the offset behind the last of them
 */
record StoredBlock(ByteBuf batches, long next) {
    /**
     * Copies whole batches, each held against its checksum and the limits, up to one that is not for readers as it is: of an older
     * format, larger than they take, or damaged. Their records were validated on their way in; only what is compressed is
     * walked over, for what it inflates to.
     *
     * @param fetched batches one behind the other, the last maybe cut short, as brokers answer
     * @return null where there is no batch, or the first is not for readers
     */
    static @Nullable StoredBlock copy(ByteBuffer fetched, ByteBufAllocator allocator, Limits limits) {
        ByteBuf rest = Unpooled.wrappedBuffer(fetched);
        ByteBuf batches = allocator.directBuffer(Math.max(RecordBatch.HEADER_BYTES, rest.readableBytes()));
        try {
            long next = 0;
            while (append(rest, batches, limits)) {
                next = RecordBatch.nextOffset(rest);
                rest.skipBytes(RecordBatch.sizeInBytes(rest));
            }
            return batches.isReadable() ? new StoredBlock(batches.retain(), next) : null;
        } finally {
            batches.release();
        }
    }

    /** Appends the batch that comes next; false where there is none to append. */
    private static boolean append(ByteBuf rest, ByteBuf batches, Limits limits) {
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
                    RecordBatch.empty(batches.alloc(), RecordBatch.baseOffset(batch), RecordBatch.nextOffset(batch));
            batches.writeBytes(place);
            place.release();
        } else {
            int at = batches.writerIndex();
            batches.writeBytes(batch, batch.readerIndex(), batch.readableBytes());
            RecordBatch.stamp(
                    batches.slice(at, batch.readableBytes()),
                    RecordBatch.baseOffset(batch),
                    RecordBatch.NO_LEADER_EPOCH);
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
