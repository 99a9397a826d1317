package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.StoredRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.utils.ByteUtils;
import org.junit.jupiter.api.Test;

class BatchBuilderTest {
    private static final Limits SMALL = new Limits(1 << 10, 2 << 10, 4 << 10, 2, 1 << 10);

    @Test
    void random_batches_come_back_the_same_from_every_side() {
        for (long seed = 0; seed < 150; seed++) {
            Random random = new Random(seed);
            List<StoredRecord> records = Batches.random(random, 1 + random.nextInt(60));
            Compression compression = Compression.ofId(random.nextInt(5));
            ByteBuf batch = Batches.build(compression, records);
            RecordBatch.validatePublished(batch, Batches.LIMITS);
            assertEquals(records, Batches.read(batch), "seed " + seed);
            assertEquals(records, KafkaSide.read(batch), "seed " + seed);
            assertEquals(records, cutAtRandom(batch, random), "seed " + seed);
            batch.release();
        }
    }

    private static List<StoredRecord> cutAtRandom(ByteBuf batch, Random random) {
        List<StoredRecord> records = new ArrayList<>();
        try (BatchCutter cutter = BatchCutter.open(batch, 0, Long.MAX_VALUE, Batches.LIMITS)) {
            while (!cutter.isDone()) {
                ByteBuf cut = cutter.cut(1 + random.nextInt(10), random.nextInt(3_000));
                RecordBatch.validate(cut, Batches.LIMITS);
                records.addAll(Batches.read(cut));
                cut.release();
            }
        }
        return records;
    }

    @Test
    void it_can_be_used_again_and_again() {
        try (BatchBuilder builder = new BatchBuilder(Batches.ALLOCATOR, Compression.LZ4, Batches.LIMITS)) {
            for (int round = 1; round <= 3; round++) {
                assertEquals(0, builder.count());
                assertEquals(RecordBatch.HEADER_BYTES, builder.sizeInBytes());
                for (int i = 0; i < round; i++) {
                    builder.append(round, null, new byte[100], List.of());
                }
                assertEquals(round, builder.count());
                ByteBuf batch = builder.build();
                RecordBatch.validatePublished(batch, Batches.LIMITS);
                assertEquals(round, RecordBatch.recordCount(batch));
                assertEquals(round, RecordBatch.baseTimestamp(batch));
                batch.release();
            }
            assertThrows(IllegalStateException.class, builder::build);
            builder.append(1, null, null, List.of()); // dropped by close, or the gate says so
        }
    }

    @Test
    void its_size_is_that_of_the_uncompressed_batch() {
        try (BatchBuilder builder = new BatchBuilder(Batches.ALLOCATOR, Compression.NONE, Batches.LIMITS)) {
            for (StoredRecord record : Batches.random(new Random(2), 500)) {
                builder.append(record.timestampMs(), record.key(), record.value(), record.headers());
            }
            int size = builder.sizeInBytes();
            ByteBuf batch = builder.build();
            assertEquals(size, batch.readableBytes());
            int records = 0;
            try (RecordCursor cursor = RecordCursor.open(batch, Batches.LIMITS)) {
                while (cursor.next()) {
                    records += cursor.sizeInBytes();
                }
                assertEquals(records, cursor.recordsInBytes());
            }
            assertEquals(size, RecordBatch.HEADER_BYTES + records);
            batch.release();
        }
    }

    @Test
    void what_is_too_large_changes_nothing() {
        try (BatchBuilder builder = new BatchBuilder(Batches.ALLOCATOR, Compression.NONE, SMALL)) {
            builder.append(1, null, new byte[1_000], List.of());
            int size = builder.sizeInBytes();
            // Two bytes for the record's length, one each for attributes, deltas and header count, one and two for
            // lengths.
            int overhead = 9;
            Batches.assertFails(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    () -> builder.append(1, null, new byte[1_024 - overhead + 1], List.of()));
            Batches.assertFails(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    () -> builder.append(
                            1, null, null, List.of(Header.of("a", ""), Header.of("b", ""), Header.of("c", ""))));
            Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> builder.append(-1, null, null, List.of()));
            assertEquals(size, builder.sizeInBytes());
            builder.append(1, null, new byte[800], List.of());
            Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> builder.append(1, null, new byte[200], List.of()));
            assertEquals(2, builder.count());
            ByteBuf batch = builder.build();
            RecordBatch.validatePublished(batch, SMALL);
            batch.release();
            builder.append(1, null, new byte[1_024 - overhead], List.of());
            ByteBuf full = builder.build();
            RecordBatch.validatePublished(full, SMALL);
            full.release();
        }
    }

    @Test
    void text_that_is_no_unicode_still_makes_a_valid_record() {
        Header half = new Header("half \ud800 of a pair", null);
        ByteBuf batch = Batches.heapBatch(Compression.NONE, List.of(Batches.record(0, 1, null, null, half)));
        RecordBatch.validatePublished(batch, Batches.LIMITS);
        assertEquals(
                "half ? of a pair", Batches.read(batch).get(0).headers().get(0).key());
    }

    @Test
    void varints_have_the_sizes_that_kafka_gives_them() {
        for (int shift = 0; shift < 64; shift++) {
            for (long near = -1; near <= 1; near++) {
                long value = (1L << shift) + near;
                for (long signed : new long[] {value, -value}) {
                    assertEquals(ByteUtils.sizeOfVarlong(signed), Varint.sizeOf(signed));
                    assertEquals(ByteUtils.sizeOfVarint((int) signed), Varint.sizeOf((int) signed));
                    ByteBuf bytes = Unpooled.buffer();
                    Varint.write(bytes, signed);
                    assertEquals(Varint.sizeOf(signed), bytes.readableBytes());
                    assertEquals(signed, ByteUtils.readVarlong(bytes.nioBuffer()));
                    bytes.clear();
                    Varint.write(bytes, (int) signed);
                    assertEquals(Varint.sizeOf((int) signed), bytes.readableBytes());
                    assertEquals((int) signed, ByteUtils.readVarint(bytes.nioBuffer()));
                }
            }
        }
    }
}
