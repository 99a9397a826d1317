package io.levada.log;

import io.levada.log.Checkpoint.PartitionId;
import io.levada.protocol.HeaderChecksum;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the batch headers of a segment, in any order, through a window of its bytes. What passes {@link #isBatch} has
 * a header checksum of this partition, so its base offset and length can be believed; what the batch's CRC covers
 * cannot yet. For one thread.
 */
final class HeaderWindow {
    private final Source source;
    private final @Nullable PartitionId id;
    private final int limit;
    private final ByteBuffer window;
    private final ByteBuf view;
    private int start;
    private int length;

    /** Where the bytes are. */
    interface Source {
        /** Reads until the buffer is full or the bytes end; gives how many it read. */
        int read(int position, ByteBuffer into) throws IOException;
    }

    HeaderWindow(Segment segment, int limit, int windowBytes) {
        this(segment::read, segment.id(), limit, windowBytes);
    }

    /**
     * Looks at any bytes.
     *
     * @param id the partition they should be of; null when that is not known, so that header checksums cannot tell
     * @param limit nothing at or behind this position is looked at
     */
    HeaderWindow(Source source, @Nullable PartitionId id, int limit, int windowBytes) {
        this.source = source;
        this.id = id;
        this.limit = limit;
        window = ByteBuffer.allocate(Math.max(RecordBatch.HEADER_BYTES, Math.min(windowBytes, limit)));
        view = Unpooled.wrappedBuffer(window.array());
    }

    /** Whether a whole batch of this partition begins at a position; then {@link #header} shows its header. */
    boolean isBatch(int position) throws IOException {
        if (limit - position < RecordBatch.HEADER_BYTES || !show(position)) {
            return false;
        }
        int size = RecordBatch.PREFIX_BYTES + view.getInt(view.readerIndex() + RecordBatch.LENGTH_OFFSET);
        return size >= RecordBatch.HEADER_BYTES
                && size <= limit - position
                && RecordBatch.magic(view) == RecordBatch.MAGIC
                && (id == null || HeaderChecksum.matches(id.topicId(), id.partition(), view));
    }

    private boolean show(int position) throws IOException {
        if (position < start || position + RecordBatch.HEADER_BYTES > start + length) {
            window.clear().limit(Math.min(window.capacity(), limit - position));
            start = position;
            length = source.read(position, window);
        }
        int at = position - start;
        if (length - at < RecordBatch.HEADER_BYTES) {
            return false;
        }
        view.setIndex(at, at + RecordBatch.HEADER_BYTES);
        return true;
    }

    /** The header last found, until the next call. */
    ByteBuf header() {
        return view;
    }

    /**
     * The batch at a position that {@link #isBatch} or {@link #nextBatch} gave, in memory of its own; null when its CRC says
     * that it is damaged.
     */
    @Nullable
    ByteBuf wholeBatch(int position) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(RecordBatch.sizeInBytes(view));
        source.read(position, bytes);
        ByteBuf batch = Unpooled.wrappedBuffer(bytes.flip());
        return RecordBatch.isWhole(batch) ? batch : null;
    }

    /** Where the next batch begins at or behind a position; the limit when there is none. */
    int nextBatch(int position) throws IOException {
        for (int at = position; limit - at >= RecordBatch.HEADER_BYTES && show(at); at++) {
            if (isBatch(at)) {
                return at;
            }
        }
        return limit;
    }
}
