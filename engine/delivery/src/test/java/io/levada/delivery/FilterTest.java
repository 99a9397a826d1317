package io.levada.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.Filter;
import io.levada.Match;
import io.levada.Overflow;
import io.levada.protocol.RecordFilter;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Subscriptions that want some records only; a record's key is the last digit of its offset. */
class FilterTest {
    private static final long PLENTY = Long.MAX_VALUE;

    private static Subscription subscribe(Bench bench, RecordingSink sink, Match key, long to) {
        Subscription subscription =
                bench.delivery.subscribe(sink, RecordFilter.of(Filter.byKey(key)), Overflow.pause(), handle -> null);
        subscription.add(0, bench.feed(0), 0, to);
        subscription.seal();
        return subscription;
    }

    private static List<Long> offsets(RecordingSink sink) {
        return sink.offsets.getOrDefault(0, List.of());
    }

    @Test
    void what_is_not_wanted_costs_no_demand() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = subscribe(bench, sink, Match.anyOf("3", "7"), PLENTY);
            bench.partition(0).publish(25);
            subscription.credit(3, PLENTY);
            bench.run();
            assertEquals(List.of(3L, 7L, 13L), offsets(sink));
            subscription.credit(1, PLENTY);
            bench.run();
            assertEquals(List.of(3L, 7L, 13L, 17L), offsets(sink));
        }
    }

    @Test
    void gives_what_is_wanted_of_any_batches_within_any_credit() {
        Compression[] codecs = Compression.values();
        for (long seed = 1; seed <= 20; seed++) {
            Random random = new Random(seed);
            try (Bench bench = new Bench(seed, 1, new DeliveryLimits(2, 2, 64 << 10, 64 << 10, 4 << 10))) {
                RecordingSink sink = new RecordingSink();
                Subscription subscription = subscribe(bench, sink, Match.anyOf("0", "1", "8"), 500);
                long permitted = 0;
                while (!sink.ended) {
                    if (bench.partition(0).durable() < 600) {
                        bench.partition(0)
                                .publish(
                                        1 + random.nextInt(40),
                                        random.nextInt(100),
                                        codecs[random.nextInt(codecs.length)]);
                    }
                    int records = random.nextInt(5);
                    permitted += records;
                    subscription.credit(records, random.nextInt(2_000));
                    bench.scheduler.run(random.nextInt(12));
                    assertTrue(sink.records <= permitted, "seed " + seed);
                }
                List<Long> wanted = LongStream.range(0, 500)
                        .filter(offset -> offset % 10 == 0 || offset % 10 == 1 || offset % 10 == 8)
                        .boxed()
                        .toList();
                assertEquals(wanted, offsets(sink), "seed " + seed);
                assertEquals(List.of("end 0", "complete"), sink.events);
            }
        }
    }

    @Test
    void says_how_far_it_is_where_nothing_is_wanted() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = subscribe(bench, sink, Match.is("none"), PLENTY);
            subscription.credit(1, 1);
            bench.partition(0).publish(100);
            bench.run();
            assertEquals(Map.of(), sink.passed, "not at once, as more may follow");
            bench.partition(0).publish(50);
            bench.run();
            bench.scheduler.elapse();
            assertEquals(Map.of(0, 150L), sink.passed);
            for (int i = 0; i < 10; i++) {
                bench.partition(0).publish(500);
            }
            bench.run();
            assertEquals(Map.of(0, 4_650L), sink.passed, "in the middle of many");
            assertEquals(0, sink.records);
        }
    }

    @Test
    void reads_nothing_for_a_reader_without_demand() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = subscribe(bench, sink, Match.is("none"), PLENTY);
            bench.partition(0).publish(100);
            subscription.credit(0, PLENTY);
            bench.run();
            bench.scheduler.elapse();
            assertEquals(Map.of(), sink.passed);
            assertEquals(0, bench.reads());
        }
    }
}
