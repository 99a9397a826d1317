package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;

/** What the tests here make of batches and records; a record's topic is "t" and its partition 0. */
final class Batches {
    static final ByteBufAllocator ALLOCATOR = ByteBufAllocator.DEFAULT;
    static final Limits LIMITS = Limits.DEFAULT;

    private Batches() {}

    static StoredRecord record(
            long offset, long timestampMs, byte @Nullable [] key, byte @Nullable [] value, Header... headers) {
        return new StoredRecord("t", 0, offset, timestampMs, key, value, List.of(headers));
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** One of everything a record may be: nulls, empties, headers that repeat, time going backwards. */
    static List<StoredRecord> variety() {
        return List.of(
                record(0, 1_000_000_000_000L, utf8("key"), utf8("value")),
                record(1, 1_000_000_000_005L, null, utf8("no key")),
                record(2, 999_999_999_000L, utf8("deleted"), null),
                record(3, 1_000_000_000_007L, new byte[0], new byte[0]),
                record(4, 0, null, null),
                record(
                        5,
                        1_000_000_000_008L,
                        utf8("schlüssel"),
                        utf8("a value of more than sixty-four bytes, so that its length takes a second byte"),
                        Header.of("trace", "1"),
                        Header.of("trace", "2"),
                        new Header("", null),
                        new Header("leer", new byte[0])));
    }

    /** Records with offsets from 0, of all kinds and sizes, some of which compress well. */
    static List<StoredRecord> random(RandomGenerator random, int count) {
        List<StoredRecord> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Header[] headers = new Header[random.nextInt(4) == 0 ? random.nextInt(5) : 0];
            for (int h = 0; h < headers.length; h++) {
                headers[h] = new Header("h" + random.nextInt(100), bytes(random, 20));
            }
            long timestamp =
                    random.nextInt(20) == 0 ? random.nextLong() >>> 1 : 1_700_000_000_000L + random.nextInt(9999);
            int largest = random.nextInt(30) == 0 ? 70_000 : 200;
            records.add(record(i, timestamp, bytes(random, 40), bytes(random, largest), headers));
        }
        return records;
    }

    private static byte @Nullable [] bytes(RandomGenerator random, int bound) {
        if (random.nextInt(8) == 0) {
            return null;
        }
        byte[] bytes = new byte[random.nextInt(bound)];
        if (random.nextBoolean()) {
            random.nextBytes(bytes);
        }
        return bytes;
    }

    /** A batch as a publisher makes it, to be released. */
    static ByteBuf build(Compression compression, List<StoredRecord> records) {
        try (BatchBuilder builder = new BatchBuilder(ALLOCATOR, compression, LIMITS)) {
            for (StoredRecord record : records) {
                builder.append(record.timestampMs(), record.key(), record.value(), record.headers());
            }
            return builder.build();
        }
    }

    /** The records of a batch, which is not released. */
    static List<StoredRecord> read(ByteBuf batch) {
        List<StoredRecord> records = new ArrayList<>();
        try (RecordCursor cursor = RecordCursor.open(batch, LIMITS)) {
            while (cursor.next()) {
                StoredRecord record = new StoredRecord(
                        "t", 0, cursor.offset(), cursor.timestampMs(), cursor.key(), cursor.value(), cursor.headers());
                assertEquals(record.key() == null ? -1 : record.key().length, cursor.keyLength());
                assertEquals(record.value() == null ? -1 : record.value().length, cursor.valueLength());
                assertEquals(record.headers().size(), cursor.headerCount());
                records.add(record);
            }
        }
        return records;
    }

    /** A copy in one heap buffer, which nobody needs to release. */
    static ByteBuf heap(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.getBytes(buffer.readerIndex(), bytes);
        return Unpooled.wrappedBuffer(bytes);
    }

    /** As {@link #build}, in a buffer that nobody needs to release. */
    static ByteBuf heapBatch(Compression compression, List<StoredRecord> records) {
        ByteBuf batch = build(compression, records);
        try {
            return heap(batch);
        } finally {
            batch.release();
        }
    }

    static LevadaException assertFails(ErrorCode code, Executable executable) {
        LevadaException error = assertThrows(LevadaException.class, executable);
        assertEquals(code, error.code(), error.getMessage());
        return error;
    }
}
