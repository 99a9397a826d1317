package io.levada.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.facade.ReaderStatus;
import io.levada.facade.WaitReason;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SubscriptionTest {
    private static final long PLENTY = Long.MAX_VALUE;

    @Test
    void delivers_never_more_than_was_permitted_and_in_the_end_everything() {
        Compression[] codecs = Compression.values();
        for (long seed = 1; seed <= 15; seed++) {
            Random random = new Random(seed);
            int partitions = 1 + random.nextInt(4);
            DeliveryLimits limits = new DeliveryLimits(2, 2, 64 << 10, 64 << 10, 4 << 10);
            try (Bench bench = new Bench(seed, partitions, limits)) {
                RecordingSink sink = new RecordingSink();
                Subscription subscription = bench.subscribe(sink);
                long permittedRecords = 0;
                long permittedBytes = 0;
                long published = 0;
                while (published < 600 || sink.records < published) {
                    if (published < 600 && random.nextInt(3) == 0) {
                        int records = 1 + random.nextInt(60);
                        Compression codec = codecs[random.nextInt(codecs.length)];
                        bench.partition(random.nextInt(partitions)).publish(records, random.nextInt(300), codec);
                        published += records;
                    }
                    int records = random.nextInt(20);
                    int bytes = random.nextInt(3_000);
                    permittedRecords += records;
                    permittedBytes += bytes;
                    subscription.credit(records, bytes);
                    bench.scheduler.run(random.nextInt(12));
                    String now = "seed " + seed + ": " + sink.records + " of " + permittedRecords;
                    assertTrue(sink.records <= permittedRecords, now);
                    assertTrue(sink.bytes < permittedBytes + sink.lastRecordBytes || sink.bytes == 0, now);
                }
                for (int p = 0; p < partitions; p++) {
                    long end = bench.partition(p).durable();
                    assertEquals(range(0, end), sink.offsets.getOrDefault(p, List.of()), "seed " + seed);
                }
            }
        }
    }

    @Test
    void passes_a_live_batch_on_as_the_very_memory_that_was_appended() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            sink.keep = true;
            Subscription subscription = bench.subscribe(sink);
            subscription.credit(PLENTY, PLENTY);
            bench.run();
            ByteBuf appended = bench.partition(0).publish(10);
            bench.run();
            assertEquals(0, bench.reads());
            assertEquals(1, sink.kept.size());
            assertEquals(
                    appended.memoryAddress(),
                    sink.kept.get(0).memoryAddress() + sink.kept.get(0).readerIndex());
            assertEquals(
                    appended.readableBytes(), sink.kept.get(0).readableBytes(), "the whole batch, headers and all");
            sink.releaseKept();
        }
    }

    @Test
    void passes_whole_batches_of_a_block_on_without_copying_them() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(10);
            bench.partition(0).publish(10);
            RecordingSink sink = new RecordingSink();
            sink.keep = true;
            bench.subscribe(sink).credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(1, bench.reads());
            assertEquals(2, sink.kept.size());
            assertSame(
                    sink.kept.get(0).unwrap().unwrap(),
                    sink.kept.get(1).unwrap().unwrap());
            sink.releaseKept();
        }
    }

    @Test
    void cuts_a_batch_as_far_as_credit_in_records_goes() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(10);
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink);
            for (int step = 1; step <= 9; step++) {
                subscription.credit(1, PLENTY);
                bench.run();
                assertEquals(range(0, step), sink.offsets.get(0));
            }
            subscription.credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(range(0, 10), sink.offsets.get(0));
            assertEquals(1, bench.reads());
        }
    }

    @Test
    void a_byte_of_credit_brings_one_record() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(3, 1_000, Compression.NONE);
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink);
            subscription.credit(100, 1);
            bench.run();
            assertEquals(1, sink.records);
            assertEquals(WaitReason.NO_BYTES, status(bench, subscription).waits());
            subscription.credit(0, sink.bytes);
            bench.run();
            assertEquals(2, sink.records, "what the record took beyond the credit was made up for");
        }
    }

    @Test
    void keeps_what_is_left_of_the_credit_for_a_whole_batch_where_more_has_come_before() {
        try (Bench bench = new Bench(1)) {
            int bytes = 0;
            for (int i = 0; i < 3; i++) {
                bytes += bench.partition(0).publish(10, 100, Compression.NONE).readableBytes();
            }
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink);
            subscription.credit(PLENTY, bytes - 1);
            bench.run();
            assertEquals(20, sink.records);
            assertEquals(WaitReason.NO_BYTES, status(bench, subscription).waits());
            subscription.credit(0, 1);
            bench.run();
            assertEquals(30, sink.records);
            assertEquals(3, sink.handles.size(), "batches");
        }
    }

    @Test
    void cuts_a_batch_to_what_is_left_of_the_credit_where_no_more_comes_soon() {
        try (Bench bench = new Bench(1)) {
            int bytes = 0;
            for (int i = 0; i < 3; i++) {
                bytes += bench.partition(0).publish(10, 100, Compression.NONE).readableBytes();
            }
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink).credit(PLENTY, bytes - 1);
            bench.run();
            assertEquals(20, sink.records);
            bench.scheduler.elapse();
            assertEquals(30, sink.records, "the last one goes beyond the credit by less than itself");
            assertEquals(4, sink.handles.size(), "batches");
        }
    }

    @Test
    void looks_at_nothing_without_credit() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(10);
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink);
            bench.run();
            assertEquals(0, bench.reads());
            assertEquals(WaitReason.NO_DEMAND, status(bench, subscription).waits());
            subscription.credit(5, 0);
            bench.run();
            assertEquals(0, bench.reads());
            assertEquals(WaitReason.NO_BYTES, status(bench, subscription).waits());
            subscription.credit(0, 1_000);
            bench.run();
            assertEquals(5, sink.records);
        }
    }

    @Test
    void credit_may_be_given_from_within_the_callback() {
        try (Bench bench = new Bench(1)) {
            for (int i = 0; i < 100; i++) {
                bench.partition(0).publish(1);
            }
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink);
            sink.onBatch = () -> subscription.credit(1, 1_000);
            subscription.credit(1, 1_000);
            bench.run();
            assertEquals(100, sink.records);
        }
    }

    @Test
    void negative_credit_ends_the_stream() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink).credit(-1, 0);
            bench.run();
            assertEquals(List.of("error INVALID_REQUEST"), sink.events);
        }
    }

    @Test
    void ends_at_the_offset_asked_for_even_in_the_middle_of_a_batch() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(10);
            bench.partition(0).publish(10);
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink, 13).credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(range(0, 13), sink.offsets.get(0));
            assertEquals(List.of("end 0", "complete"), sink.events);
        }
    }

    @Test
    void starts_in_the_middle_of_a_batch() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(10);
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.delivery.subscribe(sink, null, Overflow.pause(), handle -> null);
            subscription.add(0, bench.feed(0), 4, 10);
            subscription.seal();
            subscription.credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(range(4, 10), sink.offsets.get(0));
            assertEquals(List.of("end 0", "complete"), sink.events);
        }
    }

    @Test
    void an_empty_range_ends_without_credit() {
        try (Bench bench = new Bench(2)) {
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink, 0);
            bench.run();
            assertEquals(List.of("end 0", "end 1", "complete"), sink.events);
        }
    }

    @Test
    void tells_a_gap_and_goes_on_behind_it() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(10);
            bench.partition(0).publish(10);
            bench.partition(0).keepFrom(10);
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink).credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(List.of("gap 0 0 10"), sink.events);
            assertEquals(range(10, 20), sink.offsets.get(0));
        }
    }

    @Test
    void retention_that_overtakes_a_read_is_a_gap() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(10);
            bench.partition(0).publish(10);
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink).credit(PLENTY, PLENTY);
            while (bench.scheduler.waitingTasks("reader") == 0) {
                assertTrue(bench.scheduler.runOne());
            }
            bench.partition(0).keepFrom(10);
            bench.run();
            assertEquals(List.of("gap 0 0 10"), sink.events);
            assertEquals(range(10, 20), sink.offsets.get(0));
        }
    }

    @Test
    void damage_ends_its_partition_after_what_came_before_and_no_other() {
        try (Bench bench = new Bench(2)) {
            for (int i = 0; i < 3; i++) {
                bench.partition(0).publish(10);
                bench.partition(1).publish(10);
            }
            bench.partition(0).damage(20);
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink);
            subscription.credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(range(0, 20), sink.offsets.get(0));
            assertEquals(range(0, 30), sink.offsets.get(1));
            assertEquals(List.of("end 0 CORRUPT_MESSAGE"), sink.events);
            subscription.cancel();
        }
    }

    @Test
    void damage_found_only_in_cutting_ends_the_partition_too() {
        try (Bench bench = new Bench(2)) {
            ByteBuf batch = bench.partition(0).publish(50, 500, Compression.GZIP);
            batch.setByte(RecordBatch.HEADER_BYTES, 0);
            bench.partition(1).publish(5);
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink).credit(20, PLENTY);
            bench.run();
            assertEquals(List.of("end 0 CORRUPT_MESSAGE"), sink.events);
            assertEquals(range(0, 5), sink.offsets.get(1));
        }
    }

    @Test
    void a_deleted_partition_ends_its_readers_now_and_later() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(5);
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink).credit(PLENTY, PLENTY);
            bench.run();
            bench.delivery.detach(bench.feed(0), new LevadaException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "deleted"));
            RecordingSink late = new RecordingSink();
            bench.subscribe(late).credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(List.of("end 0 UNKNOWN_TOPIC_OR_PARTITION", "complete"), sink.events);
            assertEquals(List.of("end 0 UNKNOWN_TOPIC_OR_PARTITION", "complete"), late.events);
        }
    }

    @Test
    void partitions_come_and_go_while_it_runs() {
        try (Bench bench = new Bench(2)) {
            bench.partition(0).publish(5);
            bench.partition(1).publish(5);
            RecordingSink sink = new RecordingSink();
            Map<Integer, Feed> owned = Map.of(7, bench.feed(0), 8, bench.feed(1));
            Subscription subscription = bench.delivery.subscribe(sink, null, Overflow.pause(), owned::get);
            subscription.credit(PLENTY, PLENTY);
            subscription.add(7, 2);
            bench.run();
            assertEquals(range(2, 5), sink.offsets.get(7));
            subscription.add(8, 0);
            subscription.remove(7);
            bench.run();
            bench.partition(0).publish(5);
            bench.partition(1).publish(5);
            bench.run();
            assertEquals(range(2, 5), sink.offsets.get(7));
            assertEquals(range(0, 10), sink.offsets.get(8));
            assertEquals(List.of("end 7"), sink.events);
            subscription.add(9, 0);
            bench.run();
            assertEquals(List.of("end 7", "end 9 FENCED_MEMBER_EPOCH"), sink.events);
        }
    }

    @Test
    void partitions_that_have_records_take_turns() {
        try (Bench bench = new Bench(3)) {
            for (int i = 0; i < 40; i++) {
                bench.partitions.forEach(partition -> partition.publish(1));
            }
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink).credit(90, PLENTY);
            bench.run();
            for (int p = 0; p < 3; p++) {
                int number = p;
                long turns = sink.handles.stream().filter(h -> h == number).count();
                assertTrue(turns >= 25 && turns <= 35, "partition " + p + " had " + turns + " turns of 90");
            }
        }
    }

    @Test
    void more_partitions_than_reads_at_once_are_all_read() {
        try (Bench bench = new Bench(20)) {
            bench.partitions.forEach(partition -> partition.publish(1));
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink).credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(20, sink.records);
        }
    }

    @Test
    void says_why_it_waits() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink);
            subscription.credit(5, PLENTY);
            bench.run();
            assertEquals(WaitReason.NO_DATA, status(bench, subscription).waits());
            bench.partition(0).publish(7);
            bench.run();
            ReaderStatus status = status(bench, subscription);
            assertEquals(WaitReason.NO_DEMAND, status.waits());
            assertEquals(0, status.records());
            assertEquals(5, status.deliveredRecords());
            assertEquals(sink.bytes, status.deliveredBytes());
            assertEquals(1, status.partitions());
            assertEquals(2, status.lag());
            assertTrue(status.latestTimestampMs() >= 0);
            assertEquals(1, bench.delivery.subscriptions());
            subscription.cancel();
            bench.run();
            assertEquals(0, bench.delivery.subscriptions());
        }
    }

    @Test
    void says_for_how_long_it_waits() {
        try (Bench bench = new Bench(1)) {
            Subscription subscription = bench.subscribe(new RecordingSink());
            bench.run();
            for (int i = 0; i < 50; i++) {
                status(bench, subscription);
            }
            Duration waited = status(bench, subscription).waited();
            assertTrue(waited.toNanos() >= 50, "time passes with each task");
            subscription.credit(2, PLENTY);
            bench.run();
            assertTrue(status(bench, subscription).waited().compareTo(waited) < 0, "it waits for something else now");
        }
    }

    private static ReaderStatus status(Bench bench, Subscription subscription) {
        CompletableFuture<ReaderStatus> status = subscription.status().toCompletableFuture();
        bench.run();
        return status.join();
    }

    @Test
    void lets_everything_go_when_cancelled_at_any_point() {
        int steps = tasksToTheEnd();
        for (int cancelAt = 0; cancelAt <= steps; cancelAt++) {
            try (Bench bench = new Bench(2)) {
                RecordingSink sink = new RecordingSink();
                Subscription subscription = busy(bench, sink);
                bench.scheduler.run(cancelAt);
                subscription.cancel();
                int heard = sink.records + sink.events.size();
                bench.run();
                assertEquals(heard, sink.records + sink.events.size(), "nothing is heard after cancelling");
            }
        }
        assertTrue(steps > 20, "only " + steps + " points to cancel at");
    }

    private static int tasksToTheEnd() {
        try (Bench bench = new Bench(2)) {
            busy(bench, new RecordingSink());
            bench.run();
            return bench.scheduler.tasksRun();
        }
    }

    /** A subscription that reads storage, cuts batches of all kinds, waits for credit and has live batches. */
    private static Subscription busy(Bench bench, RecordingSink sink) {
        for (int i = 0; i < 4; i++) {
            bench.partition(0).publish(20, 200, i % 2 == 0 ? Compression.LZ4 : Compression.NONE);
            bench.partition(1).publish(3, 2_000, Compression.NONE);
        }
        Subscription subscription = bench.subscribe(sink);
        sink.onBatch = () -> {
            subscription.credit(7, 2_100);
            if (sink.records % 3 == 0 && bench.partition(0).durable() < 200) {
                bench.partition(0).publish(10);
            }
        };
        subscription.credit(7, 2_100);
        return subscription;
    }

    @Test
    void the_check_for_buffers_kept_finds_one() {
        Bench bench = new Bench(1);
        RecordingSink sink = new RecordingSink();
        sink.keep = true;
        bench.subscribe(sink).credit(PLENTY, PLENTY);
        bench.partition(0).publish(1);
        bench.run();
        assertThrows(AssertionError.class, bench::close);
        sink.releaseKept();
        assertEquals(0, bench.allocator.metric().usedDirectMemory());
    }

    @Test
    void closing_ends_all_with_going_away_and_refuses_new_ones() {
        Bench bench = new Bench(1);
        RecordingSink sink = new RecordingSink();
        bench.subscribe(sink).credit(PLENTY, PLENTY);
        bench.partition(0).publish(5);
        bench.run();
        bench.close();
        RecordingSink late = new RecordingSink();
        bench.delivery.subscribe(late, null, Overflow.pause(), handle -> null);
        bench.run();
        assertEquals(List.of("error GOING_AWAY"), sink.events);
        assertEquals(List.of("error GOING_AWAY"), late.events);
    }

    @Test
    void a_batch_keeps_its_place_when_cut() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(10);
            RecordingSink sink = new RecordingSink();
            sink.keep = true;
            bench.subscribe(sink).credit(4, PLENTY);
            bench.run();
            assertEquals(0, RecordBatch.baseOffset(sink.kept.get(0)));
            assertEquals(4, RecordBatch.nextOffset(sink.kept.get(0)));
            assertFalse(sink.ended);
            sink.releaseKept();
        }
    }

    static List<Long> range(long from, long to) {
        List<Long> all = new ArrayList<>();
        LongStream.range(from, to).forEach(all::add);
        return all;
    }
}
