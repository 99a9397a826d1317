package io.levada.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.Filter;
import io.levada.Match;
import io.levada.Overflow;
import io.levada.protocol.RecordFilter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a subscription gets of records that came while it asked for none, held against a model in plain lists. */
class OverflowTest {
    private static final long PLENTY = 1L << 40;
    private static final Set<String> WANTED_KEYS = Set.of("1", "4", "7");

    /** A reader of one partition that gets what the policies promise, from lists. */
    private static final class Model {
        final Overflow overflow;
        final boolean filtered;
        final List<Long> got = new ArrayList<>();
        final List<String> dropped = new ArrayList<>();
        List<Long> waiting = new ArrayList<>();
        final List<Long> round = new ArrayList<>();
        boolean overflowed;
        long end;
        long reached;
        long demand;

        Model(Overflow overflow, boolean filtered) {
            this.overflow = overflow;
            this.filtered = filtered;
        }

        static String key(long offset) {
            return Long.toString(offset % 10);
        }

        void publish(int records) {
            for (long offset = end; offset < end + records; offset++) {
                if (!filtered || WANTED_KEYS.contains(key(offset))) {
                    waiting.add(offset);
                }
            }
            end += records;
            deliver();
        }

        void request(long records) {
            if (demand == 0 && !got.isEmpty()) {
                overflow();
            }
            demand += records;
            deliver();
        }

        private void overflow() {
            if (waiting.isEmpty()) {
                return;
            }
            switch (overflow.policy()) {
                case LATEST -> waiting = new ArrayList<>(waiting.subList(waiting.size() - 1, waiting.size()));
                case CONFLATE -> overflowed = true;
                case DROP -> {
                    dropped.add("dropped 0 " + reached + " " + end);
                    reached = end;
                    waiting.clear();
                }
                default -> {}
            }
        }

        private void deliver() {
            while (demand > 0 && !(waiting.isEmpty() && round.isEmpty())) {
                if (overflowed && round.isEmpty()) {
                    conflate();
                }
                List<Long> from = round.isEmpty() ? waiting : round;
                reached = from.get(0) + 1;
                got.add(from.remove(0));
                demand--;
            }
            if (waiting.isEmpty() && demand > 0) {
                reached = end;
            }
        }

        private void conflate() {
            Map<String, Long> last = new LinkedHashMap<>();
            waiting.forEach(offset -> last.merge(key(offset), offset, Math::max));
            round.addAll(last.values().stream().sorted().toList());
            waiting.clear();
            overflowed = false;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pause", "latest", "conflate", "drop"})
    void what_comes_is_what_the_policy_promises(String policy) {
        long conflated = 0;
        for (int seed = 0; seed < 150; seed++) {
            Random random = new Random(seed);
            boolean filtered = seed % 3 == 0 && !policy.equals("drop");
            Compression compression = seed % 2 == 0 ? Compression.NONE : Compression.LZ4;
            conflated += compare(random, new Model(Overflow.parse(policy), filtered), compression);
        }
        assertTrue(policy.equals("pause") == (conflated == 0), conflated + " records were left out");
    }

    /** Says how many of the records wanted were left out. */
    private static long compare(Random random, Model model, Compression compression) {
        try (Bench bench = new Bench(random.nextLong(), 1, new DeliveryLimits(2, 2, 64 << 10, 64 << 10, 4 << 10))) {
            RecordingSink sink = new RecordingSink();
            RecordFilter filter = model.filtered ? RecordFilter.of(Filter.byKey(new Match.AnyOf(WANTED_KEYS))) : null;
            Subscription subscription = bench.subscribe(sink, filter, model.overflow, Long.MAX_VALUE);
            subscription.credit(0, PLENTY);
            for (int i = 0; i < 60; i++) {
                if (random.nextInt(3) > 0) {
                    int records = 1 + random.nextInt(random.nextInt(4) == 0 ? 400 : 12);
                    model.publish(records);
                    bench.partition(0).publish(records, random.nextInt(60), compression);
                } else {
                    int records = 1 + random.nextInt(random.nextInt(4) == 0 ? 200 : 6);
                    model.request(records);
                    subscription.credit(records, 0);
                }
                bench.run();
                assertEquals(model.got, sink.offsets.getOrDefault(0, List.of()));
            }
            assertEquals(model.dropped, sink.events);
            subscription.cancel();
            bench.run();
            long wanted = LongStream.range(0, model.reached)
                    .filter(offset -> !model.filtered || WANTED_KEYS.contains(Model.key(offset)))
                    .count();
            return wanted - model.got.size();
        }
    }

    @Test
    void as_many_as_may_wait_are_not_left_out() {
        assertEquals(
                List.of(0L, 1L, 2L, 3L, 4L, 5L), afterOverflow(Overflow.latest().maxLag(5), 6));
        assertEquals(List.of(0L, 6L), afterOverflow(Overflow.latest().maxLag(5), 7));
    }

    /** What a reader of so many records gets that asks for one of them, and later for all. */
    private static @Nullable List<Long> afterOverflow(Overflow overflow, int records) {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink, null, overflow, Long.MAX_VALUE);
            subscription.credit(1, PLENTY);
            bench.partition(0).publish(records);
            bench.run();
            subscription.credit(PLENTY, 0);
            bench.run();
            subscription.cancel();
            return sink.offsets.get(0);
        }
    }

    @Test
    void who_has_asked_for_nothing_yet_starts_where_it_was_told_to() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink, null, Overflow.drop(null), Long.MAX_VALUE);
            bench.partition(0).publish(50);
            bench.run();
            subscription.credit(3, PLENTY);
            bench.run();
            assertEquals(List.of(0L, 1L, 2L), sink.offsets.get(0));
            subscription.cancel();
        }
    }

    @Test
    void bytes_that_run_out_count_too() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink, null, Overflow.latest(), Long.MAX_VALUE);
            subscription.credit(PLENTY, 1);
            bench.partition(0).publish(50);
            bench.run();
            subscription.credit(0, PLENTY);
            bench.run();
            assertEquals(List.of(0L, 49L), sink.offsets.get(0));
            subscription.cancel();
        }
    }

    @Test
    void each_partition_is_treated_by_itself_and_ends_where_it_should() {
        try (Bench bench = new Bench(2)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink, null, Overflow.drop(null), 20);
            bench.partition(0).publish(30);
            subscription.credit(1, PLENTY);
            bench.run();
            bench.partition(1).publish(10);
            bench.run();
            subscription.credit(PLENTY, 0);
            bench.run();
            assertEquals(List.of("dropped 0 1 20", "end 0", "dropped 1 0 10"), sink.events);
            bench.partition(1).publish(15);
            bench.run();
            assertEquals(LongStream.range(10, 20).boxed().toList(), sink.offsets.get(1));
            assertEquals(List.of("end 1", "complete"), sink.events.subList(3, 5));
        }
    }

    @Test
    void a_reader_that_conflates_and_is_overtaken_by_retention_hears_of_it() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink, null, Overflow.conflate(), Long.MAX_VALUE);
            bench.partition(0).publish(5);
            subscription.credit(1, PLENTY);
            bench.run();
            bench.partition(0).publish(35);
            subscription.credit(2, 0);
            bench.run();
            assertEquals(List.of(0L, 30L, 31L), sink.offsets.get(0));
            bench.partition(0).publish(4);
            bench.partition(0).keepFrom(40);
            subscription.credit(PLENTY, 0);
            bench.run();
            assertEquals(List.of(0L, 30L, 31L, 40L, 41L, 42L, 43L), sink.offsets.get(0));
            assertEquals(List.of("gap 0 32 40"), sink.events);
            subscription.cancel();
        }
    }

    @Test
    void one_that_is_to_be_disconnected_is_when_more_waits_than_may() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription =
                    bench.subscribe(sink, null, Overflow.disconnect().maxLag(10), Long.MAX_VALUE);
            bench.partition(0).publish(2);
            subscription.credit(2, PLENTY);
            bench.run();
            bench.partition(0).publish(10);
            bench.scheduler.elapse();
            assertEquals(List.of(), sink.events);
            bench.partition(0).publish(1);
            bench.scheduler.elapse();
            assertEquals(List.of("error SLOW_CONSUMER"), sink.events);
            assertEquals(0, bench.delivery.subscriptions());
        }
    }
}
