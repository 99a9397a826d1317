package io.levada.protocol;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * A batch of records as it is stored and sent: Kafka's record batch, format version 2 (magic 2), seen through a buffer.
 * The format is Kafka's, described in its documentation under "Message Format"; engine/docs/FORMAT.md tells what Levada
 * makes of it. All integers are big-endian.
 *
 * <pre>
 *   0                   8                 12                16    17
 *   +-------------------+-----------------+-----------------+-----+--------------+
 *   |    base offset    |     length      |   leader epoch  |magic|    CRC32C    |
 *   |        i64        |  i32, from here |  i32, our header|  2  | u32, from 21 |
 *   |                   |    on, from 12  |     checksum    |     |    to the end|
 *   +----------+--------+--------+--------+------+----------+-----+----+---------+
 *   21         23                27              35                    43
 *   +----------+-----------------+---------------+---------------------+
 *   |attributes|last offset delta| base timestamp|    max timestamp    |
 *   |   i16    |       i32       |      i64      |        i64          |
 *   +----------+----------+------+--------+------+--------+------------+
 *   43                    51              53              57           61
 *   +---------------------+---------------+---------------+------------+---------
 *   |     producer id     | producer epoch| base sequence | count      | records, compressed
 *   |        i64          |      i16      |     i32       |    i32     | as one if a codec is set
 *   +---------------------+---------------+---------------+------------+---------
 *
 *   attributes: bits 0-2 codec, 3 timestamp type (0 create time, 1 append time), 4 transactional, 5 control,
 *               6 base timestamp is a delete horizon, 7-15 unused
 *   record:     varint length of what follows, i8 attributes (unused), varlong timestamp delta, varint offset delta,
 *               varint key length (-1: null), key, varint value length (-1: null), value, varint header count,
 *               for each header: varint key length, key (UTF-8), varint value length (-1: null), value
 *   varints:    zigzag, seven bits to a byte, least significant group first
 * </pre>
 *
 * All methods are stateless, take indexes relative to the reader index, which they leave alone, and are safe for any
 * thread as long as nobody writes to the buffer. The plain accessors expect at least {@link #HEADER_BYTES} readable bytes
 * and check nothing more: hold what comes from outside against {@link #validate} or {@link #verify} first.
 */
public final class RecordBatch {
    public static final byte MAGIC = 2;

    public static final int BASE_OFFSET_OFFSET = 0;
    public static final int LENGTH_OFFSET = 8;
    public static final int LEADER_EPOCH_OFFSET = 12;
    public static final int MAGIC_OFFSET = 16;
    public static final int CRC_OFFSET = 17;
    public static final int ATTRIBUTES_OFFSET = 21;
    public static final int LAST_OFFSET_DELTA_OFFSET = 23;
    public static final int BASE_TIMESTAMP_OFFSET = 27;
    public static final int MAX_TIMESTAMP_OFFSET = 35;
    public static final int PRODUCER_ID_OFFSET = 43;
    public static final int PRODUCER_EPOCH_OFFSET = 51;
    public static final int BASE_SEQUENCE_OFFSET = 53;
    public static final int COUNT_OFFSET = 57;

    /** Bytes before the records: 61. */
    public static final int HEADER_BYTES = 61;

    /** Bytes that must be there to know how long a batch is: base offset and length, 12. */
    public static final int PREFIX_BYTES = LEADER_EPOCH_OFFSET;

    public static final long NO_PRODUCER_ID = -1;
    public static final short NO_PRODUCER_EPOCH = -1;
    public static final int NO_SEQUENCE = -1;
    public static final int NO_LEADER_EPOCH = -1;

    static final int CODEC_MASK = 0x07;
    static final int APPEND_TIME_FLAG = 0x08;
    static final int TRANSACTIONAL_FLAG = 0x10;
    static final int CONTROL_FLAG = 0x20;
    static final int DELETE_HORIZON_FLAG = 0x40;
    static final int KNOWN_ATTRIBUTES = 0x7f;

    private RecordBatch() {}

    /**
     * Bytes of the whole batch, from its first {@link #PREFIX_BYTES}; the rest of it need not be there yet. Fails with
     * {@link ErrorCode#CORRUPT_MESSAGE} where there are fewer, or for a length that no batch can have.
     */
    public static int sizeInBytes(ByteBuf batch) {
        if (batch.readableBytes() < PREFIX_BYTES) {
            throw corrupt(batch.readableBytes() + " bytes are too few to tell the length of a batch");
        }
        int length = batch.getInt(batch.readerIndex() + LENGTH_OFFSET);
        if (length < HEADER_BYTES - PREFIX_BYTES || length > Integer.MAX_VALUE - PREFIX_BYTES) {
            throw corrupt("a batch cannot have length " + length);
        }
        return PREFIX_BYTES + length;
    }

    public static long baseOffset(ByteBuf batch) {
        return batch.getLong(batch.readerIndex() + BASE_OFFSET_OFFSET);
    }

    /** The offset of the last record, or, after compaction, of the last there was. */
    public static long lastOffset(ByteBuf batch) {
        return baseOffset(batch) + lastOffsetDelta(batch);
    }

    /** The first offset behind the batch. */
    public static long nextOffset(ByteBuf batch) {
        return lastOffset(batch) + 1;
    }

    public static int lastOffsetDelta(ByteBuf batch) {
        return batch.getInt(batch.readerIndex() + LAST_OFFSET_DELTA_OFFSET);
    }

    public static int recordCount(ByteBuf batch) {
        return batch.getInt(batch.readerIndex() + COUNT_OFFSET);
    }

    /** The codec; fails with {@link ErrorCode#CORRUPT_MESSAGE} for an unknown one. */
    public static Compression compression(ByteBuf batch) {
        return Compression.ofId(attributes(batch) & CODEC_MASK);
    }

    /** Milliseconds since the epoch to which the records' timestamp deltas are added. */
    public static long baseTimestamp(ByteBuf batch) {
        return batch.getLong(batch.readerIndex() + BASE_TIMESTAMP_OFFSET);
    }

    /** The largest timestamp in the batch, in ms since the epoch; with append time that of every record. */
    public static long maxTimestamp(ByteBuf batch) {
        return batch.getLong(batch.readerIndex() + MAX_TIMESTAMP_OFFSET);
    }

    /** The stored CRC32C, of everything from the attributes to the end. */
    public static int crc(ByteBuf batch) {
        return batch.getInt(batch.readerIndex() + CRC_OFFSET);
    }

    public static short attributes(ByteBuf batch) {
        return batch.getShort(batch.readerIndex() + ATTRIBUTES_OFFSET);
    }

    public static byte magic(ByteBuf batch) {
        return batch.getByte(batch.readerIndex() + MAGIC_OFFSET);
    }

    /** The slot that Kafka calls the partition leader epoch; Levada's log keeps {@link HeaderChecksum} there. */
    public static int leaderEpochSlot(ByteBuf batch) {
        return batch.getInt(batch.readerIndex() + LEADER_EPOCH_OFFSET);
    }

    public static long producerId(ByteBuf batch) {
        return batch.getLong(batch.readerIndex() + PRODUCER_ID_OFFSET);
    }

    public static short producerEpoch(ByteBuf batch) {
        return batch.getShort(batch.readerIndex() + PRODUCER_EPOCH_OFFSET);
    }

    public static int baseSequence(ByteBuf batch) {
        return batch.getInt(batch.readerIndex() + BASE_SEQUENCE_OFFSET);
    }

    /** Whether every record has the time of its append, which is the maximum timestamp, and not its publisher's. */
    public static boolean isAppendTime(ByteBuf batch) {
        return (attributes(batch) & APPEND_TIME_FLAG) != 0;
    }

    public static boolean isTransactional(ByteBuf batch) {
        return (attributes(batch) & TRANSACTIONAL_FLAG) != 0;
    }

    /** Whether the records are Kafka's own marks (commit, abort, leader change), which no application is to see. */
    public static boolean isControl(ByteBuf batch) {
        return (attributes(batch) & CONTROL_FLAG) != 0;
    }

    /** Writes a batch's place into it; neither field is covered by the CRC, so nothing else changes. */
    public static void stamp(ByteBuf batch, long baseOffset, int leaderEpochSlot) {
        batch.setLong(batch.readerIndex() + BASE_OFFSET_OFFSET, baseOffset);
        batch.setInt(batch.readerIndex() + LEADER_EPOCH_OFFSET, leaderEpochSlot);
    }

    /**
     * Makes a batch one of an idempotent producer, and sets its CRC anew.
     *
     * @param producerId 0 or more
     * @param epoch 0 or more
     * @param baseSequence of the first record, 0 or more; each record has the next one, and after 2^31-1 comes 0
     */
    public static void setProducer(ByteBuf batch, long producerId, short epoch, int baseSequence) {
        batch.setLong(batch.readerIndex() + PRODUCER_ID_OFFSET, producerId);
        batch.setShort(batch.readerIndex() + PRODUCER_EPOCH_OFFSET, epoch);
        batch.setInt(batch.readerIndex() + BASE_SEQUENCE_OFFSET, baseSequence);
        seal(batch);
    }

    /**
     * A batch without records that stands for offsets of which none is there any more, to be released by the caller.
     *
     * @param next behind the last of them; above base
     */
    public static ByteBuf empty(ByteBufAllocator allocator, long base, long next) {
        ByteBuf batch = allocator.directBuffer(HEADER_BYTES, HEADER_BYTES).writeZero(HEADER_BYTES);
        batch.setLong(BASE_OFFSET_OFFSET, base);
        batch.setInt(LEADER_EPOCH_OFFSET, NO_LEADER_EPOCH);
        batch.setByte(MAGIC_OFFSET, MAGIC);
        batch.setInt(LAST_OFFSET_DELTA_OFFSET, Math.toIntExact(next - base - 1));
        batch.setLong(PRODUCER_ID_OFFSET, NO_PRODUCER_ID);
        batch.setShort(PRODUCER_EPOCH_OFFSET, NO_PRODUCER_EPOCH);
        batch.setInt(BASE_SEQUENCE_OFFSET, NO_SEQUENCE);
        seal(batch);
        return batch;
    }

    /** The sequence behind so many records from one on. */
    public static int nextSequence(int baseSequence, int records) {
        return (baseSequence + records) & Integer.MAX_VALUE;
    }

    /** Whether {@link #verify} finds nothing wrong with a batch. */
    public static boolean isWhole(ByteBuf batch) {
        try {
            verify(batch);
            return true;
        } catch (LevadaException e) {
            return false;
        }
    }

    /**
     * Holds a whole batch against its CRC, its header's own rules and the readable bytes, without looking at the records:
     * what a reader of stored batches does, since they were validated on their way in. Fails with {@link
     * ErrorCode#CORRUPT_MESSAGE}.
     */
    public static void verify(ByteBuf batch) {
        int size = sizeInBytes(batch);
        if (size != batch.readableBytes()) {
            throw corrupt("a batch of " + size + " bytes in " + batch.readableBytes());
        }
        if (magic(batch) != MAGIC) {
            throw corrupt("magic is " + magic(batch) + ", only 2 is read");
        }
        int computed = computeCrc(batch);
        if (computed != crc(batch)) {
            throw corrupt("CRC32C is %08x, the batch says %08x".formatted(computed, crc(batch)));
        }
        verifyHeader(batch);
    }

    private static void verifyHeader(ByteBuf batch) {
        int attributes = attributes(batch);
        if ((attributes & ~KNOWN_ATTRIBUTES) != 0) {
            throw corrupt("unknown attributes 0x%04x".formatted(attributes & 0xffff));
        }
        Compression.ofId(attributes & CODEC_MASK);
        int delta = lastOffsetDelta(batch);
        int count = recordCount(batch);
        if (delta < 0 || count < 0 || count > delta + 1L) {
            throw corrupt(count + " records with a last offset delta of " + delta);
        }
        long base = baseOffset(batch);
        if (base < 0 || base > Long.MAX_VALUE - 1 - delta) {
            throw corrupt("base offset " + base + " with a last offset delta of " + delta);
        }
    }

    /**
     * Holds a batch against everything that can be told from itself: {@link #verify}, the limits, and a walk over its
     * records, inflated if need be, whose lengths must lead exactly to the end and whose offset deltas must ascend.
     * Fails with {@link ErrorCode#CORRUPT_MESSAGE} or {@link ErrorCode#MESSAGE_TOO_LARGE}.
     */
    public static void validate(ByteBuf batch, Limits limits) {
        checkSize(batch, limits);
        verify(batch);
        try (RecordCursor cursor = RecordCursor.open(batch, limits)) {
            while (cursor.next()) {} // walking is the check
        }
    }

    /**
     * As {@link #validate}, and what a publisher must keep besides: at least one record; offset deltas 0, 1, 2 and so on;
     * no record above the limits; the true maximum timestamp; and, failing with {@link ErrorCode#INVALID_REQUEST},
     * neither a control or transactional batch nor one with append time, and a producer with epoch and sequence or none.
     */
    public static void validatePublished(ByteBuf batch, Limits limits) {
        checkSize(batch, limits);
        verify(batch);
        if ((attributes(batch) & ~CODEC_MASK) != 0) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "a published batch may set no attribute but its codec (control, transactional, append time)");
        }
        checkProducer(batch);
        int count = recordCount(batch);
        // Deltas ascend from 0 to at most the last one, so this makes them consecutive.
        if (count == 0 || lastOffsetDelta(batch) != count - 1) {
            throw corrupt(count + " records published with a last offset delta of " + lastOffsetDelta(batch));
        }
        long maxTimestamp = Long.MIN_VALUE;
        try (RecordCursor cursor = RecordCursor.open(batch, limits)) {
            while (cursor.next()) {
                checkRecord(cursor.sizeInBytes(), cursor.headerCount(), limits);
                maxTimestamp = Math.max(maxTimestamp, cursor.timestampMs());
            }
        }
        if (maxTimestamp != maxTimestamp(batch)) {
            throw corrupt("maximum timestamp is " + maxTimestamp + ", the batch says " + maxTimestamp(batch));
        }
    }

    private static void checkProducer(ByteBuf batch) {
        long id = producerId(batch);
        short epoch = producerEpoch(batch);
        int sequence = baseSequence(batch);
        boolean none = id == NO_PRODUCER_ID && epoch == NO_PRODUCER_EPOCH && sequence == NO_SEQUENCE;
        if (!none && (id < 0 || epoch < 0 || sequence < 0)) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "producer " + id + ", epoch " + epoch + ", sequence " + sequence
                            + ": each is 0 or more, or all are -1");
        }
    }

    /**
     * An equal batch without compression (same records, offsets, timestamps; no header checksum), to be released by the
     * caller; the batch itself, retained, where it has none. Expects a verified batch; fails with {@link
     * ErrorCode#MESSAGE_TOO_LARGE} beyond {@link Limits#maxInflatedBytes}, and {@link ErrorCode#CORRUPT_MESSAGE}.
     */
    public static ByteBuf inflate(ByteBuf batch, Limits limits) {
        Compression compression = compression(batch);
        if (compression == Compression.NONE) {
            return batch.retainedSlice();
        }
        ByteBuf plain = batch.alloc().directBuffer(HEADER_BYTES + RecordCodec.guessInflatedBytes(batch, limits));
        try {
            plain.writeBytes(batch, batch.readerIndex(), HEADER_BYTES);
            RecordCodec.of(compression).inflate(records(batch), plain, limits.maxInflatedBytes());
            plain.setInt(LEADER_EPOCH_OFFSET, NO_LEADER_EPOCH);
            plain.setShort(ATTRIBUTES_OFFSET, attributes(batch) & ~CODEC_MASK);
            seal(plain);
            return plain.retain();
        } finally {
            plain.release();
        }
    }

    /** The bytes behind the header: a view, not retained. */
    static ByteBuf records(ByteBuf batch) {
        return batch.slice(batch.readerIndex() + HEADER_BYTES, batch.readableBytes() - HEADER_BYTES);
    }

    /** Sets length and CRC, the last step of making a batch. */
    static void seal(ByteBuf batch) {
        batch.setInt(batch.readerIndex() + LENGTH_OFFSET, batch.readableBytes() - PREFIX_BYTES);
        batch.setInt(batch.readerIndex() + CRC_OFFSET, computeCrc(batch));
    }

    static int computeCrc(ByteBuf batch) {
        CRC32C crc = new CRC32C();
        int from = batch.readerIndex() + ATTRIBUTES_OFFSET;
        int length = batch.readableBytes() - ATTRIBUTES_OFFSET;
        if (batch.nioBufferCount() == 1) {
            crc.update(batch.nioBuffer(from, length));
        } else {
            for (ByteBuffer part : batch.nioBuffers(from, length)) {
                crc.update(part);
            }
        }
        return (int) crc.getValue();
    }

    static void checkRecord(long bytes, int headers, Limits limits) {
        if (bytes > limits.maxRecordBytes()) {
            throw new LevadaException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "a record of " + bytes + " bytes; at most " + limits.maxRecordBytes() + " are taken");
        }
        if (headers > limits.maxHeaders()) {
            throw new LevadaException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "a record with " + headers + " headers; at most " + limits.maxHeaders() + " are taken");
        }
    }

    private static void checkSize(ByteBuf batch, Limits limits) {
        if (batch.readableBytes() > limits.maxBatchBytes()) {
            throw new LevadaException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "a batch of " + batch.readableBytes() + " bytes; at most " + limits.maxBatchBytes() + " are taken");
        }
    }

    static LevadaException corrupt(String what) {
        return new LevadaException(ErrorCode.CORRUPT_MESSAGE, what);
    }
}
