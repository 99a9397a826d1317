package io.levada.protocol;

import static io.levada.protocol.RecordBatch.corrupt;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Header;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A walk forward over the records of one batch, without an object for each: the cursor stands on a record, and only what
 * is asked of it is decoded. Each step checks the record's whole structure against its length, so that no batch, valid
 * or not, makes it read elsewhere or allocate more than the batch holds. A compressed batch is inflated once, when opened.
 *
 * <p>Not for use by two threads at a time. Records of control batches are walked like any others; see {@link
 * RecordBatch#isControl}.
 */
public final class RecordCursor implements AutoCloseable {
    /** Length, attributes, both deltas, key length, value length and header count take a byte each at least. */
    static final int MIN_RECORD_BYTES = 7;

    private final ByteBuf owned;
    private final ByteBuffer bytes;
    private final long baseOffset;
    private final int lastOffsetDelta;
    private final long baseTimestamp;
    private final long appendTimestamp;
    private final boolean appendTime;
    private final int count;

    private int walked;
    private int position;
    private int limit;
    private int recordStart;
    private int offsetDelta = -1;
    private long timestamp;
    private int keyIndex;
    private int keyLength;
    private int valueIndex;
    private int valueLength;
    private int headersIndex;
    private int headerCount;
    private boolean closed;

    private RecordCursor(ByteBuf batch, ByteBuf records) {
        owned = records;
        bytes = records.nioBuffer();
        baseOffset = RecordBatch.baseOffset(batch);
        lastOffsetDelta = RecordBatch.lastOffsetDelta(batch);
        baseTimestamp = RecordBatch.baseTimestamp(batch);
        appendTimestamp = RecordBatch.maxTimestamp(batch);
        appendTime = RecordBatch.isAppendTime(batch);
        count = RecordBatch.recordCount(batch);
    }

    /**
     * Opens a whole batch, before its first record. The buffer stays the caller's, who may release it at once; the cursor
     * keeps what it needs until closed. Fails with {@link ErrorCode#CORRUPT_MESSAGE}, and with {@link
     * ErrorCode#MESSAGE_TOO_LARGE} where the records inflate beyond {@link Limits#maxInflatedBytes}.
     */
    public static RecordCursor open(ByteBuf batch, Limits limits) {
        if (batch.readableBytes() < RecordBatch.HEADER_BYTES
                || RecordBatch.sizeInBytes(batch) != batch.readableBytes()) {
            throw corrupt("a batch cut short: " + batch.readableBytes() + " bytes");
        }
        ByteBuf records = RecordBatch.records(batch).retain();
        boolean opened = false;
        try {
            Compression compression = RecordBatch.compression(batch);
            if (compression != Compression.NONE) {
                ByteBuf packed = records;
                records = batch.alloc().directBuffer(RecordCodec.guessInflatedBytes(batch, limits));
                try {
                    RecordCodec.of(compression).inflate(packed, records, limits.maxInflatedBytes());
                } finally {
                    packed.release();
                }
            }
            RecordCursor cursor = new RecordCursor(batch, records);
            opened = true;
            return cursor;
        } finally {
            if (!opened) {
                records.release();
            }
        }
    }

    /**
     * Steps to the next record; false behind the last one. Fails with {@link ErrorCode#CORRUPT_MESSAGE} where the bytes
     * are no record, or are not used up by the records there should be.
     */
    public boolean next() {
        if (walked == count) {
            if (position != bytes.limit()) {
                throw corrupt((bytes.limit() - position) + " bytes behind the last record");
            }
            return false;
        }
        limit = bytes.limit();
        recordStart = position;
        int length = varint();
        if (length < MIN_RECORD_BYTES - 1 || length > limit - position) {
            throw corrupt("record " + walked + " has length " + length + ", " + (limit - position) + " bytes are left");
        }
        limit = position + length;
        position++; // attributes: unused in this version
        long timestampDelta = varlong();
        timestamp = appendTime ? appendTimestamp : baseTimestamp + timestampDelta;
        int delta = varint();
        if (delta <= offsetDelta || delta > lastOffsetDelta) {
            throw corrupt("offset delta " + delta + " behind " + offsetDelta + " in a batch up to " + lastOffsetDelta);
        }
        offsetDelta = delta;
        keyLength = length();
        keyIndex = position;
        position += Math.max(keyLength, 0);
        valueLength = length();
        valueIndex = position;
        position += Math.max(valueLength, 0);
        skipHeaders();
        if (position != limit) {
            throw corrupt("record " + walked + " ends " + (limit - position) + " bytes before its length");
        }
        walked++;
        return true;
    }

    /** A record's place in the walk over its batch. */
    record Mark(int start, int walked, int offsetDelta) {}

    /** The place of the record it stands on. */
    Mark mark() {
        return new Mark(recordStart, walked - 1, offsetDelta - 1);
    }

    /** Goes before the record of a mark made in the same batch; {@link #next} steps on it. */
    void reset(Mark mark) {
        position = mark.start();
        walked = mark.walked();
        offsetDelta = mark.offsetDelta();
    }

    private void skipHeaders() {
        headerCount = varint();
        // A header takes two bytes at least, which bounds the count by what is there.
        if (headerCount < 0 || headerCount > (limit - position) / 2) {
            throw corrupt(headerCount + " headers in " + (limit - position) + " bytes");
        }
        headersIndex = position;
        for (int i = 0; i < headerCount; i++) {
            int keyBytes = headerKeyLength();
            position += keyBytes;
            int valueBytes = length();
            position += Math.max(valueBytes, 0);
        }
    }

    /** Records in the batch. */
    public int count() {
        return count;
    }

    public long offset() {
        return baseOffset + offsetDelta;
    }

    /** Milliseconds since the epoch: the publisher's, or of the append where the batch says so. */
    public long timestampMs() {
        return timestamp;
    }

    /** Bytes of the key, or -1 for null. */
    public int keyLength() {
        return keyLength;
    }

    /** Bytes of the value, or -1 for null. */
    public int valueLength() {
        return valueLength;
    }

    public int headerCount() {
        return headerCount;
    }

    /** A copy of the key. */
    public byte @Nullable [] key() {
        return copy(keyIndex, keyLength);
    }

    /** A copy of the value. */
    public byte @Nullable [] value() {
        return copy(valueIndex, valueLength);
    }

    /** The headers, copied. */
    public List<Header> headers() {
        if (headerCount == 0) {
            return List.of();
        }
        List<Header> headers = new ArrayList<>(headerCount);
        int end = position;
        position = headersIndex;
        for (int i = 0; i < headerCount; i++) {
            byte[] key = new byte[headerKeyLength()];
            bytes.get(position, key);
            position += key.length;
            int length = length();
            headers.add(new Header(new String(key, StandardCharsets.UTF_8), copy(position, length)));
            position += Math.max(length, 0);
        }
        position = end;
        return headers;
    }

    /** Says of a header whether it is one of those looked for, by where its parts stand. */
    interface HeaderTest {
        /** Asked of each header; the value's length is -1 for null. */
        boolean test(RecordCursor record, int nameIndex, int nameLength, int valueIndex, int valueLength);
    }

    /** Whether a header passes a test; nothing is copied. */
    boolean hasHeader(HeaderTest test) {
        int end = position;
        position = headersIndex;
        boolean found = false;
        for (int i = 0; i < headerCount && !found; i++) {
            int nameLength = headerKeyLength();
            int nameIndex = position;
            position += nameLength;
            int valueLength = length();
            found = test.test(this, nameIndex, nameLength, position, valueLength);
            position += Math.max(valueLength, 0);
        }
        position = end;
        return found;
    }

    int keyIndex() {
        return keyIndex;
    }

    /** Whether these bytes stand at a place, within what was found to be the record's. */
    boolean holds(int index, byte[] wanted) {
        for (int i = 0; i < wanted.length; i++) {
            if (bytes.get(index + i) != wanted[i]) {
                return false;
            }
        }
        return true;
    }

    /** Bytes of the record as encoded, uncompressed, with its length prefix. */
    public int sizeInBytes() {
        return position - recordStart;
    }

    /** Bytes of all records of the batch, uncompressed. */
    public int recordsInBytes() {
        return bytes.limit();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            owned.release();
        }
    }

    int offsetDelta() {
        return offsetDelta;
    }

    /** Where the record begins, in {@link #copyTo}'s terms. */
    int start() {
        return recordStart;
    }

    /** Where the record ends. */
    int end() {
        return position;
    }

    void copyTo(ByteBuf target, int from, int to) {
        target.writeBytes(owned, owned.readerIndex() + from, to - from);
    }

    private byte @Nullable [] copy(int index, int length) {
        if (length < 0) {
            return null;
        }
        byte[] copy = new byte[length];
        bytes.get(index, copy);
        return copy;
    }

    /** A length of which as many bytes must follow, or -1. */
    private int length() {
        int length = varint();
        if (length < -1 || length > limit - position) {
            throw corrupt("a length of " + length + " with " + (limit - position) + " bytes left");
        }
        return length;
    }

    private int headerKeyLength() {
        int length = length();
        if (length < 0) {
            throw corrupt("a header without a key");
        }
        return length;
    }

    private int varint() {
        int result = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            byte part = take();
            result |= (part & 0x7f) << shift;
            if (part >= 0) {
                return (result >>> 1) ^ -(result & 1);
            }
        }
        throw corrupt("a varint of more than 5 bytes");
    }

    private long varlong() {
        long result = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte part = take();
            result |= (part & 0x7fL) << shift;
            if (part >= 0) {
                return (result >>> 1) ^ -(result & 1);
            }
        }
        throw corrupt("a varlong of more than 10 bytes");
    }

    private byte take() {
        if (position >= limit) {
            throw corrupt("record " + walked + " ends within a field");
        }
        return bytes.get(position++);
    }
}
