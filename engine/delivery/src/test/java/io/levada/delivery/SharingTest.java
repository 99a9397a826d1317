package io.levada.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.facade.BatchSink;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SharingTest {
    private static final long PLENTY = Long.MAX_VALUE;

    @Test
    void many_readers_of_one_block_cost_one_read() {
        try (Bench bench = new Bench(1)) {
            for (int i = 0; i < 10; i++) {
                bench.partition(0).publish(10);
            }
            List<RecordingSink> sinks = subscribe(bench, 100, PLENTY);
            bench.run();
            sinks.forEach(sink -> assertEquals(100, sink.records));
            assertEquals(1, bench.reads());
        }
    }

    @Test
    void readers_at_different_places_of_a_block_share_it() {
        try (Bench bench = new Bench(1)) {
            for (int i = 0; i < 10; i++) {
                bench.partition(0).publish(10);
            }
            RecordingSink first = new RecordingSink();
            bench.subscribe(first).credit(PLENTY, PLENTY);
            bench.run();
            for (long from = 0; from < 100; from += 7) {
                RecordingSink sink = new RecordingSink();
                Subscription subscription = bench.delivery.subscribe(sink, null, Overflow.pause(), handle -> null);
                subscription.add(0, bench.feed(0), from, PLENTY);
                subscription.credit(PLENTY, PLENTY);
                bench.run();
                assertEquals(SubscriptionTest.range(from, 100), sink.offsets.get(0));
            }
            assertEquals(1, bench.reads());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void live_readers_that_fall_behind_together_cost_hardly_more_than_one_read_a_block(long seed) {
        long alone = readsWhenOvertaken(1, seed);
        long all = readsWhenOvertaken(300, seed);
        assertTrue(alone > 100, "more blocks than are cached, not " + alone);
        assertTrue(all <= 1.1 * alone, all + " reads, " + alone + " for one reader");
    }

    /** Reads of storage where so many at the end, on one loop, are overtaken by more than the caches hold. */
    private static long readsWhenOvertaken(int readers, long seed) {
        int batches = 500;
        AtomicInteger delivered = new AtomicInteger();
        BatchSink sink = new BatchSink() {
            @Override
            public void onBatch(int handle, int records, ByteBuf batch) {
                delivered.incrementAndGet();
                batch.release();
            }

            @Override
            public void onGap(int handle, long from, long to) {}

            @Override
            public void onPartitionEnd(int handle, @Nullable LevadaException error) {}

            @Override
            public void onComplete() {}

            @Override
            public void onError(Throwable error) {}
        };
        try (Bench bench = new Bench(seed, 1, new DeliveryLimits(1, 1, 64 << 10, 64 << 10, 4 << 10))) {
            for (int i = 0; i < readers; i++) {
                Subscription subscription = bench.delivery.subscribe(sink, null, Overflow.pause(), handle -> null);
                subscription.add(0, bench.feed(0), 0, PLENTY);
                subscription.credit(PLENTY, PLENTY);
            }
            bench.run();
            for (int i = 0; i < batches; i++) {
                bench.partition(0).publish(1, 1_000, Compression.NONE);
            }
            bench.run();
            assertEquals(batches * readers, delivered.get());
            return bench.reads();
        }
    }

    @Test
    void many_live_readers_cost_no_read_and_one_wake_of_each_loop() {
        try (Bench bench = new Bench(1)) {
            List<RecordingSink> sinks = subscribe(bench, 100, PLENTY);
            bench.run();
            bench.partition(0).publish(10);
            bench.partition(0).publish(10);
            assertEquals(2, bench.scheduler.waitingTasks("delivery"), "one for each loop, of two batches");
            bench.run();
            sinks.forEach(sink -> assertEquals(20, sink.records));
            assertEquals(0, bench.reads());
        }
    }

    @Test
    void a_reader_that_does_not_ask_holds_up_nobody() {
        try (Bench bench = new Bench(1)) {
            List<RecordingSink> stalled = subscribe(bench, 20, 0);
            List<RecordingSink> slow = subscribe(bench, 20, 3);
            List<RecordingSink> live = subscribe(bench, 20, PLENTY);
            bench.run();
            for (int i = 0; i < 60; i++) {
                bench.partition(0).publish(10, 1_000, Compression.NONE);
                bench.run();
                int published = 10 * (i + 1);
                live.forEach(sink -> assertEquals(published, sink.records));
            }
            stalled.forEach(sink -> assertEquals(0, sink.records));
            slow.forEach(sink -> assertEquals(3, sink.records));
            assertEquals(0, bench.reads());
        }
    }

    @Test
    void one_that_fell_behind_catches_up_from_storage_and_returns_to_the_tail() {
        try (Bench bench = new Bench(1, 1, new DeliveryLimits(1, 1, 64 << 10, 64 << 10, 16 << 10))) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink);
            bench.run();
            for (int i = 0; i < 300; i++) {
                bench.partition(0).publish(1, 1_000, Compression.NONE);
            }
            subscription.credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(300, sink.records);
            int reads = bench.reads();
            assertTrue(reads > 10 && reads < 25, reads + " reads of 16 KiB for 300 kB, less the tail");
            for (int i = 0; i < 300; i++) {
                bench.partition(0).publish(1, 1_000, Compression.NONE);
                bench.run();
            }
            assertEquals(600, sink.records);
            assertEquals(reads, bench.reads());
        }
    }

    @Test
    void blocks_let_go_stay_valid_for_those_who_hold_them() {
        try (Bench bench = new Bench(1, 1, new DeliveryLimits(1, 1, 64 << 10, 64 << 10, 16 << 10))) {
            for (int i = 0; i < 500; i++) {
                bench.partition(0).publish(1, 1_000, Compression.NONE);
            }
            RecordingSink sink = new RecordingSink();
            sink.keep = true;
            bench.subscribe(sink).credit(PLENTY, PLENTY);
            bench.run();
            RecordingSink again = new RecordingSink();
            int reads = bench.reads();
            bench.subscribe(again).credit(PLENTY, PLENTY);
            bench.run();
            assertTrue(bench.reads() > reads, "the first blocks were let go, else this shows nothing");
            assertEquals(500, sink.kept.size());
            sink.kept.forEach(RecordBatch::verify);
            sink.releaseKept();
        }
    }

    @Test
    void caches_stay_within_their_bounds() {
        DeliveryLimits limits = new DeliveryLimits(1, 1, 64 << 10, 128 << 10, 16 << 10);
        try (Bench bench = new Bench(1, 4, limits)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink);
            long stored = 0;
            for (int i = 0; i < 800; i++) {
                stored += bench.partition(i % 4)
                        .publish(1, 1_000, Compression.NONE)
                        .capacity();
                if (i % 100 == 0) {
                    subscription.credit(500, PLENTY);
                }
                bench.run();
                long cached = bench.allocator.metric().usedDirectMemory() - stored;
                assertTrue(cached <= limits.blockCacheBytes() + limits.blockBytes(), "blocks hold " + cached);
            }
            bench.feeds.forEach(feed -> assertTrue(feed.tailPinnedBytes() <= limits.tailBytes() / 4));
            subscription.cancel();
            bench.run();
            bench.feeds.forEach(feed -> assertEquals(0, feed.tailPinnedBytes(), "no reader, no tail"));
        }
    }

    @Test
    void small_batches_held_with_little_credit_do_not_keep_their_blocks() {
        DeliveryLimits limits = new DeliveryLimits(1, 1, 64 << 10, 64 << 10, 16 << 10);
        try (Bench bench = new Bench(1, 1, limits)) {
            for (int i = 0; i < 1_000; i++) {
                bench.partition(0).publish(2, 200, Compression.NONE);
            }
            long stored = bench.allocator.metric().usedDirectMemory();
            List<RecordingSink> stalled = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                RecordingSink sink = new RecordingSink();
                sink.keep = true;
                Subscription subscription = bench.delivery.subscribe(sink, null, Overflow.pause(), handle -> null);
                subscription.add(0, bench.feed(0), i * 40L, PLENTY);
                subscription.credit(3, 2_000);
                bench.run();
                assertEquals(3, sink.records);
                stalled.add(sink);
            }
            long held = bench.allocator.metric().usedDirectMemory() - stored - limits.blockCacheBytes();
            assertTrue(held < 50 * 3_000, "stalled readers hold " + held + " bytes");
            stalled.forEach(RecordingSink::releaseKept);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void a_compressed_batch_is_inflated_once_for_all_who_cut_it(Compression compression) {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(100, 100, compression);
            for (int portion : new int[] {1, 7, 99}) {
                List<RecordingSink> sinks = new ArrayList<>();
                List<Subscription> subscriptions = new ArrayList<>();
                for (int i = 0; i < 10; i++) {
                    RecordingSink sink = new RecordingSink();
                    sinks.add(sink);
                    subscriptions.add(bench.subscribe(sink));
                }
                for (int given = 0; given < 100; given += portion) {
                    subscriptions.forEach(subscription -> subscription.credit(portion, PLENTY));
                    bench.run();
                }
                sinks.forEach(sink -> assertEquals(SubscriptionTest.range(0, 100), sink.offsets.get(0)));
            }
            assertEquals(1, bench.delivery.totals().inflatedBatches());
            assertEquals(1, bench.delivery.totals().storageReads());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NONE", "ZSTD"})
    void one_that_stalls_within_a_batch_keeps_nothing_of_it(Compression compression) {
        DeliveryLimits limits = new DeliveryLimits(1, 1, 64 << 10, 64 << 10, 16 << 10);
        try (Bench bench = new Bench(1, 1, limits)) {
            for (int i = 0; i < 50; i++) {
                bench.partition(0).publish(100, 100, compression);
            }
            long stored = bench.allocator.metric().usedDirectMemory();
            for (int i = 0; i < 50; i++) {
                Subscription stalled =
                        bench.delivery.subscribe(new RecordingSink(), null, Overflow.pause(), handle -> null);
                stalled.add(0, bench.feed(0), i * 100L, PLENTY);
                stalled.credit(3, PLENTY);
                bench.run();
                long held = bench.allocator.metric().usedDirectMemory() - stored;
                assertTrue(held <= limits.blockCacheBytes(), "beyond the caches " + held + " bytes are held");
            }
        }
    }

    private static List<RecordingSink> subscribe(Bench bench, int count, long records) {
        List<RecordingSink> sinks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            RecordingSink sink = new RecordingSink();
            bench.subscribe(sink).credit(records, PLENTY);
            sinks.add(sink);
        }
        return sinks;
    }
}
