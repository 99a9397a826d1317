package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** A topic is given partitions, also when the power goes at any moment of it. */
class AddPartitionsTest {
    private static final int IMAGES_OF_A_CRASH = 4;

    private static LogStore open(SimScheduler scheduler, SimRandomness random, SimDisk disk) {
        return LogStore.open(new Env(disk, scheduler.clock(), random, scheduler), LogWorkload.CONFIG);
    }

    private static Topic topic(LogStore store) {
        return Objects.requireNonNull(store.topic("t"));
    }

    private static void append(SimScheduler scheduler, Topic topic, int partition, String value) {
        scheduler.await(Batches.append(
                topic.partitions().get(partition), Batches.of(Batches.UNTRACKED, Compression.NONE, 5, List.of(value))));
    }

    private static List<String> values(Topic topic, int partition) {
        return Batches.readAll(topic.partitions().get(partition), 0, 1 << 20).stream()
                .map(Batches.Read::value)
                .toList();
    }

    @Test
    void partitions_are_added_beside_those_there_are_and_share_their_settings() {
        SimRandomness random = new SimRandomness(1);
        SimScheduler scheduler = new SimScheduler(random);
        LogStore store = open(scheduler, random, new SimDisk(scheduler, random));
        Topic before = store.createTopic("t", 2, Map.of("retention.ms", "5000"));
        append(scheduler, before, 1, "kept");
        Topic grown = store.addPartitions("t", 4);
        assertEquals(before.partitions(), grown.partitions().subList(0, 2));
        append(scheduler, grown, 3, "new");
        assertEquals(List.of("kept"), values(grown, 1));
        assertEquals(List.of("new"), values(grown, 3));
        store.alterTopic("t", Map.of("retention.ms", "6000"));
        assertEquals("6000", grown.partitions().get(3).settings().spelled().get("retention.ms"));
        assertEquals(4, store.addPartitions("t", 4).partitions().size());
        refused(ErrorCode.INVALID_PARTITIONS, () -> store.addPartitions("t", 3));
        refused(ErrorCode.INVALID_PARTITIONS, () -> store.addPartitions("t", 1_000_000));
        refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, () -> store.addPartitions("u", 3));
        store.close();
        scheduler.close();
    }

    private static void refused(ErrorCode code, Runnable work) {
        assertEquals(
                code, Assertions.assertThrows(LevadaException.class, work::run).code());
    }

    @Test
    void a_crash_leaves_the_old_number_or_the_new_and_nothing_acknowledged_is_lost() {
        Set<Integer> left = new TreeSet<>();
        int crashes = 0;
        for (long operation = 1; crashAt(operation, left); operation++) {
            crashes++;
        }
        assertTrue(crashes > 5, crashes + " crashes");
        assertEquals(Set.of(1, 3), left);
    }

    /** Whether there was such an operation to crash at. */
    private static boolean crashAt(long operation, Set<Integer> left) {
        SimRandomness random = new SimRandomness(operation);
        SimScheduler scheduler = new SimScheduler(random);
        SimDisk disk = new SimDisk(scheduler, random);
        LogStore store = open(scheduler, random, disk);
        append(scheduler, store.createTopic("t", 1, Map.of()), 0, "kept");
        int added = 1;
        boolean appended = false;
        boolean crashed = false;
        disk.crashAt(operation);
        try {
            Topic grown = store.addPartitions("t", 3);
            added = 3;
            append(scheduler, grown, 2, "new");
            appended = true;
        } catch (SimCrash e) {
            crashed = true;
        }
        if (!scheduler.isCrashed()) {
            scheduler.crash();
        }
        scheduler.close();
        for (int image = 0; image < IMAGES_OF_A_CRASH; image++) {
            check(disk, random, added, appended, left);
        }
        return crashed;
    }

    private static void check(SimDisk disk, SimRandomness random, int added, boolean appended, Set<Integer> left) {
        SimScheduler scheduler = new SimScheduler(random);
        SimDisk found = disk.afterCrash(scheduler, random, CrashStyle.draw(random));
        LogStore store = open(scheduler, random, found);
        Topic topic = topic(store);
        int count = topic.partitions().size();
        left.add(count);
        assertTrue(count == 3 || (count == 1 && added == 1), count + " partitions where " + added + " were told");
        assertEquals(List.of("kept"), values(topic, 0));
        if (appended) {
            assertEquals(List.of("new"), values(topic, 2));
        }
        append(scheduler, topic, count - 1, "later");
        store.close();
        scheduler.close();
    }
}
