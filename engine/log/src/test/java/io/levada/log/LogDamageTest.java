package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Env;
import io.levada.log.Batches.Read;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files damaged while the store was closed: told with the range, neighbours readable, indexes never missed. */
class LogDamageTest {
    private static final LogConfig CONFIG = LogConfig.defaults()
            .withJournal(256 << 10, 2)
            .withIndexIntervalBytes(512)
            .withAllocator(Batches.UNTRACKED);
    private static final int BATCHES = 60;

    @TempDir
    Path directory;

    private final List<Env> envs = new ArrayList<>();
    private final List<Integer> positions = new ArrayList<>();

    @AfterEach
    void end() {
        envs.forEach(env -> env.scheduler().close());
    }

    /** Two segments; batch i holds offsets 2i and 2i + 1. */
    @BeforeEach
    void fill() throws IOException {
        try (LogStore store = open()) {
            PartitionLog log = store.createTopic("t", 1, Map.of(TopicSettings.SEGMENT_BYTES, "4096"))
                    .partitions()
                    .get(0);
            for (int i = 0; i < BATCHES; i++) {
                List<String> values = List.of("first of " + i, "second of " + i);
                ByteBuf batch = Batches.of(Batches.UNTRACKED, Compression.NONE, 1_000 + 10L * i, values);
                Batches.append(log, batch).join();
            }
        }
        LogInspector inspector = LogInspector.of(directory);
        assertTrue(inspector.segments().size() >= 2);
        inspector.inspect(inspector.segments().get(0), new LogInspector.Visitor() {
            @Override
            public void batch(int position, ByteBuf batch) {
                positions.add(position);
            }

            @Override
            public void damage(int position, int bytes, String why) {
                throw new AssertionError(why);
            }
        });
    }

    private LogStore open() throws IOException {
        Env env = Env.real(directory);
        envs.add(env);
        return LogStore.open(env, CONFIG);
    }

    private static PartitionLog log(LogStore store) {
        return Objects.requireNonNull(store.topic("t")).partitions().get(0);
    }

    private List<Path> files(String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void any_bit_flipped_in_a_batch_is_told_with_its_range_and_the_neighbours_are_read() throws IOException {
        Path segment = files(".log").get(0);
        int victim = 7;
        int from = positions.get(victim);
        int to = positions.get(victim + 1);
        try (LogStore store = open()) {
            PartitionLog log = log(store);
            for (int position = from; position < to; position++) {
                Damage.flipBit(segment, position, position % 8);
                List<String> ranges = new ArrayList<>();
                List<Read> records = Batches.readAround(log, ranges);
                assertEquals(List.of("14-15"), ranges, "byte " + (position - from));
                assertEquals(2 * BATCHES - 2, records.size());
                assertTrue(log.offsetAt(1_070) <= 14, "a time within the damage leads to it");
                Damage.flipBit(segment, position, position % 8);
            }
            assertEquals(2 * BATCHES, Batches.readAround(log, new ArrayList<>()).size());
        }
    }

    @Test
    void damage_that_a_reader_met_is_part_of_the_health() throws IOException {
        Damage.flipBit(files(".log").get(0), positions.get(7) + 70, 1);
        try (LogStore store = open()) {
            assertEquals(List.of(), store.health());
            Batches.readAround(log(store), new ArrayList<>());
            Batches.readAround(log(store), new ArrayList<>());
            assertEquals(1, store.health().size());
            DamagedRange range = store.health().get(0);
            assertEquals("t", range.topic());
            assertEquals(14, range.from());
            assertEquals(16, range.to());
        }
    }

    @Test
    void control_without_damage_no_range_is_told() throws IOException {
        try (LogStore store = open()) {
            List<String> ranges = new ArrayList<>();
            assertEquals(2 * BATCHES, Batches.readAround(log(store), ranges).size());
            assertEquals(List.of(), ranges);
        }
    }

    @Test
    void a_segment_cut_short_is_told_and_the_log_goes_on_behind_it() throws IOException {
        Topic big;
        try (LogStore store = open()) {
            big = store.createTopic("big", 1, Map.of());
            for (int i = 0; i < 50; i++) {
                append(big.partitions().get(0), "x".repeat(200) + i);
            }
        }
        Path segment = directory.resolve(Layout.partitionDirectory(big.id(), 0) + "/" + Layout.segmentName(0) + ".log");
        Damage.truncate(segment, 5_000);
        for (int opening = 0; opening < 2; opening++) {
            try (LogStore store = open()) {
                PartitionLog log =
                        Objects.requireNonNull(store.topic("big")).partitions().get(0);
                assertEquals(50 + opening, log.durable());
                List<String> ranges = new ArrayList<>();
                int lost = 50 + opening - Batches.readAround(log, ranges).size();
                assertTrue(lost > 25 && lost < 40, lost + " are lost");
                assertEquals(List.of((50 - lost) + "-49"), ranges);
                assertEquals(50 + opening, append(log, "more"));
            }
        }
    }

    @Test
    void what_is_lost_of_the_last_sector_is_mended_from_the_checkpoint() throws IOException {
        List<Path> segments = files(".log");
        Path last = segments.get(segments.size() - 1);
        Damage.truncate(last, Files.size(last) - 10);
        try (LogStore store = open()) {
            assertEquals(2 * BATCHES, Batches.readAll(log(store), 0, 1).size());
        }
    }

    private static long append(PartitionLog log, String value) {
        return Batches.append(log, Batches.of(value)).join();
    }

    @Test
    void a_segment_that_is_missing_is_told_and_the_others_are_read() throws IOException {
        List<Path> segments = files(".log");
        long end = baseOf(segments.get(1));
        Files.delete(segments.get(0));
        try (LogStore store = open()) {
            List<String> ranges = new ArrayList<>();
            assertEquals(
                    2 * BATCHES - end, Batches.readAround(log(store), ranges).size());
            assertEquals(List.of("0-" + (end - 1)), ranges);
        }
    }

    @Test
    void a_last_segment_that_is_missing_is_made_anew_from_the_checkpoint_that_has_the_whole_of_it() throws IOException {
        List<Path> segments = files(".log");
        Path last = segments.get(segments.size() - 1);
        byte[] before = Files.readAllBytes(last);
        assertTrue(before.length < Layout.SECTOR_BYTES, before.length + " bytes");
        Files.delete(last);
        try (LogStore store = open()) {
            assertEquals(2 * BATCHES, Batches.readAll(log(store), 0, 1).size());
        }
        assertArrayEquals(before, Files.readAllBytes(last));
    }

    private static long baseOf(Path segment) {
        return Layout.segmentBase(String.valueOf(segment.getFileName()), Layout.LOG_SUFFIX);
    }

    @Test
    void indexes_lost_or_damaged_or_swapped_change_no_answer() throws IOException {
        List<Path> indexes = new ArrayList<>(files(".index"));
        indexes.addAll(files(".timeindex"));
        assertTrue(indexes.size() >= 4);
        for (Path index : indexes) {
            byte[] before = Files.readAllBytes(index);
            Files.delete(index);
            answersAreRight();
            Files.write(index, before);
            Damage.flipBit(index, before.length - 3, 2);
            answersAreRight();
            Files.write(index, before);
            Damage.truncate(index, before.length - 8);
            answersAreRight();
            Files.copy(indexes.get(0), index, StandardCopyOption.REPLACE_EXISTING);
            answersAreRight();
            Files.write(index, before);
        }
    }

    private void answersAreRight() throws IOException {
        try (LogStore store = open()) {
            PartitionLog log = log(store);
            for (long i = 0; i < BATCHES; i += 7) {
                assertEquals(
                        2 * i + 1, Batches.readAll(log, 2 * i + 1, 1).get(0).offset());
                assertEquals(2 * i, log.offsetAt(1_000 + 10 * i));
                assertEquals(2 * i + 1, log.offsetAt(1_001 + 10 * i));
            }
        }
    }

    @Test
    void either_copy_of_catalog_and_checkpoint_may_be_lost() throws IOException {
        for (String name : List.of("catalog", "catalog.copy", "checkpoint", "checkpoint.copy")) {
            Path file = directory.resolve(name);
            Damage.flipBit(file, Files.size(file) - 1, 0);
            try (LogStore store = open()) {
                assertEquals(2 * BATCHES, log(store).durable());
            }
            Files.delete(file);
            try (LogStore store = open()) {
                assertEquals(2 * BATCHES, Batches.readAll(log(store), 0, 100).size());
            }
            assertTrue(Files.exists(file));
        }
    }

    @Test
    void without_both_copies_of_the_checkpoint_everything_is_found_in_the_segments_and_nothing_cut()
            throws IOException {
        Damage.flipBit(files(".log").get(0), positions.get(7) + 70, 1);
        Files.delete(directory.resolve("checkpoint"));
        Damage.truncate(directory.resolve("checkpoint.copy"), 30);
        List<Path> before = files(".log");
        List<Long> sizes = new ArrayList<>();
        for (Path segment : before) {
            sizes.add(Files.size(segment));
        }
        try (LogStore store = open()) {
            assertEquals(before, files(".log"));
            for (int i = 0; i < before.size(); i++) {
                assertEquals(sizes.get(i), Files.size(before.get(i)));
            }
            List<String> ranges = new ArrayList<>();
            assertEquals(2 * BATCHES - 2, Batches.readAround(log(store), ranges).size());
            assertEquals(List.of("14-15"), ranges);
            assertEquals(2 * BATCHES, append(log(store), "more"));
        }
        try (LogStore store = open()) {
            assertEquals(2 * BATCHES + 1, log(store).durable());
        }
    }

    @Test
    void without_the_store_file_or_both_catalogs_nothing_is_opened() throws IOException {
        byte[] catalog = Files.readAllBytes(directory.resolve("catalog"));
        Files.delete(directory.resolve("catalog"));
        Files.delete(directory.resolve("catalog.copy"));
        assertEquals(
                ErrorCode.CORRUPT_MESSAGE,
                assertThrows(LevadaException.class, this::open).code());
        Files.write(directory.resolve("catalog"), catalog);
        Files.delete(directory.resolve(Layout.STORE));
        assertEquals(
                ErrorCode.CORRUPT_MESSAGE,
                assertThrows(LevadaException.class, this::open).code());
        assertFalse(Files.exists(directory.resolve("catalog.copy")));
    }

    @Test
    void the_inspector_shows_every_batch_and_every_damaged_range() throws IOException {
        Path segment = files(".log").get(0);
        Damage.flipBit(segment, positions.get(3) + RecordBatch.HEADER_BYTES + 4, 0);
        Damage.flipBit(segment, positions.get(5) + RecordBatch.MAGIC_OFFSET, 0);
        for (Path looked : List.of(directory, segment)) {
            LogInspector inspector = LogInspector.of(looked);
            LogInspector.SegmentFile first = inspector.segments().get(0);
            assertEquals("t", first.topic());
            List<String> damage = new ArrayList<>();
            List<Long> good = new ArrayList<>();
            inspector.inspect(first, new LogInspector.Visitor() {
                @Override
                public void batch(int position, ByteBuf batch) {
                    good.add(RecordBatch.baseOffset(batch));
                }

                @Override
                public void damage(int position, int bytes, String why) {
                    damage.add(position + "+" + bytes);
                }
            });
            assertEquals(positions.size() - 2, good.size());
            assertEquals(List.of(range(3), range(5)), damage);
        }
        Path copy = Files.copy(segment, directory.resolve("copy.log"));
        assertEquals(1, LogInspector.of(copy).segments().size());
        assertEquals(
                ErrorCode.INVALID_REQUEST,
                assertThrows(LevadaException.class, () -> LogInspector.of(directory.resolve("nothing")))
                        .code());
    }

    private String range(int batch) {
        int from = positions.get(batch);
        return from + "+" + (positions.get(batch + 1) - from);
    }
}
