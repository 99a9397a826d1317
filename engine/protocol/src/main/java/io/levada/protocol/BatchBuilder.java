package io.levada.protocol;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes batches as publishers send them (base offset 0, no producer id, create time), record by record, straight into a
 * buffer. After {@link #build} it is empty and can be used again. Not for use by two threads at a time.
 */
public final class BatchBuilder implements AutoCloseable {
    private static final int FIRST_CAPACITY_BYTES = 1 << 10;

    private final ByteBufAllocator allocator;
    private final Compression compression;
    private final Limits limits;

    private @Nullable ByteBuf buffer;
    private int capacityHint = FIRST_CAPACITY_BYTES;
    private int count;

    /** Of the record that comes next. */
    private int offsetDelta;

    private long baseTimestamp;
    private long maxTimestamp;

    public BatchBuilder(ByteBufAllocator allocator, Compression compression, Limits limits) {
        this.allocator = allocator;
        this.compression = compression;
        this.limits = limits;
    }

    /**
     * Adds a record. Fails with {@link ErrorCode#MESSAGE_TOO_LARGE}, changing nothing, where the record is above its
     * limit or the batch, uncompressed, would be above its own; and with {@link ErrorCode#INVALID_REQUEST} for a negative
     * timestamp.
     *
     * @param timestampMs since the epoch
     */
    public void append(long timestampMs, byte @Nullable [] key, byte @Nullable [] value, List<Header> headers) {
        if (timestampMs < 0) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "a record's timestamp is " + timestampMs + " ms");
        }
        long timestampDelta = count == 0 ? 0 : timestampMs - baseTimestamp;
        long bodyBytes = 1L + Varint.sizeOf(timestampDelta) + Varint.sizeOf(offsetDelta) + sizeOf(key) + sizeOf(value);
        bodyBytes += sizeOf(headers);
        RecordBatch.checkRecord(bodyBytes, headers.size(), limits);
        int recordBytes = Varint.sizeOf((int) bodyBytes) + (int) bodyBytes;
        RecordBatch.checkRecord(recordBytes, headers.size(), limits);
        if (recordBytes > limits.maxBatchBytes() - sizeInBytes()) {
            throw new LevadaException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "a record of " + recordBytes + " bytes on top of a batch of " + sizeInBytes() + "; at most "
                            + limits.maxBatchBytes() + " are taken");
        }
        ByteBuf target = target(recordBytes);
        Varint.write(target, (int) bodyBytes);
        target.writeByte(0); // attributes: unused in this version
        Varint.write(target, timestampDelta);
        Varint.write(target, offsetDelta);
        write(target, key);
        write(target, value);
        write(target, headers);
        if (count == 0) {
            baseTimestamp = timestampMs;
            maxTimestamp = timestampMs;
        } else {
            maxTimestamp = Math.max(maxTimestamp, timestampMs);
        }
        count++;
        offsetDelta++;
    }

    /**
     * Leaves offsets free between the last record and the next, where there is no record: a batch of what was stored, which
     * has holes, in place of one that is published, which has none.
     *
     * @param offsets 0 or more; not before the first record
     */
    public void skip(int offsets) {
        if (offsets < 0 || count == 0) {
            throw new IllegalArgumentException("skip " + offsets + " after " + count + " records");
        }
        offsetDelta += offsets;
    }

    /** Records added since the last build. */
    public int count() {
        return count;
    }

    /** Bytes of the batch so far, header included, before compression; {@link RecordBatch#HEADER_BYTES} when empty. */
    public int sizeInBytes() {
        return buffer == null ? RecordBatch.HEADER_BYTES : buffer.readableBytes();
    }

    /**
     * Gives the batch, to be released by the caller, and is empty again. Where compression makes nothing smaller, the
     * batch goes without. Fails with {@link IllegalStateException} when empty.
     */
    public ByteBuf build() {
        ByteBuf batch = buffer;
        if (batch == null) {
            throw new IllegalStateException("no records to build a batch of");
        }
        buffer = null;
        capacityHint = Math.max(FIRST_CAPACITY_BYTES, batch.readableBytes());
        try {
            writeHeader(batch);
            ByteBuf packed = compression == Compression.NONE ? null : pack(batch);
            ByteBuf built = packed == null ? batch.retain() : packed;
            RecordBatch.seal(built);
            return built;
        } finally {
            clear();
            batch.release();
        }
    }

    /** Drops what was added and not built. */
    @Override
    public void close() {
        ByteBuf dropped = buffer;
        buffer = null;
        clear();
        if (dropped != null) {
            dropped.release();
        }
    }

    private void clear() {
        count = 0;
        offsetDelta = 0;
    }

    private ByteBuf target(int recordBytes) {
        ByteBuf target = buffer;
        if (target == null) {
            target = allocator.directBuffer(Math.max(capacityHint, RecordBatch.HEADER_BYTES + recordBytes));
            target.writeZero(RecordBatch.HEADER_BYTES);
            buffer = target;
        }
        target.ensureWritable(recordBytes);
        return target;
    }

    private void writeHeader(ByteBuf batch) {
        batch.setInt(RecordBatch.LEADER_EPOCH_OFFSET, RecordBatch.NO_LEADER_EPOCH);
        batch.setByte(RecordBatch.MAGIC_OFFSET, RecordBatch.MAGIC);
        batch.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, offsetDelta - 1);
        batch.setLong(RecordBatch.BASE_TIMESTAMP_OFFSET, baseTimestamp);
        batch.setLong(RecordBatch.MAX_TIMESTAMP_OFFSET, maxTimestamp);
        batch.setLong(RecordBatch.PRODUCER_ID_OFFSET, RecordBatch.NO_PRODUCER_ID);
        batch.setShort(RecordBatch.PRODUCER_EPOCH_OFFSET, RecordBatch.NO_PRODUCER_EPOCH);
        batch.setInt(RecordBatch.BASE_SEQUENCE_OFFSET, RecordBatch.NO_SEQUENCE);
        batch.setInt(RecordBatch.COUNT_OFFSET, count);
    }

    /** The same batch compressed, or null where that would not be smaller. */
    private @Nullable ByteBuf pack(ByteBuf plain) {
        ByteBuf packed = allocator.directBuffer(RecordBatch.HEADER_BYTES + plain.readableBytes() / 2);
        try {
            packed.writeBytes(plain, 0, RecordBatch.HEADER_BYTES);
            RecordCodec.of(compression).compress(RecordBatch.records(plain), packed);
            packed.setShort(RecordBatch.ATTRIBUTES_OFFSET, compression.id());
            return packed.readableBytes() < plain.readableBytes() ? packed.retain() : null;
        } finally {
            packed.release();
        }
    }

    private static long sizeOf(byte @Nullable [] bytes) {
        return bytes == null ? 1 : (long) Varint.sizeOf(bytes.length) + bytes.length;
    }

    private static long sizeOf(List<Header> headers) {
        long size = Varint.sizeOf(headers.size());
        for (int i = 0; i < headers.size(); i++) {
            Header header = headers.get(i);
            int keyBytes = ByteBufUtil.utf8Bytes(header.key());
            size += Varint.sizeOf(keyBytes) + keyBytes + sizeOf(header.value());
        }
        return size;
    }

    private static void write(ByteBuf target, byte @Nullable [] bytes) {
        if (bytes == null) {
            Varint.write(target, -1);
        } else {
            Varint.write(target, bytes.length);
            target.writeBytes(bytes);
        }
    }

    private static void write(ByteBuf target, List<Header> headers) {
        Varint.write(target, headers.size());
        for (int i = 0; i < headers.size(); i++) {
            Header header = headers.get(i);
            Varint.write(target, ByteBufUtil.utf8Bytes(header.key()));
            ByteBufUtil.writeUtf8(target, header.key());
            write(target, header.value());
        }
    }
}
