package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.env.Env;
import io.levada.env.PassingDisk;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.Batches.Read;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Retention and deletion on a disk: what goes, when it is gone for good, and what readers hear of it. */
class LogRetentionTest {
    private static final Duration TEN_YEARS = Duration.ofDays(3_650);
    private static final long RETENTION_MS = 16_000;

    private SimRandomness random = new SimRandomness(7);
    private SimScheduler scheduler = new SimScheduler(random);
    private SimDisk disk = new SimDisk(scheduler, random);
    private LogStore store = open();

    private LogStore open() {
        return LogStore.open(new Env(disk, scheduler.clock(), random, scheduler), LogWorkload.CONFIG);
    }

    @AfterEach
    void close() {
        store.close();
        scheduler.close();
    }

    /** Ends this life, cleanly or not, and begins the next. */
    private void restart(boolean cleanly, Duration stopped) {
        if (cleanly) {
            store.close();
        } else {
            scheduler.crash();
        }
        scheduler.close();
        SimScheduler next = new SimScheduler(random, scheduler.clock().afterStop(stopped));
        disk = disk.afterCrash(next, random, CrashStyle.draw(random));
        scheduler = next;
        store = open();
    }

    private PartitionLog topic(String... keysAndValues) {
        Map<String, String> settings = keysAndValues.length == 2
                ? Map.of(keysAndValues[0], keysAndValues[1])
                : Map.of(keysAndValues[0], keysAndValues[1], keysAndValues[2], keysAndValues[3]);
        return store.createTopic("t", 1, settings).partitions().get(0);
    }

    private PartitionLog log() {
        Topic topic = store.topic("t");
        if (topic == null) {
            return fail("the topic is gone");
        }
        return topic.partitions().get(0);
    }

    private void append(PartitionLog log, String... values) {
        CompletableFuture<Long> done = new CompletableFuture<>();
        log.append(Batches.of(Batches.UNTRACKED, Compression.NONE, 5, List.of(values)), (offset, error) -> {
            if (error == null) {
                done.complete(offset);
            } else {
                done.completeExceptionally(error);
            }
        });
        scheduler.await(done);
    }

    private static List<String> values(PartitionLog log) {
        return Batches.readAll(log, log.start(), 1 << 10).stream()
                .map(Read::value)
                .toList();
    }

    private static LevadaException failure(Runnable work) {
        return assertThrows(LevadaException.class, work::run);
    }

    @Test
    void what_is_too_old_goes_within_an_eighth_also_when_nothing_is_appended() throws IOException {
        PartitionLog log = topic("retention.ms", Long.toString(RETENTION_MS));
        append(log, "a", "b");
        scheduler.advance(Duration.ofMillis(RETENTION_MS - 1));
        assertEquals(List.of("a", "b"), values(log));

        scheduler.advance(Duration.ofMillis(RETENTION_MS / 8 + 1));

        assertEquals(2, log.start());
        assertEquals(2, log.durable());
        assertEquals(0, log.sizeBytes());
        LevadaException error = failure(() -> log.read(0, 1));
        assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, error.code());
        assertTrue(error.line().contains("the earliest is 2"), error.line());
        assertEquals(0, log.read(2, 100).readableBytes());
        assertEquals(2, log.offsetAt(0));
        assertEquals(List.of(), disk.list(Layout.partitionDirectory(log.id().topicId(), 0)), "no file is left of it");
    }

    @Test
    void bytes_that_are_not_durable_yet_let_nothing_go() {
        store.close();
        List<Runnable> duringForce = new ArrayList<>();
        Disk watched = new PassingDisk(disk) {
            @Override
            protected void force(String path, DiskFile file) throws IOException {
                if (path.startsWith(Layout.JOURNAL)) {
                    duringForce.forEach(Runnable::run);
                }
                super.force(path, file);
            }
        };
        store = LogStore.open(new Env(watched, scheduler.clock(), random, scheduler), LogWorkload.CONFIG);
        PartitionLog log = topic("retention.bytes", "2000", "segment.bytes", "4096");
        append(log, "x".repeat(3_800));
        append(log, "x".repeat(300)); // in the next segment
        List<Long> starts = new ArrayList<>();
        duringForce.add(() -> {
            PartitionTrim.byRetention(log, 1);
            starts.add(log.start());
        });

        append(log, "x".repeat(3_000)); // written behind it, and not durable while it is forced

        assertEquals(List.of(0L), starts, "a crash could still take what stands behind the first segment");
        PartitionTrim.byRetention(log, 1);
        assertEquals(1, log.start(), "and now it cannot");
    }

    @Test
    void a_partition_without_a_segment_goes_on_where_it_was() {
        append(topic("retention.ms", Long.toString(RETENTION_MS)), "a", "b");
        scheduler.advance(Duration.ofMillis(2 * RETENTION_MS));

        for (boolean cleanly : new boolean[] {false, true}) {
            restart(cleanly, Duration.ZERO);
            assertEquals(2, log().start());
            assertEquals(2, log().end());
        }
        append(log(), "c");
        restart(false, Duration.ZERO);
        assertEquals(List.of(new Read(2, "c")), Batches.readAll(log(), 2, 100));
    }

    @Test
    void settings_change_live_and_for_good() {
        PartitionLog log = topic("retention.ms", "-1", "segment.bytes", "65536");
        append(log, "a");
        scheduler.advance(Duration.ofDays(30));
        assertEquals(List.of("a"), values(log));

        store.alterTopic("t", Map.of("retention.ms", Long.toString(RETENTION_MS), "segment.bytes", "4096"));
        scheduler.advance(Duration.ofMillis(RETENTION_MS * 9 / 8));
        assertEquals(List.of(), values(log));
        assertEquals(4096, log.settings().segmentBytes());

        restart(false, Duration.ZERO);
        assertEquals(RETENTION_MS, log().settings().retentionMs());
        assertEquals(4096, log().settings().segmentBytes());
        LevadaException error = failure(() -> store.alterTopic("t", Map.of("durability", "os")));
        assertEquals(ErrorCode.INVALID_CONFIG, error.code());
        error = failure(() -> store.alterTopic("none", Map.of()));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error.code());
    }

    @Test
    void bytes_beyond_the_limit_go_and_what_is_written_stays() {
        PartitionLog log = topic("retention.bytes", "9000", "segment.bytes", "4096");
        for (int i = 0; i < 20; i++) {
            append(log, i + "x".repeat(1_500));
        }
        scheduler.advance(Duration.ofMinutes(3));

        assertTrue(log.start() > 0 && log.start() <= 14, "start " + log.start());
        assertTrue(log.sizeBytes() >= 9_000 && log.sizeBytes() < 9_000 + 4_096, "bytes " + log.sizeBytes());
        assertTrue(values(log).get(0).startsWith(log.start() + "x"));
        store.alterTopic("t", Map.of("retention.bytes", "0"));
        scheduler.advance(Duration.ofMinutes(3));
        assertTrue(log.start() < 20, "the active segment stays");
    }

    @Test
    void records_before_an_offset_are_deleted_for_good_and_to_the_record() {
        PartitionLog log = topic("segment.bytes", "4096");
        append(log, "a", "b", "c");
        for (int i = 3; i < 12; i++) {
            append(log, i + "x".repeat(1_500));
        }

        assertEquals(1, store.deleteRecords("t", 0, 1));
        assertEquals("b", values(log).get(0));
        assertEquals(1, log.offsetAt(0));
        restart(false, Duration.ZERO);
        assertEquals(1, log().start());
        long before = log().sizeBytes();
        assertEquals(8, store.deleteRecords("t", 0, 8));
        assertEquals(8, store.deleteRecords("t", 0, 3), "the start never goes back");
        assertTrue(log().sizeBytes() < before, "whole segments below have gone");
        restart(false, Duration.ZERO);
        assertEquals(8, log().start());
        assertTrue(values(log()).get(0).startsWith("8x"));
        assertEquals(12, store.deleteRecords("t", 0, 12));
        assertEquals(0, log().sizeBytes());
        append(log(), "d");
        restart(true, Duration.ZERO);
        assertEquals(List.of(new Read(12, "d")), Batches.readAll(log(), 12, 100));

        assertEquals(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                failure(() -> store.deleteRecords("t", 0, 14)).code());
        assertEquals(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                failure(() -> store.deleteRecords("t", 1, 0)).code());
    }

    @Test
    void clocks_that_jump_by_ten_years_delete_nothing_early_and_keep_nothing_long() {
        store.close();
        scheduler.close();
        Seeds.run(Integer.getInteger("levada.seeds", 150), this::jumps);
    }

    private record Appended(long offset, Duration at) {}

    private void jumps(long seed) {
        random = new SimRandomness(seed);
        scheduler = new SimScheduler(random);
        disk = new SimDisk(scheduler, random);
        store = open();
        topic("retention.ms", Long.toString(RETENTION_MS));
        Duration real = Duration.ZERO;
        List<Appended> appended = new ArrayList<>();
        boolean crashed = false;
        for (int event = 0; event < 40; event++) {
            switch (random.nextInt(8)) {
                case 0 -> scheduler.clock().stepWall(random.oneIn(2) ? TEN_YEARS : TEN_YEARS.negated());
                case 1 -> {
                    Duration stopped = Duration.ofMillis(random.nextInt(2 * (int) RETENTION_MS));
                    Duration step = random.oneIn(2) ? Duration.ZERO : random.oneIn(2) ? TEN_YEARS : TEN_YEARS.negated();
                    boolean cleanly = random.oneIn(2);
                    crashed |= !cleanly;
                    real = real.plus(stopped);
                    restart(cleanly, stopped.plus(step));
                }
                case 2, 3, 4 -> {
                    Duration pass = Duration.ofMillis(random.nextInt((int) RETENTION_MS / 4));
                    long before = scheduler.clock().nanos();
                    scheduler.advance(pass);
                    real = real.plusNanos(scheduler.clock().nanos() - before);
                }
                default -> {
                    appended.add(new Appended(log().end(), real));
                    append(log(), "x".repeat(random.nextInt(3_000)));
                }
            }
            for (Appended record : appended) {
                long age = real.minus(record.at()).toMillis();
                if (age < RETENTION_MS && record.offset() < log().start()) {
                    fail("a record of " + age + " ms is gone");
                }
            }
        }
        scheduler.advance(Duration.ofMillis(RETENTION_MS * 9 / 8));
        assertEquals(log().durable(), log().start(), crashed ? "all has gone, after crashes" : "all has gone");
        store.close();
        scheduler.close();
    }
}
