package io.levada.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.Filter;
import io.levada.Match;
import io.levada.Overflow;
import io.levada.protocol.RecordFilter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes, in the long run, of one that reads several partitions and asks for less than is published. */
class SlowReaderTest {
    private static final long PLENTY = 1L << 40;
    private static final int PARTITIONS = 4;
    private static final int KEYS = 10;
    private static final int GRANTS = 400;

    /** Batches that each partition gets between two grants: one is far busier than the others. */
    private static final int[] BATCHES = {12, 3, 2, 1};

    private static final int BATCH_RECORDS = 7;

    @ParameterizedTest
    @CsvSource({
        "conflate, 1, false", "conflate, 64, false", "conflate, 1, true", "conflate, 5, true",
        "latest, 1, false", "latest, 2, false", "latest, 1, true", "latest, 2, true",
        "drop, 1, false", "drop, 5, false"
    })
    void every_partition_and_key_goes_on_near_its_end(String policy, long grant, boolean filtered) {
        RecordFilter filter = filtered ? RecordFilter.of(Filter.byKey(new Match.AnyOf(Set.of("1", "4", "7")))) : null;
        read(new Random(1), Overflow.parse(policy), grant, filter);
    }

    /** Reads with small caches, so that what is behind comes from storage, which takes a while. */
    private static void read(Random random, Overflow overflow, long grant, @Nullable RecordFilter filter) {
        try (Bench bench =
                new Bench(random.nextLong(), PARTITIONS, new DeliveryLimits(1, 1, 64 << 10, 64 << 10, 4 << 10))) {
            List<Integer> order =
                    new ArrayList<>(IntStream.range(0, PARTITIONS).boxed().toList());
            // As after a reconnect: much is there already.
            for (int partition : order) {
                publish(bench, partition, 20 * BATCHES[partition]);
            }
            RecordingSink sink = new RecordingSink();
            Subscription subscription = bench.subscribe(sink, filter, overflow, Long.MAX_VALUE);
            subscription.credit(0, PLENTY);
            for (int i = 0; i < GRANTS; i++) {
                subscription.credit(grant, 0);
                bench.scheduler.run(random.nextInt(60));
                Collections.shuffle(order, random);
                for (int partition : order) {
                    publish(bench, partition, BATCHES[partition]);
                }
                bench.scheduler.run(random.nextInt(200));
                if (i > GRANTS / 4 && i % 10 == 0) {
                    bench.run();
                    assertNear(bench, sink, overflow.policy() == Overflow.Policy.CONFLATE);
                }
            }
            bench.run();
            assertAllWereServed(sink, overflow, filter);
            subscription.cancel();
            bench.run();
        }
    }

    private static void publish(Bench bench, int partition, int batches) {
        for (int i = 0; i < batches; i++) {
            bench.partition(partition).publish(BATCH_RECORDS, 200, Compression.NONE);
        }
    }

    /** A round gives each partition a turn, and of one that conflates as many turns as it has keys. */
    private static void assertNear(Bench bench, RecordingSink sink, boolean byKey) {
        int round = PARTITIONS * (byKey ? KEYS : 1);
        for (int partition = 0; partition < PARTITIONS; partition++) {
            long end = bench.partition(partition).durable();
            long behind = end - reached(sink, partition);
            long mostPublished = 2L * (round + 10) * BATCHES[partition] * BATCH_RECORDS;
            assertTrue(
                    behind <= mostPublished + KEYS,
                    "partition " + partition + " is " + behind + " behind its end, " + end + ", of " + mostPublished);
        }
    }

    /** Behind the last record that came or was told to be dropped. */
    private static long reached(RecordingSink sink, int partition) {
        List<Long> got = sink.offsets.getOrDefault(partition, List.of(-1L));
        long reached = got.get(got.size() - 1) + 1;
        String told = "dropped " + partition + " ";
        for (int i = sink.events.size() - 1; i >= 0; i--) {
            String event = sink.events.get(i);
            if (event.startsWith(told)) {
                return Math.max(reached, Long.parseLong(event.substring(event.lastIndexOf(' ') + 1)));
            }
        }
        return reached;
    }

    private static void assertAllWereServed(RecordingSink sink, Overflow overflow, @Nullable RecordFilter filter) {
        long keys = filter == null ? KEYS : 3;
        for (int partition = 0; partition < PARTITIONS; partition++) {
            Map<Long, Integer> byKey = new HashMap<>();
            List<Long> got = sink.offsets.getOrDefault(partition, List.of());
            got.forEach(offset -> byKey.merge(offset % KEYS, 1, Integer::sum));
            String what = "of partition " + partition + " " + got.size() + " came, by key " + byKey;
            assertTrue(got.size() >= GRANTS / PARTITIONS / 4, what);
            if (overflow.policy() == Overflow.Policy.CONFLATE) {
                assertEquals(keys, byKey.size(), what);
                byKey.values().forEach(count -> assertTrue(count >= GRANTS / PARTITIONS / KEYS / 4, what));
            }
        }
    }
}
