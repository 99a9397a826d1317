package io.levada.log;

import io.levada.LevadaException;
import io.levada.protocol.HeaderChecksum;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;

/**
 * Reads verified batches out of one segment, and finds its way around damage: what is damaged is told with its range of
 * offsets, from the last good batch before to the first good one behind. In a compacted segment offsets may be missing
 * without damage: what the header checksums and, next to a hole, the batch before it say is believed. For one thread.
 */
final class SegmentReader {
    private static final int WINDOW_BYTES = 8 << 10;
    private static final Limits LIMITS = Limits.DEFAULT;

    private final Segment segment;
    private final int limit;
    private final long endOffset;
    private final HeaderWindow window;

    /**
     * Prepares to read.
     *
     * @param limit where the durable part of the segment ends
     * @param endOffset the offset there
     */
    SegmentReader(Segment segment, int limit, long endOffset) {
        this.segment = segment;
        this.limit = limit;
        this.endOffset = endOffset;
        this.window = new HeaderWindow(segment, limit, WINDOW_BYTES);
    }

    /** The offset at which it ends. */
    long endOffset() {
        return endOffset;
    }

    /**
     * Whole batches from the one that contains an offset on, or, where it lies in a hole, from the next one; empty when
     * there is none behind the hole. Fails with CORRUPT_MESSAGE when that batch is damaged.
     *
     * @param offset from the segment's base offset to below the end offset
     */
    ByteBuf read(long offset, int maxBytes, ByteBufAllocator allocator) throws IOException {
        int position = segment.isCompacted() ? locateOverHoles(offset) : locate(offset);
        if (position == limit) {
            return allocator.buffer(0, 0);
        }
        int firstBytes = RecordBatch.sizeInBytes(window.header());
        long base = RecordBatch.baseOffset(window.header());
        int wanted = Math.min(limit - position, Math.max(maxBytes, firstBytes));
        ByteBuf read = allocator.directBuffer(wanted);
        boolean good = false;
        try {
            int got = segment.read(position, read.internalNioBuffer(0, wanted));
            read.writerIndex(got);
            int verified = verifiedBytes(read, base);
            long reached = verified == 0 ? base : RecordBatch.nextOffset(read.slice(0, firstBytes));
            if (verified == 0 || reached <= offset) {
                throw damaged(reached, offsetBehind(position, firstBytes));
            }
            read.writerIndex(verified);
            good = true;
            return read;
        } finally {
            if (!good) {
                read.release();
            }
        }
    }

    /** Bytes of the good, consecutive batches that a buffer begins with. */
    private int verifiedBytes(ByteBuf read, long firstOffset) {
        int at = 0;
        long expected = firstOffset;
        while (read.writerIndex() - at >= RecordBatch.HEADER_BYTES) {
            int size = RecordBatch.PREFIX_BYTES + read.getInt(at + RecordBatch.LENGTH_OFFSET);
            if (size < RecordBatch.HEADER_BYTES || size > read.writerIndex() - at) {
                break;
            }
            ByteBuf batch = read.slice(at, size);
            if (!follows(RecordBatch.baseOffset(batch), expected) || !isGood(batch)) {
                break;
            }
            expected = RecordBatch.nextOffset(batch);
            at += size;
        }
        return at;
    }

    private boolean follows(long base, long expected) {
        return segment.isCompacted() ? base >= expected : base == expected;
    }

    private boolean isGood(ByteBuf batch) {
        return HeaderChecksum.matches(segment.id().topicId(), segment.id().partition(), batch)
                && RecordBatch.isWhole(batch);
    }

    /** Position of the batch that, by the headers, holds an offset; the window shows it. */
    private int locate(long offset) throws IOException {
        SparseIndex index = segment.index();
        int entry = index.floorOffset(offset - segment.baseOffset());
        int position = entry < 0 ? 0 : index.position(entry);
        long expected = segment.baseOffset() + (entry < 0 ? 0 : index.relativeOffset(entry));
        while (position < limit) {
            if (window.isBatch(position)) {
                ByteBuf header = window.header();
                long base = RecordBatch.baseOffset(header);
                if (base > offset) {
                    throw damaged(expected, base);
                }
                int next = position + RecordBatch.sizeInBytes(header);
                long claimed = RecordBatch.nextOffset(header);
                long known = offsetAt(next); // rather than what only the batch's own CRC covers
                boolean believed = claimed > base && claimed <= endOffset;
                expected = known >= 0 ? known : believed ? claimed : base + 1;
                if (offset < expected && window.isBatch(position)) {
                    return position;
                }
                position = next;
            } else {
                position = window.nextBatch(position + 1);
                long behind = offsetAt(position);
                if (offset < behind) {
                    throw damaged(expected, behind);
                }
                expected = behind;
            }
        }
        throw damaged(expected, endOffset);
    }

    /**
     * Position of the batch that holds an offset, or of the next one behind a hole; the limit when there is none. The
     * batch before a hole is read and verified, so that a damaged header makes no hole where records are.
     */
    private int locateOverHoles(long offset) throws IOException {
        SparseIndex index = segment.index();
        int entry = index.floorOffset(offset - segment.baseOffset());
        int position = entry < 0 ? 0 : index.position(entry);
        long expected = segment.baseOffset() + (entry < 0 ? 0 : index.relativeOffset(entry));
        while (position < limit) {
            if (!window.isBatch(position)) {
                position = window.nextBatch(position + 1);
                long behind = offsetAt(position);
                if (offset < behind) {
                    throw damaged(expected, behind);
                }
                expected = behind;
            } else if (RecordBatch.baseOffset(window.header()) > offset) {
                return position;
            } else {
                int next = position + RecordBatch.sizeInBytes(window.header());
                long nextBase = offsetAt(next);
                if (nextBase < 0 || nextBase > offset) {
                    long reached = verifiedNextOffset(position, next - position, nextBase);
                    if (offset < reached && window.isBatch(position)) {
                        return position;
                    }
                    expected = reached;
                } else {
                    expected = nextBase;
                }
                position = next;
            }
        }
        return limit;
    }

    /** The offset behind a batch, which is read for it; fails where it is damaged. */
    private long verifiedNextOffset(int position, int bytes, long nextBase) throws IOException {
        ByteBuf batch = Unpooled.buffer(bytes, bytes);
        batch.writerIndex(segment.read(position, batch.internalNioBuffer(0, bytes)));
        if (batch.readableBytes() < bytes || !isGood(batch)) {
            window.isBatch(position);
            throw damaged(
                    RecordBatch.baseOffset(window.header()), nextBase < 0 ? offsetBehind(position, bytes) : nextBase);
        }
        return RecordBatch.nextOffset(batch);
    }

    /** Base offset of the batch at a position, the end offset at the limit; -1 when there is none. */
    private long offsetAt(int position) throws IOException {
        if (position >= limit) {
            return endOffset;
        }
        return window.isBatch(position) ? RecordBatch.baseOffset(window.header()) : -1;
    }

    private long offsetBehind(int position, int batchBytes) throws IOException {
        int next = position + batchBytes;
        return offsetAt(window.isBatch(next) ? next : window.nextBatch(position + 1));
    }

    /**
     * The first offset, from a given one on, with a timestamp at or behind a time, or where damage begins that might hold
     * it; -1 when there is none in this segment.
     */
    long offsetAtTime(long timestampMs, long from, ByteBufAllocator allocator) throws IOException {
        SparseIndex index = segment.index();
        int entry = index.floorTimestamp(timestampMs);
        int position = entry < 0 ? 0 : index.position(entry);
        long expected = segment.baseOffset() + (entry < 0 ? 0 : index.relativeOffset(entry));
        while (position < limit) {
            if (!window.isBatch(position) || !follows(RecordBatch.baseOffset(window.header()), expected)) {
                return expected;
            }
            int size = RecordBatch.sizeInBytes(window.header());
            ByteBuf batch = allocator.directBuffer(size);
            try {
                batch.writerIndex(segment.read(position, batch.internalNioBuffer(0, size)));
                if (batch.readableBytes() < size || !isGood(batch)) {
                    return expected;
                }
                if (RecordBatch.maxTimestamp(batch) >= timestampMs && RecordBatch.nextOffset(batch) > from) {
                    long found = offsetWithin(batch, timestampMs, from);
                    if (found >= 0) {
                        return found;
                    }
                }
                expected = RecordBatch.nextOffset(batch);
            } finally {
                batch.release();
            }
            position += size;
        }
        return -1;
    }

    private static long offsetWithin(ByteBuf batch, long timestampMs, long from) {
        try (RecordCursor cursor = RecordCursor.open(batch, LIMITS)) {
            while (cursor.next()) {
                if (cursor.timestampMs() >= timestampMs && cursor.offset() >= from) {
                    return cursor.offset();
                }
            }
        }
        return -1;
    }

    private LevadaException damaged(long from, long to) {
        segment.noteDamage(from, to);
        return Failures.corrupt("offsets " + from + " to " + (to - 1) + " of " + segment.logPath()
                + " are damaged; reading can go on at " + to);
    }
}
