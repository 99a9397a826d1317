package io.levada.protocol;

import io.levada.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a batch into smaller ones, as credit permits: it keeps the batch, inflated once, and the place reached, so that
 * any number of cuts costs no more than one walk, also where it is closed between two and opened again at that {@link
 * Place}. A cut keeps base offset, base timestamp and the records' bytes as they
 * are; codec (none), count, last offset delta, maximum timestamp, length and CRC are its own, and it has no header
 * checksum. A cut reaches up to the record that the next one begins with, the last as far as the range or the batch does,
 * beyond its last record too.
 *
 * <p>Not for use by two threads at a time. Many readers of one compressed batch should cut the same {@linkplain
 * RecordBatch#inflate inflated} one.
 */
public final class BatchCutter implements AutoCloseable {
    private final ByteBufAllocator allocator;
    private final ByteBuf header;
    private final RecordCursor cursor;
    private final @Nullable RecordTest wanted;
    private final long toOffset;
    private final long nextOffsetOfBatch;
    private final Runs runs = new Runs();
    private boolean pending;
    private boolean closed;

    private BatchCutter(ByteBuf batch, RecordCursor cursor, @Nullable RecordTest wanted, long toOffset) {
        this.allocator = batch.alloc();
        this.cursor = cursor;
        this.wanted = wanted;
        this.toOffset = toOffset;
        this.nextOffsetOfBatch = RecordBatch.nextOffset(batch);
        this.header = allocator.directBuffer(RecordBatch.HEADER_BYTES);
        header.writeBytes(batch, batch.readerIndex(), RecordBatch.HEADER_BYTES);
    }

    /** Where a cutter stands in its batch: at the record to be cut next. Keeps nothing of the batch. */
    public record Place(int crc, RecordCursor.Mark mark) {}

    /** All records of a range, as {@link #open(ByteBuf, long, long, RecordTest, Place, Limits)}. */
    public static BatchCutter open(ByteBuf batch, long fromOffset, long toOffset, Limits limits) {
        return open(batch, fromOffset, toOffset, null, null, limits);
    }

    /**
     * Opens a verified batch for the records from one offset, inclusive, to another, exclusive ({@link Long#MAX_VALUE}
     * for no end). The buffer stays the caller's, who may release it at once. Fails as {@link RecordCursor#open}.
     *
     * @param wanted which records to cut, or null for all; asked once for each, in order
     * @param place what an earlier cutter said, to spare the walk up to there; null, or the place in another batch (as
     *     after compaction), for a walk from the beginning. Records before it are not cut
     */
    public static BatchCutter open(
            ByteBuf batch,
            long fromOffset,
            long toOffset,
            @Nullable RecordTest wanted,
            @Nullable Place place,
            Limits limits) {
        BatchCutter cutter = new BatchCutter(batch, RecordCursor.open(batch, limits), wanted, toOffset);
        boolean opened = false;
        try {
            if (place != null && place.crc() == RecordBatch.crc(batch)) {
                cutter.cursor.reset(place.mark());
            }
            do {
                cutter.step();
            } while (cutter.pending && cutter.cursor.offset() < fromOffset);
            opened = true;
            return cutter;
        } finally {
            if (!opened) {
                cutter.close();
            }
        }
    }

    /** Whether no records are left to cut. */
    public boolean isDone() {
        return !pending;
    }

    /** Where it stands; null when done. */
    public @Nullable Place place() {
        return pending ? new Place(RecordBatch.crc(header), cursor.mark()) : null;
    }

    /** The offset of the next record to be cut; when done, the first one behind the range or the batch. */
    public long nextOffset() {
        return pending ? cursor.offset() : Math.min(toOffset, nextOffsetOfBatch);
    }

    /** Bytes that the next record takes uncompressed, with its length prefix; 0 when done. */
    public int nextRecordBytes() {
        return pending ? cursor.sizeInBytes() : 0;
    }

    /**
     * Cuts the next records: as many as both bounds allow, but at least one. To be released by the caller. Fails with
     * {@link IllegalStateException} when done, with {@link ErrorCode#CORRUPT_MESSAGE} where the batch is damaged.
     *
     * @param maxRecords 1 or more
     * @param maxBytes for the batch cut, its {@link RecordBatch#HEADER_BYTES} included; only a first record goes beyond
     */
    public ByteBuf cut(long maxRecords, long maxBytes) {
        if (!pending || maxRecords < 1) {
            throw new IllegalStateException(
                    pending ? "cut to " + maxRecords + " records" : "no records are left to cut");
        }
        long room = maxBytes - RecordBatch.HEADER_BYTES;
        int records = 0;
        long maxTimestamp = Long.MIN_VALUE;
        runs.clear();
        do {
            runs.add(cursor.start(), cursor.end());
            maxTimestamp = Math.max(maxTimestamp, cursor.timestampMs());
            records++;
            step();
        } while (pending && records < maxRecords && runs.bytes() + cursor.sizeInBytes() <= room);
        return assemble(records, maxTimestamp);
    }

    private ByteBuf assemble(int records, long maxTimestamp) {
        ByteBuf cut = allocator.directBuffer(RecordBatch.HEADER_BYTES + runs.bytes());
        cut.writeBytes(header, 0, RecordBatch.HEADER_BYTES);
        cut.setInt(RecordBatch.LEADER_EPOCH_OFFSET, RecordBatch.NO_LEADER_EPOCH);
        cut.setShort(RecordBatch.ATTRIBUTES_OFFSET, RecordBatch.attributes(header) & ~RecordBatch.CODEC_MASK);
        cut.setInt(
                RecordBatch.LAST_OFFSET_DELTA_OFFSET,
                Math.toIntExact(nextOffset() - 1 - RecordBatch.baseOffset(header)));
        cut.setLong(RecordBatch.MAX_TIMESTAMP_OFFSET, maxTimestamp);
        cut.setInt(RecordBatch.COUNT_OFFSET, records);
        runs.copyTo(cut, cursor);
        RecordBatch.seal(cut);
        return cut;
    }

    private void step() {
        do {
            pending = cursor.next() && cursor.offset() < toOffset;
        } while (pending && wanted != null && !wanted.test(cursor));
    }

    /** Records one behind the other, as few pieces as there are. */
    private static final class Runs {
        private int[] bounds = new int[2];
        private int count;
        private int bytes;

        void clear() {
            count = 0;
            bytes = 0;
        }

        int bytes() {
            return bytes;
        }

        void add(int start, int end) {
            bytes += end - start;
            if (count > 0 && bounds[2 * count - 1] == start) {
                bounds[2 * count - 1] = end;
                return;
            }
            if (2 * count == bounds.length) {
                bounds = Arrays.copyOf(bounds, 2 * bounds.length);
            }
            bounds[2 * count] = start;
            bounds[2 * count + 1] = end;
            count++;
        }

        void copyTo(ByteBuf target, RecordCursor from) {
            for (int i = 0; i < count; i++) {
                from.copyTo(target, bounds[2 * i], bounds[2 * i + 1]);
            }
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            pending = false;
            cursor.close();
            header.release();
        }
    }
}
