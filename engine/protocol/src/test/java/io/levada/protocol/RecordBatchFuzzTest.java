package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.levada.testgate.FuzzGate;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Whatever bytes come as a batch, in whatever buffer: it is refused with a code that is documented, or all that is made of it
 * (inflated, cut, filtered, built anew, read by Kafka) holds the same records.
 *
 * <p>An input is a byte that says how, then the batch: {@link #SEALED} sets its length and CRC, so that what is wrong with it
 * is inside.
 */
class RecordBatchFuzzTest {
    private static final int SEALED = 0x01;
    private static final int DIRECT = 0x02;
    private static final int IN_PARTS = 0x04;
    private static final int SHIFTED = 0x08;

    private static final Limits LIMITS = new Limits(1 << 10, 4 << 10, 16 << 10, 20, 1 << 10);
    /** What stands around records that were compressed is uncompressed when they are cut. */
    private static final Limits ANY =
            LIMITS.withMaxInflatedBytes(1 << 20).withMaxBatchBytes(1 << 20).withMaxRecordBytes(1 << 19);

    private static final Set<ErrorCode> REFUSALS = EnumSet.of(ErrorCode.CORRUPT_MESSAGE, ErrorCode.MESSAGE_TOO_LARGE);
    private static final Set<ErrorCode> REFUSALS_OF_PUBLISHED =
            EnumSet.of(ErrorCode.CORRUPT_MESSAGE, ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.INVALID_REQUEST);
    private static final UUID TOPIC = new UUID(1, 2);

    private final FuzzGate gate = new FuzzGate();

    @FuzzTest
    void a_batch_is_refused_or_means_the_same_to_everybody(byte[] input) {
        if (input.length == 0) {
            return;
        }
        ByteBuf batch = batch(input);
        try {
            boolean whole = RecordBatch.isWhole(batch);
            boolean published = passes(REFUSALS_OF_PUBLISHED, () -> RecordBatch.validatePublished(batch, LIMITS));
            if (passes(REFUSALS, () -> RecordBatch.validate(batch, LIMITS))) {
                assertTrue(whole, "validated, and not whole");
                tryAll(batch, published, input[0]);
            } else {
                assertTrue(!published, "not valid, and taken from a publisher");
                refused(batch, whole);
            }
        } finally {
            batch.release();
        }
        gate.settled();
    }

    private ByteBuf batch(byte[] input) {
        int how = input[0];
        int length = input.length - 1;
        int shift = (how & SHIFTED) != 0 ? 7 : 0;
        boolean direct = (how & DIRECT) != 0;
        ByteBuf bytes = direct
                ? gate.allocator().directBuffer(shift + length)
                : gate.allocator().heapBuffer(shift + length);
        bytes.writeZero(shift).writeBytes(input, 1, length).skipBytes(shift);
        if ((how & SEALED) != 0 && length >= RecordBatch.HEADER_BYTES) {
            bytes.setByte(shift + RecordBatch.MAGIC_OFFSET, RecordBatch.MAGIC);
            RecordBatch.seal(bytes);
        }
        if ((how & IN_PARTS) == 0) {
            return bytes;
        }
        CompositeByteBuf parts = gate.allocator().compositeBuffer();
        int half = length / 2;
        parts.addComponent(true, bytes.retainedSlice(shift, half));
        parts.addComponent(true, bytes.retainedSlice(shift + half, length - half));
        bytes.release();
        return parts;
    }

    private static boolean passes(Set<ErrorCode> refusals, Runnable check) {
        try {
            check.run();
            return true;
        } catch (LevadaException e) {
            assertTrue(refusals.contains(e.code()), e.line());
            return false;
        }
    }

    /** What is stored and damaged is met by readers too: they are told, and nothing worse. */
    private void refused(ByteBuf batch, boolean whole) {
        passes(REFUSALS, () -> records(batch, LIMITS));
        if (whole) {
            passes(REFUSALS, () -> RecordBatch.inflate(batch, LIMITS).release());
            passes(REFUSALS, () -> cutInPieces(batch, 2, LIMITS));
            passes(REFUSALS, () -> release(BatchFilter.filter(batch, record -> record.keyLength() < 0, LIMITS)));
        }
    }

    private static void release(@Nullable ByteBuf buffer) {
        if (buffer != null) {
            buffer.release();
        }
    }

    private void tryAll(ByteBuf batch, boolean published, int how) {
        List<StoredRecord> records = records(batch, LIMITS);
        assertEquals(RecordBatch.recordCount(batch), records.size());
        inflated(batch, records);
        same(records, cutInPieces(batch, 1 + (how >> 4 & 3), LIMITS));
        filtered(batch, records);
        if (published) {
            builtAnew(batch, records);
        }
        if (RecordBatch.compression(batch) == Compression.NONE && !RecordBatch.isControl(batch)) {
            same(records, KafkaSide.read(batch));
        }
        HeaderChecksum.stamp(TOPIC, 3, 5, batch);
        assertTrue(HeaderChecksum.matches(TOPIC, 3, batch) && !HeaderChecksum.matches(TOPIC, 4, batch));
        assertEquals(5, RecordBatch.baseOffset(batch));
    }

    private static List<StoredRecord> records(ByteBuf batch, Limits limits) {
        List<StoredRecord> records = new ArrayList<>();
        try (RecordCursor cursor = RecordCursor.open(batch, limits)) {
            assertTrue(cursor.recordsInBytes() <= LIMITS.maxInflatedBytes() + (64 << 10), "inflated without bound");
            while (cursor.next()) {
                records.add(new StoredRecord(
                        "t", 0, cursor.offset(), cursor.timestampMs(), cursor.key(), cursor.value(), cursor.headers()));
            }
        }
        return records;
    }

    private void inflated(ByteBuf batch, List<StoredRecord> records) {
        ByteBuf plain = RecordBatch.inflate(batch, LIMITS);
        try {
            RecordBatch.validate(plain, ANY);
            assertEquals(Compression.NONE, RecordBatch.compression(plain));
            assertEquals(RecordBatch.nextOffset(batch), RecordBatch.nextOffset(plain));
            same(records, records(plain, ANY));
        } finally {
            plain.release();
        }
    }

    /** All records, by cuts of so many and so few bytes that each record is cut alone now and then. */
    private static List<StoredRecord> cutInPieces(ByteBuf batch, int maxRecords, Limits limits) {
        List<StoredRecord> records = new ArrayList<>();
        long from = RecordBatch.baseOffset(batch);
        BatchCutter.Place place = null;
        while (true) {
            try (BatchCutter cutter = BatchCutter.open(batch, from, Long.MAX_VALUE, null, place, limits)) {
                if (cutter.isDone()) {
                    return records;
                }
                ByteBuf cut = cutter.cut(maxRecords, 200);
                try {
                    RecordBatch.validate(cut, ANY);
                    assertTrue(RecordBatch.recordCount(cut) <= maxRecords);
                    records.addAll(records(cut, ANY));
                } finally {
                    cut.release();
                }
                from = cutter.nextOffset();
                place = cutter.place();
            }
        }
    }

    private static void filtered(ByteBuf batch, List<StoredRecord> records) {
        List<StoredRecord> kept =
                records.stream().filter(record -> record.key() == null).toList();
        ByteBuf filtered = BatchFilter.filter(batch, record -> record.keyLength() < 0, LIMITS);
        if (filtered == null) {
            assertEquals(0, kept.size());
            return;
        }
        try {
            RecordBatch.validate(filtered, ANY);
            same(kept, records(filtered, ANY));
            assertEquals(RecordBatch.nextOffset(batch), RecordBatch.nextOffset(filtered));
        } finally {
            filtered.release();
        }
    }

    private void builtAnew(ByteBuf batch, List<StoredRecord> records) {
        if (records.stream().anyMatch(record -> record.timestampMs() < 0)) {
            return;
        }
        try (BatchBuilder builder = new BatchBuilder(gate.allocator(), RecordBatch.compression(batch), ANY)) {
            records.forEach(
                    record -> builder.append(record.timestampMs(), record.key(), record.value(), record.headers()));
            ByteBuf built = builder.build();
            try {
                RecordBatch.validatePublished(built, ANY);
                RecordBatch.stamp(built, RecordBatch.baseOffset(batch), RecordBatch.NO_LEADER_EPOCH);
                same(records, records(built, ANY));
            } finally {
                built.release();
            }
        }
    }

    private static void same(List<StoredRecord> expected, List<StoredRecord> found) {
        assertEquals(expected.size(), found.size(), "records");
        for (int i = 0; i < expected.size(); i++) {
            StoredRecord one = expected.get(i);
            StoredRecord other = found.get(i);
            boolean same = one.offset() == other.offset()
                    && one.timestampMs() == other.timestampMs()
                    && Arrays.equals(one.key(), other.key())
                    && Arrays.equals(one.value(), other.value())
                    && one.headers().equals(other.headers());
            assertTrue(same, () -> one + " has become " + other);
        }
    }
}
