package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.DiskFile;
import io.levada.env.Env;
import io.levada.env.SimCrash;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Compaction on a disk: the latest record of each key stays where it was, whatever happens in the middle. */
class LogCompactionTest {
    private static final Map<String, String> COMPACTED = Map.of(
            "cleanup.policy",
            "compact",
            "segment.bytes",
            "4096",
            "max.compaction.lag.ms",
            "32000",
            "delete.retention.ms",
            "100000");
    private static final Duration ENOUGH = Duration.ofSeconds(40);

    private record Kept(String key, @Nullable String value) {}

    /** One life of a log after the other, and all that was acknowledged. */
    private static final class World {
        private final SimRandomness random;
        private final TreeMap<Long, Kept> acknowledged = new TreeMap<>();
        private SimScheduler scheduler;
        private SimDisk disk;
        private long time;

        World(long seed) {
            random = new SimRandomness(seed);
            scheduler = new SimScheduler(random);
            disk = new SimDisk(scheduler, random);
        }

        LogStore open() {
            return LogStore.open(new Env(disk, scheduler.clock(), random, scheduler), LogWorkload.CONFIG);
        }

        void crash() {
            scheduler.crash();
            scheduler.close();
            SimScheduler next = new SimScheduler(random, scheduler.clock().afterStop(Duration.ZERO));
            disk = disk.afterCrash(next, random, CrashStyle.draw(random));
            scheduler = next;
        }

        PartitionLog log(LogStore store) {
            Topic topic = store.topic("t");
            return topic == null
                    ? store.createTopic("t", 1, COMPACTED).partitions().get(0)
                    : topic.partitions().get(0);
        }

        void append(PartitionLog log, Compression compression, List<Kept> records) {
            scheduler.await(send(log, batch(compression, records)).thenApply(offset -> {
                for (int i = 0; i < records.size(); i++) {
                    acknowledged.put(offset + i, records.get(i));
                }
                return offset;
            }));
        }

        private ByteBuf batch(Compression compression, List<Kept> records) {
            try (BatchBuilder builder = new BatchBuilder(Batches.UNTRACKED, compression, Limits.DEFAULT)) {
                for (Kept record : records) {
                    builder.append(time++, bytes(record.key()), bytes(record.value()), List.of());
                }
                return builder.build();
            }
        }

        private static CompletableFuture<Long> send(PartitionLog log, ByteBuf batch) {
            CompletableFuture<Long> done = new CompletableFuture<>();
            log.append(batch, (offset, error) -> {
                if (error == null) {
                    done.complete(offset);
                } else {
                    done.completeExceptionally(error);
                }
            });
            return done;
        }

        /** Of one producer, some records at a sequence, all of the same keys. */
        long appendNumbered(PartitionLog log, int sequence) {
            List<Kept> records = List.of(new Kept("a", "x".repeat(300)), new Kept("b", "y"), new Kept("c", "z"));
            ByteBuf batch = batch(Compression.NONE, records);
            RecordBatch.setProducer(batch, 5, (short) 0, sequence);
            return scheduler.await(send(log, batch));
        }

        void loseCheckpoints() throws IOException {
            disk.delete(Layout.CHECKPOINT);
            disk.delete(Layout.CHECKPOINT + CheckedPair.COPY_SUFFIX);
        }

        /** Some batches of some keys, of which most come again and again. */
        void fill(PartitionLog log, int batches) {
            for (int i = 0; i < batches; i++) {
                List<Kept> records = new ArrayList<>();
                for (int j = 1 + random.nextInt(6); j > 0; j--) {
                    String key = "k" + random.nextInt(random.oneIn(10) ? 1_000 : 12);
                    records.add(new Kept(key, random.oneIn(10) ? null : "v" + time + "x".repeat(random.nextInt(400))));
                }
                append(log, random.oneIn(3) ? Compression.GZIP : Compression.NONE, records);
            }
        }

        /** All that is found was acknowledged as it is, at its offset; of each key, the latest is. */
        NavigableMap<Long, Kept> check(PartitionLog log, boolean tombstonesMayBeGone) {
            NavigableMap<Long, Kept> found = read(log, log.start());
            TreeMap<String, Long> latest = new TreeMap<>();
            acknowledged.forEach((offset, record) -> latest.put(record.key(), offset));
            found.forEach((offset, record) -> {
                if (acknowledged.containsKey(offset)) { // else a crash came before the acknowledgement
                    assertEquals(acknowledged.get(offset), record, "offset " + offset);
                } else {
                    latest.put(record.key(), offset);
                }
            });
            latest.forEach((key, offset) -> {
                Kept record = acknowledged.get(offset);
                boolean gone = !found.containsKey(offset);
                boolean mayBeGone = tombstonesMayBeGone && record != null && record.value() == null;
                assertTrue(!gone || mayBeGone, "the latest record of " + key + ", at " + offset + ", is gone");
            });
            for (long from : List.of(log.start(), log.durable() / 2, log.durable() * 3 / 4)) {
                assertEquals(found.tailMap(from), read(log, from), "from offset " + from);
            }
            return found;
        }

        private static NavigableMap<Long, Kept> read(PartitionLog log, long from) {
            TreeMap<Long, Kept> found = new TreeMap<>();
            long next = from;
            while (next < log.durable()) {
                ByteBuf batches = log.read(next, 700);
                assertTrue(batches.isReadable(), "something is behind offset " + next);
                while (batches.isReadable()) {
                    ByteBuf batch = batches.readSlice(RecordBatch.sizeInBytes(batches));
                    try (RecordCursor record = RecordCursor.open(batch, Limits.DEFAULT)) {
                        while (record.next()) {
                            if (record.offset() >= from) {
                                found.put(record.offset(), new Kept(text(record.key()) + "", text(record.value())));
                            }
                        }
                    }
                    assertTrue(RecordBatch.nextOffset(batch) > next, "it goes on");
                    next = RecordBatch.nextOffset(batch);
                }
            }
            return found;
        }

        private static byte @Nullable [] bytes(@Nullable String text) {
            return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
        }

        private static @Nullable String text(byte @Nullable [] bytes) {
            return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
        }
    }

    @Test
    void keeps_the_latest_record_of_each_key_where_it_was() {
        World world = new World(3);
        LogStore store = world.open();
        PartitionLog log = world.log(store);
        world.fill(log, 150);
        long before = log.sizeBytes();
        long end = log.durable();

        world.scheduler.advance(ENOUGH);

        assertTrue(log.sizeBytes() < before / 2, log.sizeBytes() + " bytes of " + before);
        assertEquals(end, log.durable());
        NavigableMap<Long, Kept> found = world.check(log, false);
        long time = 200;
        long expected = found.entrySet().stream()
                .filter(record -> record.getKey() >= time) // the time of a record is its offset here
                .findFirst()
                .orElseThrow()
                .getKey();
        assertEquals(expected, log.offsetAt(time));
        store.close();
        store = world.open();
        assertEquals(found, world.check(world.log(store), false));
        world.fill(world.log(store), 100);
        world.scheduler.advance(ENOUGH);
        world.check(world.log(store), false);
        store.close();
        world.scheduler.close();
    }

    @Test
    void what_was_compacted_is_no_damage_where_the_checkpoint_is_lost() throws IOException {
        World world = new World(8);
        LogStore store = world.open();
        PartitionLog log = world.log(store);
        world.fill(log, 150);
        world.scheduler.advance(ENOUGH);
        NavigableMap<Long, Kept> found = world.check(log, false);
        assertTrue(found.size() < world.acknowledged.size() / 2, found.size() + " records are left");
        store.close();
        List<String> damaged = new ArrayList<>();
        LogVerifier.verify(world.disk, finding -> damaged.add(finding.file()));
        assertEquals(List.of(), damaged);
        world.loseCheckpoints();
        LogVerifier.verify(world.disk, finding -> damaged.add(finding.file()));
        assertEquals(List.of(Layout.CHECKPOINT, Layout.CHECKPOINT + CheckedPair.COPY_SUFFIX), damaged);

        store = world.open();

        assertEquals(found, world.check(world.log(store), false));
        assertEquals(List.of(), store.health());
        store.close();
        world.scheduler.close();
    }

    @Test
    void a_producer_of_which_compaction_left_one_empty_batch_goes_on_where_the_checkpoint_is_lost() throws IOException {
        World world = new World(9);
        LogStore store = world.open();
        PartitionLog log = world.log(store);
        for (int sequence = 0; sequence < 60; sequence += 3) {
            assertEquals(sequence, world.appendNumbered(log, sequence));
        }
        world.append(
                log, Compression.NONE, List.of(new Kept("a", "later"), new Kept("b", "later"), new Kept("c", "later")));
        world.fill(log, 60);
        world.scheduler.advance(ENOUGH);
        assertEquals(60, World.read(log, 0).firstKey(), "nothing is left of what the producer sent");
        store.close();
        world.loseCheckpoints();

        PartitionLog again = world.log(world.open());

        assertEquals(57, world.appendNumbered(again, 57), "a repeat");
        LevadaException unknown = assertThrows(LevadaException.class, () -> world.appendNumbered(again, 30));
        assertEquals(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, unknown.code());
        long end = again.durable();
        assertEquals(end, world.appendNumbered(again, 60));
        world.scheduler.crash();
        world.scheduler.close();
    }

    @Test
    void tombstones_go_after_their_time_and_not_before() {
        World world = new World(4);
        LogStore store = world.open();
        PartitionLog log = world.log(store);
        world.append(log, Compression.NONE, List.of(new Kept("gone", "a"), new Kept("kept", "b")));
        world.append(log, Compression.NONE, List.of(new Kept("gone", null)));
        world.fill(log, 60);
        world.scheduler.advance(ENOUGH);
        NavigableMap<Long, Kept> found = world.check(log, false);
        assertTrue(!found.containsKey(0L) && found.containsKey(2L), "the tombstone stays for its time");

        world.scheduler.advance(Duration.ofSeconds(110));
        world.fill(log, 60);
        world.scheduler.advance(ENOUGH);
        found = world.check(log, true);
        assertTrue(found.containsKey(1L) && !found.containsKey(2L), "it goes behind it");
        store.close();
        world.scheduler.close();
    }

    @Test
    void more_keys_than_there_is_room_for_take_more_passes() {
        World world = new World(5);
        LogStore store = world.open();
        PartitionLog log = world.log(store);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 3_000; i += 100) {
                List<Kept> records = new ArrayList<>();
                for (int j = i; j < i + 100; j++) {
                    records.add(new Kept("key" + j, "r" + round));
                }
                world.append(log, Compression.GZIP, records);
            }
        }
        world.fill(log, 20);
        world.scheduler.advance(Duration.ofMinutes(10));

        int left = world.check(log, false).size();
        assertTrue(left < 6_000, left + " records of 9000");
        store.close();
        world.scheduler.close();
    }

    @Test
    void loses_no_latest_record_wherever_it_crashes() {
        long operations = crashed(9, Long.MAX_VALUE);
        int step = Integer.getInteger("levada.compaction.step", 7);
        for (long at = 300; at < operations; at += step) {
            try {
                crashed(9, at);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("crashing at operation " + at + " of " + operations, e);
            }
        }
    }

    /** Two compactions, a crash at an operation, and recoveries that crash as well. */
    private static long crashed(long seed, long crashAt) {
        World world = new World(seed);
        world.disk.crashAt(crashAt);
        try {
            LogStore store = world.open();
            for (int round = 0; round < 3; round++) {
                world.fill(world.log(store), 40);
                world.scheduler.advance(ENOUGH);
            }
            store.close();
        } catch (SimCrash e) {
            // as planned
        }
        final long operations = world.disk.operations();
        for (int recoveryCrashAt = 2; ; recoveryCrashAt *= 2) {
            world.crash();
            world.disk.crashAt(recoveryCrashAt);
            try {
                LogStore store = world.open();
                PartitionLog log = world.log(store);
                world.check(log, true);
                world.disk.crashAt(Long.MAX_VALUE);
                world.scheduler.advance(ENOUGH);
                world.check(log, true);
                store.close();
                world.scheduler.close();
                return operations;
            } catch (SimCrash e) {
                // again
            }
        }
    }

    @Test
    void damage_in_a_compacted_segment_is_told_and_is_no_hole() throws IOException {
        World world = new World(6);
        LogStore store = world.open();
        PartitionLog log = world.log(store);
        world.fill(log, 80);
        world.scheduler.advance(ENOUGH);
        NavigableMap<Long, Kept> found = world.check(log, false);
        store.close();
        String path = Layout.partitionDirectory(log.id().topicId(), 0) + "/" + Layout.segmentName(0) + ".log";
        int size = (int) world.disk.size(path);
        assertTrue(size > RecordBatch.HEADER_BYTES, "something is left of the first segment");
        for (int at = 0; at < size; at += 1 + world.random.nextInt(9)) {
            flip(world.disk, path, at);
            store = world.open();
            long next = 0;
            boolean told = false;
            NavigableMap<Long, Kept> readable = new TreeMap<>();
            while (next < log.durable() && !told) {
                try {
                    readable = World.read(world.log(store), next);
                    break;
                } catch (LevadaException e) {
                    assertEquals(ErrorCode.CORRUPT_MESSAGE, e.code(), e.line());
                    told = true;
                }
            }
            assertTrue(told || readable.equals(found), "a flip at " + at + " goes unnoticed");
            assertTrue(told, "a flip at " + at + " is told");
            store.close();
            flip(world.disk, path, at);
        }
        world.scheduler.close();
    }

    private static void flip(SimDisk disk, String path, int at) throws IOException {
        try (DiskFile file = disk.open(path, false)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            file.read(at, one);
            one.put(0, (byte) (one.get(0) ^ 4));
            file.write(at, one.flip());
            file.force();
        }
    }

    @Test
    void a_map_that_is_full_says_so_and_still_knows_its_keys() {
        OffsetMap map = new OffsetMap(8);
        for (int i = 0; i < 6; i++) {
            assertTrue(map.put(new byte[] {(byte) i}, i));
        }
        assertTrue(!map.put(new byte[] {9}, 9));
        assertTrue(map.put(new byte[] {5}, 50));
        assertEquals(50, map.get(new byte[] {5}));
        assertEquals(0, map.get(new byte[] {0}));
        assertEquals(-1, map.get(new byte[] {9}));
        map.clear();
        assertEquals(-1, map.get(new byte[] {0}));
    }
}
