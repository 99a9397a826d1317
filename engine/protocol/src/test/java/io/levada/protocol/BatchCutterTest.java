package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.Match;
import io.levada.StoredRecord;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BatchCutterTest {
    private static final long BASE = 1_000;
    private static final int COUNT = 8;

    @ParameterizedTest
    @EnumSource
    void every_range_in_every_portion_gives_its_records(Compression compression) {
        List<StoredRecord> all = records();
        ByteBuf batch = stored(compression, all);
        for (long from = BASE - 1; from <= BASE + COUNT; from++) {
            for (long to = from; to <= BASE + COUNT + 1; to++) {
                for (int portion = 1; portion <= COUNT; portion += portion) {
                    List<StoredRecord> cut = cutAll(batch, from, to, portion, Long.MAX_VALUE);
                    int first = (int) Math.min(COUNT, Math.max(0, from - BASE));
                    int last = (int) Math.min(COUNT, Math.max(0, to - BASE));
                    assertEquals(all.subList(first, Math.max(first, last)), cut, from + " to " + to);
                }
            }
        }
    }

    private static List<StoredRecord> cutAll(ByteBuf batch, long from, long to, int maxRecords, long maxBytes) {
        List<StoredRecord> records = new ArrayList<>();
        try (BatchCutter cutter = BatchCutter.open(batch, from, to, Batches.LIMITS)) {
            while (!cutter.isDone()) {
                long expected = cutter.nextOffset();
                ByteBuf cut = cutter.cut(maxRecords, maxBytes);
                RecordBatch.validate(cut, Batches.LIMITS);
                List<StoredRecord> part = Batches.read(cut);
                assertEquals(expected, part.get(0).offset());
                assertEquals(part.size(), RecordBatch.recordCount(cut));
                assertTrue(part.size() <= maxRecords);
                assertEquals(BASE, RecordBatch.baseOffset(cut));
                assertTrue(cutter.nextOffset() >= RecordBatch.nextOffset(cut));
                assertEquals(
                        part.stream().mapToLong(StoredRecord::timestampMs).max().orElseThrow(),
                        RecordBatch.maxTimestamp(cut));
                records.addAll(part);
                cut.release();
            }
        }
        return records;
    }

    @Test
    void bytes_bound_a_cut_but_for_its_first_record() {
        ByteBuf batch = stored(Compression.NONE, records());
        try (BatchCutter cutter = BatchCutter.open(batch, 0, Long.MAX_VALUE, Batches.LIMITS)) {
            int one = RecordBatch.HEADER_BYTES + cutter.nextRecordBytes();
            for (long tooFew : new long[] {0, 1, one - 1, one}) {
                ByteBuf cut = cutter.cut(COUNT, tooFew);
                assertEquals(1, RecordBatch.recordCount(cut));
                cut.release();
            }
            int size = cutter.nextRecordBytes();
            ByteBuf two = cutter.cut(COUNT, RecordBatch.HEADER_BYTES + 3L * size - 1);
            assertEquals(2, RecordBatch.recordCount(two));
            assertEquals(RecordBatch.HEADER_BYTES + 2 * size, two.readableBytes());
            two.release();
            ByteBuf rest = cutter.cut(COUNT, Long.MAX_VALUE);
            assertEquals(COUNT - 6, RecordBatch.recordCount(rest));
            rest.release();
            assertEquals(0, cutter.nextRecordBytes());
        }
        assertEquals(records(), cutAll(batch, 0, Long.MAX_VALUE, COUNT, 1));
    }

    @Test
    void the_last_cut_reaches_over_the_hole_behind_it() {
        ByteBuf batch = stored(Compression.NONE, records());
        batch.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, COUNT + 10);
        RecordBatch.seal(batch);
        try (BatchCutter cutter = BatchCutter.open(batch, 0, Long.MAX_VALUE, Batches.LIMITS)) {
            assertNextOffset(BASE + 5, cutter.cut(5, Long.MAX_VALUE));
            assertNextOffset(BASE + COUNT + 11, cutter.cut(COUNT, Long.MAX_VALUE));
            assertEquals(BASE + COUNT + 11, cutter.nextOffset());
        }
        try (BatchCutter cutter = BatchCutter.open(batch, 0, BASE + COUNT + 3, Batches.LIMITS)) {
            assertNextOffset(BASE + COUNT + 3, cutter.cut(COUNT, Long.MAX_VALUE));
            assertTrue(cutter.isDone());
            assertEquals(BASE + COUNT + 3, cutter.nextOffset());
        }
    }

    private static void assertNextOffset(long expected, ByteBuf cut) {
        RecordBatch.validate(cut, Batches.LIMITS);
        assertEquals(expected, RecordBatch.nextOffset(cut));
        cut.release();
    }

    @Test
    void it_outlives_the_buffer_it_was_opened_on() {
        for (Compression compression : Compression.values()) {
            ByteBuf batch = Batches.build(compression, records());
            BatchCutter cutter = BatchCutter.open(batch, 0, Long.MAX_VALUE, Batches.LIMITS);
            batch.release();
            ByteBuf cut = cutter.cut(COUNT, Long.MAX_VALUE);
            cutter.close();
            cutter.close();
            assertEquals(COUNT, Batches.read(cut).size());
            cut.release();
            assertEquals(0, batch.refCnt());
        }
    }

    @ParameterizedTest
    @EnumSource
    void opened_again_at_its_place_it_goes_on_as_if_it_had_not_been_closed(Compression compression) {
        ByteBuf batch = stored(compression, records());
        RecordTest even = record -> record.offset() % 2 == 0;
        for (RecordTest wanted : new RecordTest[] {null, even}) {
            for (int portion = 1; portion < COUNT; portion++) {
                assertEquals(cutOpen(batch, wanted, portion), cutClosing(batch, wanted, portion));
            }
        }
    }

    private static List<StoredRecord> cutOpen(ByteBuf batch, @Nullable RecordTest wanted, int portion) {
        List<StoredRecord> records = new ArrayList<>();
        try (BatchCutter cutter = open(batch, wanted, null)) {
            while (!cutter.isDone()) {
                records.addAll(readAndRelease(cutter.cut(portion, Long.MAX_VALUE)));
            }
        }
        return records;
    }

    private static List<StoredRecord> cutClosing(ByteBuf batch, @Nullable RecordTest wanted, int portion) {
        List<StoredRecord> records = new ArrayList<>();
        BatchCutter.Place place = null;
        do {
            try (BatchCutter cutter = open(batch, wanted, place)) {
                records.addAll(readAndRelease(cutter.cut(portion, Long.MAX_VALUE)));
                place = cutter.place();
            }
        } while (place != null);
        return records;
    }

    private static BatchCutter open(ByteBuf batch, @Nullable RecordTest wanted, BatchCutter.@Nullable Place place) {
        return BatchCutter.open(batch, 0, Long.MAX_VALUE, wanted, place, Batches.LIMITS);
    }

    private static List<StoredRecord> readAndRelease(ByteBuf cut) {
        List<StoredRecord> records = Batches.read(cut);
        cut.release();
        return records;
    }

    @Test
    void a_place_in_another_batch_says_nothing() {
        ByteBuf batch = stored(Compression.NONE, records());
        ByteBuf compacted = stored(Compression.NONE, records().subList(2, COUNT));
        try (BatchCutter cutter = open(batch, null, null)) {
            cutter.cut(4, Long.MAX_VALUE).release();
            try (BatchCutter other = open(compacted, null, cutter.place())) {
                assertEquals(Batches.read(compacted), readAndRelease(other.cut(COUNT, Long.MAX_VALUE)));
            }
        }
    }

    @Test
    void append_time_is_kept() {
        ByteBuf batch = KafkaSide.write(Compression.LZ4, TimestampType.LOG_APPEND_TIME, BASE, records());
        try (BatchCutter cutter = BatchCutter.open(batch, BASE + 3, Long.MAX_VALUE, Batches.LIMITS)) {
            ByteBuf cut = cutter.cut(2, Long.MAX_VALUE);
            assertEquals(Batches.read(batch).subList(3, 5), Batches.read(cut));
            assertTrue(RecordBatch.isAppendTime(cut));
            cut.release();
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_filter_leaves_records_out_in_every_pattern_and_portion(Compression compression) {
        for (int pattern = 0; pattern < 1 << COUNT; pattern++) {
            List<StoredRecord> all = new ArrayList<>();
            List<StoredRecord> wanted = new ArrayList<>();
            for (int i = 0; i < COUNT; i++) {
                boolean one = (pattern >> i & 1) == 1;
                StoredRecord record = Batches.record(BASE + i, 10 + i, Batches.utf8(one ? "yes" : "no"), new byte[i]);
                all.add(record);
                if (one) {
                    wanted.add(record);
                }
            }
            ByteBuf batch = stored(compression, all);
            for (int portion = 1; portion <= COUNT; portion += portion) {
                assertEquals(wanted, cutWanted(batch, portion));
            }
        }
    }

    /** Those with the key "yes"; each cut has to reach up to the next, and the last to the end of the batch. */
    private static List<StoredRecord> cutWanted(ByteBuf batch, int portion) {
        List<StoredRecord> records = new ArrayList<>();
        RecordFilter filter = RecordFilter.of(Filter.byKey(Match.is("yes")));
        try (BatchCutter cutter = BatchCutter.open(batch, 0, Long.MAX_VALUE, filter, null, Batches.LIMITS)) {
            while (!cutter.isDone()) {
                ByteBuf cut = cutter.cut(portion, Long.MAX_VALUE);
                RecordBatch.validate(cut, Batches.LIMITS);
                assertEquals(cutter.nextOffset(), RecordBatch.nextOffset(cut));
                records.addAll(Batches.read(cut));
                cut.release();
            }
            assertEquals(BASE + COUNT, cutter.nextOffset());
        }
        return records;
    }

    @Test
    void when_done_there_is_nothing_to_cut() {
        ByteBuf batch = stored(Compression.NONE, records());
        try (BatchCutter cutter = BatchCutter.open(batch, BASE + COUNT, Long.MAX_VALUE, Batches.LIMITS)) {
            assertTrue(cutter.isDone());
            assertThrows(IllegalStateException.class, () -> cutter.cut(1, 1));
        }
        try (BatchCutter cutter = BatchCutter.open(batch, BASE, Long.MAX_VALUE, Batches.LIMITS)) {
            assertFalse(cutter.isDone());
            assertThrows(IllegalStateException.class, () -> cutter.cut(0, 1));
        }
    }

    @Test
    void damage_is_an_error_and_leaks_nothing() {
        ByteBuf batch = Batches.build(Compression.NONE, records());
        batch.setByte(RecordBatch.HEADER_BYTES, 0x7e);
        Batches.assertFails(
                ErrorCode.CORRUPT_MESSAGE, () -> BatchCutter.open(batch, 0, Long.MAX_VALUE, Batches.LIMITS));
        batch.setShort(RecordBatch.ATTRIBUTES_OFFSET, Compression.ZSTD.id());
        Batches.assertFails(
                ErrorCode.CORRUPT_MESSAGE, () -> BatchCutter.open(batch, 0, Long.MAX_VALUE, Batches.LIMITS));
        assertEquals(1, batch.refCnt());
        batch.release();
    }

    private static List<StoredRecord> records() {
        List<StoredRecord> records = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            records.add(Batches.record(BASE + i, 10 + (i * 7) % 5, Batches.utf8("same"), new byte[50]));
        }
        return records;
    }

    private static ByteBuf stored(Compression compression, List<StoredRecord> records) {
        ByteBuf batch = Batches.heapBatch(compression, records);
        RecordBatch.stamp(batch, BASE, 77);
        return batch;
    }
}
