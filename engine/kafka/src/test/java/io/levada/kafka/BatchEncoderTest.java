package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Header;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Batches are what the consumer gave, at the same offsets, and stand for every offset of the stretch. */
final class BatchEncoderTest {
    private final BatchEncoder encoder = new BatchEncoder(ByteBufAllocator.DEFAULT, Limits.DEFAULT);

    /** A record of a batch. */
    private record Seen(
            long offset, long timestampMs, byte @Nullable [] key, byte @Nullable [] value, List<Header> headers) {}

    private record Stretch(long from, long next, List<Seen> records) {}

    private static ConsumerRecord<byte[], byte[]> record(
            long offset, long timestampMs, byte @Nullable [] key, byte @Nullable [] value, RecordHeader... headers) {
        return new ConsumerRecord<>(
                "t",
                0,
                offset,
                timestampMs,
                TimestampType.CREATE_TIME,
                key == null ? -1 : key.length,
                value == null ? -1 : value.length,
                key,
                value,
                new RecordHeaders(headers),
                Optional.empty());
    }

    private static List<ConsumerRecord<byte[], byte[]>> at(int size, long... offsets) {
        return LongStream.of(offsets)
                .mapToObj(offset -> record(offset, 1_000 + offset, null, new byte[size]))
                .toList();
    }

    /** What is made, after seeing that it is sound, and that nothing lies between two batches. */
    private List<Stretch> encode(List<ConsumerRecord<byte[], byte[]>> records, long from, long to) {
        List<Stretch> stretches = new ArrayList<>();
        encoder.encode(records, from, to, (first, next, batch) -> {
            try {
                stretches.add(new Stretch(first, next, read(batch)));
            } finally {
                batch.release();
            }
        });
        long next = from;
        for (Stretch each : stretches) {
            assertEquals(next, each.from());
            assertTrue(each.records().stream().allMatch(r -> r.offset() >= each.from() && r.offset() < each.next()));
            next = each.next();
        }
        assertEquals(Math.max(from, to), next);
        return stretches;
    }

    private static List<Seen> read(ByteBuf batch) {
        RecordBatch.verify(batch);
        List<Seen> seen = new ArrayList<>();
        try (RecordCursor cursor = RecordCursor.open(batch, Limits.DEFAULT)) {
            while (cursor.next()) {
                seen.add(new Seen(
                        cursor.offset(), cursor.timestampMs(), cursor.key(), cursor.value(), cursor.headers()));
            }
        }
        return seen;
    }

    private static List<Long> offsets(List<Stretch> stretches) {
        return stretches.stream()
                .flatMap(each -> each.records().stream())
                .map(Seen::offset)
                .toList();
    }

    @Test
    void keys_values_headers_and_times_are_as_they_were() {
        byte[] key = "k".getBytes(StandardCharsets.UTF_8);
        RecordHeader header = new RecordHeader("h", new byte[] {1, 2});
        RecordHeader without = new RecordHeader("n", (byte[]) null);
        List<Seen> seen = encode(
                        List.of(record(5, 42, key, null, header, without), record(6, 41, null, new byte[0])), 5, 7)
                .get(0)
                .records();
        assertEquals(2, seen.size());
        assertArrayEquals(key, seen.get(0).key());
        assertEquals(null, seen.get(0).value());
        assertEquals(
                List.of(new Header("h", new byte[] {1, 2}), new Header("n", null)),
                seen.get(0).headers());
        assertEquals(42, seen.get(0).timestampMs());
        assertEquals(null, seen.get(1).key());
        assertArrayEquals(new byte[0], seen.get(1).value());
        assertEquals(41, seen.get(1).timestampMs());
    }

    /** Before there were times, records had -1. */
    @Test
    void a_record_without_a_time_is_as_old_as_can_be() {
        assertEquals(
                0,
                encode(List.of(record(0, -1, null, new byte[1])), 0, 1)
                        .get(0)
                        .records()
                        .get(0)
                        .timestampMs());
    }

    @Test
    void holes_before_between_and_behind_stay_holes() {
        List<Stretch> stretches = encode(at(1, 12, 13, 17, 30), 10, 40);
        assertEquals(List.of(12L, 13L, 17L, 30L), offsets(stretches));
        assertEquals(2, stretches.size()); // and one without records
        assertEquals(31, stretches.get(0).next());
    }

    @Test
    void a_hole_that_is_wide_parts_batches() {
        List<Stretch> stretches = encode(at(1, 0, 1_000_000, 5_000_000_000L), 0, 5_000_000_001L);
        assertEquals(List.of(0L, 1_000_000L, 5_000_000_000L), offsets(stretches));
        assertEquals(3, stretches.size());
    }

    @Test
    void a_stretch_without_records_is_stood_for_however_wide() {
        assertEquals(List.of(), offsets(encode(List.of(), 7, 8)));
        List<Stretch> wide = encode(List.of(), 7, 7 + (5L << 30));
        assertEquals(5, wide.size());
        assertEquals(List.of(), offsets(wide));
        assertEquals(List.of(), encode(List.of(), 7, 7));
    }

    @Test
    void records_below_where_it_begins_are_left_out() {
        assertEquals(List.of(11L, 12L), offsets(encode(at(1, 9, 10, 11, 12), 11, 13)));
    }

    @Test
    void batches_are_small_and_a_large_record_is_alone() {
        long[] many = LongStream.range(0, 1_000).toArray();
        List<Stretch> stretches = encode(at(1_000, many), 0, 1_000);
        assertEquals(LongStream.of(many).boxed().toList(), offsets(stretches));
        assertTrue(stretches.size() >= 1_000_000 / (70 << 10), stretches.size() + " batches");
        assertTrue(stretches.size() <= 1_000_000 / (60 << 10) + 1, stretches.size() + " batches");
        List<ConsumerRecord<byte[], byte[]>> mixed = new ArrayList<>(at(10, 0, 1));
        mixed.addAll(at(900_000, 2));
        mixed.addAll(at(10, 3, 4));
        assertEquals(
                List.of(2, 1, 2),
                encode(mixed, 0, 5).stream().map(each -> each.records().size()).toList());
    }

    /** One that takes a batch and throws has had it; what comes next is not mixed up with it. */
    @Test
    void what_was_broken_off_leaves_nothing_behind() {
        for (int i : IntStream.range(0, 2).toArray()) {
            try {
                encoder.encode(at(1, 0, 1, 2), 0, 3, (from, next, batch) -> {
                    batch.release();
                    throw new IllegalStateException("broken off");
                });
            } catch (IllegalStateException e) {
                assertEquals("broken off", e.getMessage(), () -> "time " + i);
            }
        }
        assertEquals(List.of(3L), offsets(encode(at(1, 3), 3, 4)));
    }
}
