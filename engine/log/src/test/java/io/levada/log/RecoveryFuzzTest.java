package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.Env;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.testgate.FuzzGate;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Whatever becomes of a store's files while it is closed: it is refused and left as it is, or opens, gives every record as it was
 * written or tells that it is damaged, keeps all that was not touched, and is found the same once more.
 *
 * <p>An input is a byte that says which store (closed, or killed with records in the journal alone), then edits, each five bytes
 * and what is written: file, kind, position (two bytes), length.
 */
class RecoveryFuzzTest {
    private static final int BATCHES = 8;
    private static final int PARTITIONS = 2;
    private static final int MOST_EDITS = 8;
    private static final int KINDS = 6;

    private static List<Map<String, byte[]>> templates = List.of();

    private final FuzzGate gate = new FuzzGate();

    /** What the edits touched. */
    private static final class Touched {
        private final Set<String> files = new HashSet<>();

        boolean only(String suffix) {
            return files.stream().allMatch(file -> file.endsWith(suffix));
        }
    }

    private static LogConfig config(FuzzGate gate) {
        return LogConfig.defaults()
                .withWriterLoops(1)
                .withJournal(64 << 10, 2)
                .withReserveBytes(0)
                .withIndexIntervalBytes(256)
                .withAllocator(gate.allocator());
    }

    @BeforeAll
    static void make() throws IOException {
        Seeds.mute(true);
        FuzzGate gate = new FuzzGate();
        SteppedScheduler scheduler = new SteppedScheduler();
        ArrayDisk disk = new ArrayDisk(Map.of());
        Uncheckpointed killed = new Uncheckpointed(disk);
        try (LogStore store = open(killed, scheduler, gate)) {
            store.createTopic("t", PARTITIONS, Map.of(TopicSettings.SEGMENT_BYTES, "4096"));
            append(scheduler, store, 0, BATCHES);
        }
        Map<String, byte[]> closed = disk.contents();
        try (LogStore store = open(killed, scheduler, gate)) {
            killed.fail(true);
            append(scheduler, store, BATCHES, BATCHES + BATCHES / 2);
            Map<String, byte[]> cut = disk.contents();
            killed.fail(false);
            templates = List.of(closed, cut);
        }
    }

    @AfterAll
    static void unmute() {
        Seeds.mute(false);
    }

    private static LogStore open(Disk disk, SteppedScheduler scheduler, FuzzGate gate) {
        SimRandomness random = new SimRandomness(7);
        return LogStore.open(new Env(disk, new SimScheduler(random).clock(), random, scheduler), config(gate));
    }

    private static String value(int partition, long offset) {
        return "record " + offset + " of " + partition + " " + "x".repeat((int) (offset % 5) * 120);
    }

    private static void append(SteppedScheduler scheduler, LogStore store, int from, int to) {
        for (int i = from; i < to; i++) {
            for (PartitionLog log : partitions(store)) {
                String one = value(log.partition(), 2L * i);
                String other = value(log.partition(), 2L * i + 1);
                ByteBuf batch = Batches.of(Batches.UNTRACKED, Compression.NONE, 1_000 + i, List.of(one, other));
                scheduler.await(Batches.append(log, batch));
            }
        }
    }

    private static List<PartitionLog> partitions(LogStore store) {
        return Objects.requireNonNull(store.topic("t")).partitions();
    }

    @FuzzTest
    void what_is_not_lost_is_read_and_what_is_lost_is_told(byte[] input) {
        if (input.length == 0) {
            return;
        }
        int which = input[0] & 1;
        Map<String, byte[]> files = new TreeMap<>(templates.get(which));
        Touched touched = edit(files, input);
        ArrayDisk disk = new ArrayDisk(files);
        Map<Integer, String> found = opened(disk, which, touched);
        if (found == null) {
            assertEquals(Set.of(), changed(files, disk.contents()), "changed in a store that was refused");
        } else {
            assertEquals(found, opened(disk, which, touched), "found otherwise the second time");
        }
        gate.settled();
    }

    private static Set<String> changed(Map<String, byte[]> before, Map<String, byte[]> after) {
        Set<String> names = new TreeSet<>(before.keySet());
        names.addAll(after.keySet());
        names.removeIf(name -> name.equals(Layout.LOCK) || Arrays.equals(before.get(name), after.get(name)));
        return names;
    }

    private static Touched edit(Map<String, byte[]> files, byte[] input) {
        Touched touched = new Touched();
        List<String> names = new ArrayList<>(files.keySet());
        int at = 1;
        for (int edit = 0; edit < MOST_EDITS && at + 5 <= input.length; edit++) {
            String name = names.get((input[at] & 0xFF) % names.size());
            byte[] before = files.get(name);
            int kind = (input[at + 1] & 0xFF) % KINDS;
            int position = (input[at + 2] & 0xFF) << 8 | (input[at + 3] & 0xFF);
            int length = Math.min(input[at + 4] & 0xFF, input.length - at - 5);
            at += 5;
            if (before != null) {
                byte[] after = edited(
                        before, kind, position % (before.length + 1), Arrays.copyOfRange(input, at, at + length));
                if (after == null) {
                    files.remove(name);
                } else if (kind == 5) {
                    files.put(name, files.getOrDefault(names.get(position % names.size()), after));
                } else {
                    files.put(name, after);
                }
                if (!Arrays.equals(before, files.get(name))) {
                    touched.files.add(name);
                }
            }
            at += length;
        }
        return touched;
    }

    private static byte @Nullable [] edited(byte[] before, int kind, int position, byte[] bytes) {
        return switch (kind) {
            case 0 -> {
                byte[] after = Arrays.copyOf(before, Math.max(before.length, position + bytes.length));
                System.arraycopy(bytes, 0, after, position, bytes.length);
                yield after;
            }
            case 1 -> Arrays.copyOf(before, position);
            case 2 -> {
                byte[] after = before.clone();
                int to = Math.min(before.length, position + 1 + 16 * bytes.length);
                Arrays.fill(after, position, to, (byte) 0);
                yield after;
            }
            case 3 -> null;
            case 4 -> {
                byte[] after = before.clone();
                for (int i = 0; i < bytes.length && position + i < after.length; i++) {
                    after[position + i] ^= bytes[i];
                }
                yield after;
            }
            default -> before;
        };
    }

    /** What is found of each partition, in words; null where the store is refused. */
    private @Nullable Map<Integer, String> opened(Disk disk, int which, Touched touched) {
        LogStore store;
        try {
            store = open(disk, new SteppedScheduler(), gate);
        } catch (LevadaException e) {
            boolean told = e.code() == ErrorCode.CORRUPT_MESSAGE || e.code() == ErrorCode.UNSUPPORTED_VERSION;
            if (!told || touched.only(".log") || touched.only("index")) {
                throw new AssertionError("refused, where it is not to be, or otherwise: " + e.line(), e);
            }
            return null;
        }
        try (store) {
            Map<Integer, String> found = new TreeMap<>();
            Topic topic = store.topic("t");
            if (topic == null) {
                assertTrue(
                        touched.files.contains(Layout.CATALOG) || touched.files.contains(Layout.CATALOG + ".old"),
                        "lost");
                return found;
            }
            for (PartitionLog log : topic.partitions()) {
                found.put(log.partition(), read(log, which, touched));
            }
            return found;
        }
    }

    private static String read(PartitionLog log, int which, Touched touched) {
        List<String> ranges = new ArrayList<>();
        List<Batches.Read> records = Batches.readAround(log, 2_000, ranges);
        for (Batches.Read record : records) {
            assertEquals(value(log.partition(), record.offset()), record.value(), "a record that nobody wrote");
        }
        long written = 2L * (which == 0 ? BATCHES : BATCHES + BATCHES / 2);
        assertTrue(log.durable() <= written, () -> "it ends at " + log.durable() + " of " + written);
        String own = "/" + log.partition() + "/";
        boolean untouched = touched.files.stream().noneMatch(file -> file.contains(own))
                && (touched.only(".log") || touched.only("index"));
        if (untouched || touched.only("index")) {
            assertEquals(written, records.size(), () -> "of a partition that nobody touched, without " + ranges);
            assertEquals(List.of(), ranges);
        } else if (touched.only(".log")) {
            assertEquals(written, log.durable(), "a checkpoint or the journal says where it ends");
            assertTrue(records.size() == written || !ranges.isEmpty(), "records are lost, and nobody says so");
        }
        return log.start() + "-" + log.durable() + " without " + ranges;
    }
}
