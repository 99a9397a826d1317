package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Env;
import io.levada.env.SimCrash;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.Batches.Read;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Topics whose batches count as durable once they are written. */
class DurabilityTest {
    private static final Map<String, String> OS = Map.of(TopicSettings.DURABILITY, "os");

    private SimRandomness random = new SimRandomness(42);
    private SimScheduler scheduler = new SimScheduler(random);
    private SimDisk disk = new SimDisk(scheduler, random);

    private LogStore open() {
        return LogStore.open(new Env(disk, scheduler.clock(), random, scheduler), LogWorkload.CONFIG);
    }

    private static PartitionLog log(LogStore store) {
        Topic topic = store.topic("t");
        return (topic == null ? store.createTopic("t", 1, OS) : topic)
                .partitions()
                .get(0);
    }

    /** Gives the offset. */
    private long append(PartitionLog log, String... values) {
        List<Long> offsets = new ArrayList<>();
        ByteBuf batch = Batches.of(Batches.UNTRACKED, Compression.NONE, 5, List.of(values));
        log.append(batch, (offset, error) -> offsets.add(error == null ? offset : -1));
        scheduler.runUntilIdle();
        scheduler.advance(Duration.ofMillis(20));
        return offsets.get(0);
    }

    private static List<String> values(PartitionLog log) {
        return Batches.readAll(log, 0, 100).stream().map(Read::value).toList();
    }

    private void crash(CrashStyle style) {
        scheduler.crash();
        scheduler.close();
        scheduler = new SimScheduler(random);
        disk = disk.afterCrash(scheduler, random, style);
    }

    @Test
    void a_batch_is_acknowledged_and_visible_without_a_force() {
        LogStore store = open();
        PartitionLog log = log(store);
        append(log, "a");
        long before = disk.operations();
        List<Long> acknowledged = new ArrayList<>();
        log.append(Batches.of(Batches.UNTRACKED, Compression.NONE, 5, List.of("b")), (offset, error) -> {
            assertEquals(before + 1, disk.operations(), "one write and nothing else");
            acknowledged.add(offset);
        });
        scheduler.runUntilIdle();
        assertEquals(List.of(1L), acknowledged);
        assertEquals(List.of("a", "b"), values(log));
        store.close();
        scheduler.close();
    }

    @Test
    void a_kill_loses_nothing_and_skips_what_was_reserved() {
        PartitionLog log = log(open());
        for (int i = 0; i < 30; i++) {
            assertEquals(i, append(log, "x".repeat(500) + i));
        }
        crash(CrashStyle.KEEP);
        LogStore again = open();
        PartitionLog recovered = log(again);
        assertEquals(30, recovered.durable());
        long next = append(recovered, "behind");
        assertTrue(next > 60_000, "offset " + next);
        List<Read> all = Batches.readAll(recovered, 0, 1_000);
        assertEquals(31, all.size());
        assertEquals(next, all.get(30).offset());
        assertEquals(
                next, recovered.offsetAt(5 + 1) == next ? next : all.get(30).offset());
        crash(CrashStyle.KEEP);
        PartitionLog third = log(open());
        assertEquals(31, values(third).size());
        assertTrue(append(third, "more") > next + 1);
        assertEquals(32, values(third).size());
        scheduler.close();
    }

    @Test
    void a_power_cut_takes_what_was_not_forced_and_no_offset_is_used_twice() {
        PartitionLog log = log(open());
        append(log, "a");
        append(log, "b");
        crash(CrashStyle.DROP);
        LogStore store = open();
        PartitionLog recovered = log(store);
        assertEquals(List.of(), values(recovered));
        assertTrue(append(recovered, "c") > 1);
        assertEquals(List.of("c"), values(recovered));
        store.close();
        scheduler.close();
    }

    @Test
    void a_clean_end_leaves_no_gap() {
        LogStore store = open();
        append(log(store), "a", "b");
        store.close();
        LogStore again = open();
        assertEquals(2, append(log(again), "c"));
        assertEquals(List.of("a", "b", "c"), values(log(again)));
        again.close();
        scheduler.close();
    }

    @Test
    void appends_wait_when_they_would_pass_what_is_reserved_and_fail_when_nothing_can_be() {
        LogStore store = open();
        PartitionLog log = log(store);
        disk.failOn(path -> path.startsWith(Layout.JOURNAL), "an injected error");
        assertEquals(-1, append(log, "a"));
        disk.failOn(path -> false, "");
        scheduler.advance(Duration.ofSeconds(2));
        assertEquals(0, append(log, "b"));
        store.close();
        scheduler.close();
    }

    @Test
    void a_segment_that_fails_is_copied_and_the_partition_goes_on() {
        LogStore store = open();
        PartitionLog log = log(store);
        append(log, "a");
        disk.failAt(disk.operations() + 1, "an injected error");
        assertEquals(-1, append(log, "b"));
        assertEquals(1, append(log, "c"));
        assertEquals(List.of("a", "c"), values(log));
        store.close();
        scheduler.close();
    }

    @Test
    void another_durability_is_refused() {
        LogStore store = open();
        LevadaException refusal = assertThrows(
                LevadaException.class, () -> store.createTopic("u", 1, Map.of(TopicSettings.DURABILITY, "maybe")));
        assertEquals(ErrorCode.INVALID_CONFIG, refusal.code());
        store.close();
        scheduler.close();
    }

    @Test
    void whenever_it_crashes_kills_lose_nothing_and_no_offset_is_used_twice() {
        AtomicInteger lost = new AtomicInteger();
        Seeds.run(100, seed -> lost.addAndGet(lives(seed)));
        assertTrue(lost.get() > 0, "power cuts lose something, or this tests nothing");
    }

    /** Some lives, each with a crash; gives how many acknowledged records power cuts took. */
    private int lives(long seed) {
        random = new SimRandomness(seed);
        scheduler = new SimScheduler(random);
        disk = new SimDisk(scheduler, random);
        Map<Long, String> given = new HashMap<>();
        int lost = 0;
        for (int life = 0; life < 4; life++) {
            disk.crashAt(20 + random.nextInt(150));
            try {
                PartitionLog log = log(open());
                while (true) {
                    String value = random.nextUuid() + "x".repeat(random.nextInt(3_000));
                    ByteBuf batch = Batches.of(Batches.UNTRACKED, Compression.NONE, 5, List.of(value));
                    log.append(batch, (offset, error) -> {
                        String before = given.putIfAbsent(offset, value);
                        assertEquals(null, before, "offset " + offset + " is used twice");
                    });
                    scheduler.advance(Duration.ofMillis(random.nextInt(3)));
                }
            } catch (SimCrash e) {
                // as planned
            }
            scheduler.close();
            CrashStyle style = CrashStyle.draw(random);
            scheduler = new SimScheduler(random);
            disk = disk.afterCrash(scheduler, random, style);
            lost += check(given, style);
        }
        scheduler.crash();
        scheduler.close();
        return lost;
    }

    private int check(Map<Long, String> given, CrashStyle style) {
        PartitionLog log = log(open());
        Map<Long, String> found = new HashMap<>();
        Batches.readAll(log, 0, 1_000).forEach(read -> found.put(read.offset(), read.value()));
        int lost = 0;
        for (Map.Entry<Long, String> record : given.entrySet()) {
            String there = found.get(record.getKey());
            if (there == null) {
                lost++;
            } else {
                assertEquals(record.getValue(), there);
            }
        }
        assertTrue(lost == 0 || style != CrashStyle.KEEP, lost + " records were lost by a kill");
        found.forEach(given::putIfAbsent); // written, and not acknowledged before the crash
        given.keySet().retainAll(found.keySet());
        scheduler.crash();
        scheduler.close();
        scheduler = new SimScheduler(random);
        disk = disk.afterCrash(scheduler, random, CrashStyle.KEEP);
        return lost;
    }
}
