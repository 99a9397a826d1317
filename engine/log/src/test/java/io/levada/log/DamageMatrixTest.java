package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Env;
import io.levada.log.Batches.Read;
import io.levada.log.LogVerifier.Finding;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every kind of file, harmed in every way while the store is closed, with what has to come of it. Whatever comes: no wrong
 * byte is delivered, and nothing that is whole is lost.
 */
class DamageMatrixTest {
    private static final int SECTOR = 4096;
    private static final int JOURNAL_FILE_BLOCKS = 16;
    private static final LogConfig CONFIG = LogConfig.defaults()
            .withJournal(JOURNAL_FILE_BLOCKS * SECTOR, 4)
            .withReserveBytes(3 * SECTOR)
            .withIndexIntervalBytes(512)
            .withAllocator(Batches.UNTRACKED);

    /** Of each partition, in segments. */
    private static final int BATCHES = 60;

    /** Of each partition, in the journal alone, after a kill. */
    private static final int MORE = 20;

    /** Stores to be copied: one closed, one killed, one after a power cut, and another one. */
    @TempDir
    static Path templates;

    private static final List<Env> ENVS = new ArrayList<>();

    @TempDir
    Path directory;

    /** What comes of it. */
    enum Expected {
        /** It opens, and every record is read as it was. */
        ALL,
        /** It opens, what is damaged is told with its range, and all other records are read as they were. */
        TOLD,
        /** It is not opened, CORRUPT_MESSAGE says what is damaged, and no file was changed. */
        REFUSED
    }

    enum Harm {
        BIT,
        ZEROED,
        TRUNCATED,
        DELETED,
        DUPLICATED,
        SWAPPED,
        OTHER,
        ANOTHER_STORES,
        LINK,
        FOREIGN_LINK
    }

    /** Two partitions of several segments each; batch i of partition p holds offsets 2i and 2i + 1. */
    @BeforeAll
    static void make() throws IOException {
        Seeds.mute(true);
        for (String name : List.of("another", "closed")) {
            try (LogStore store = open(templates.resolve(name))) {
                store.createTopic("t", 2, Map.of(TopicSettings.SEGMENT_BYTES, "8192"));
                append(store, 0, BATCHES);
                for (int i = 0; i < 20 && name.equals("another"); i++) { // its files have the higher revisions
                    store.createTopic("more-" + i, 1, Map.of());
                    store.deleteRecords("t", 0, i);
                }
            }
            Files.writeString(templates.resolve(name).resolve(Layout.LOCK), "not of any use");
        }
        kill();
        end();
    }

    /**
     * Appends more, each batch in a block of its own, and takes what stands in the directory then, as a kill leaves it: no
     * checkpoint speaks of it, and three files of the journal are needed. After a power cut, segments have lost it.
     */
    private static void kill() throws IOException {
        Path running = templates.resolve("running");
        copy(templates.resolve("closed"), running);
        Env real = Env.real(running);
        ENVS.add(real);
        Uncheckpointed disk = new Uncheckpointed(real.disk());
        try (LogStore store = LogStore.open(new Env(disk, real.clock(), real.randomness(), real.scheduler()), CONFIG)) {
            disk.fail(true);
            append(store, BATCHES, BATCHES + MORE);
            copy(running, templates.resolve("killed"));
            copy(running, templates.resolve("cut"));
            disk.fail(false);
        }
        Path topics = templates.resolve("cut").resolve(Layout.TOPICS);
        delete(topics);
        copy(templates.resolve("closed").resolve(Layout.TOPICS), topics);
    }

    @AfterAll
    static void unmute() {
        Seeds.mute(false);
    }

    @AfterEach
    void endAll() {
        end();
    }

    private static void end() {
        ENVS.forEach(env -> env.scheduler().close());
        ENVS.clear();
    }

    private static LogStore open(Path directory) throws IOException {
        Env env = Env.real(directory);
        ENVS.add(env);
        return LogStore.open(env, CONFIG);
    }

    private Path store(String template) throws IOException {
        Path store = directory.resolve("store");
        copy(templates.resolve(template), store);
        return store;
    }

    private static String value(int partition, long offset) {
        return "record " + offset + " of partition " + partition + " " + "x".repeat((int) (offset % 5) * 60);
    }

    private static void append(LogStore store, int from, int to) {
        for (int i = from; i < to; i++) {
            for (PartitionLog log : partitions(store)) {
                ByteBuf batch = Batches.of(value(log.partition(), 2L * i), value(log.partition(), 2L * i + 1));
                Batches.append(log, batch).join();
            }
        }
    }

    private static List<PartitionLog> partitions(LogStore store) {
        return Objects.requireNonNull(store.topic("t")).partitions();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : all.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /**
     * What is harmed.
     *
     * @param at where a bit flips or the file is cut, and in which sector there are zeroes
     * @param like a file of the kind, or else another
     * @param other the same file of another partition, or else another file
     * @param anotherStores the same file of another store
     */
    private record Victim(Path file, long at, Path like, Path other, Path anotherStores) {}

    private Victim victim(String kind) throws IOException {
        Path store = directory.resolve("store");
        Path another = templates.resolve("another");
        if (kind.startsWith("segment") || kind.endsWith("index")) {
            String suffix = kind.startsWith("segment") ? ".log" : "." + kind;
            List<Path> own = files(store, "/0/", suffix);
            Path other = files(store, "/1/", suffix).get(0);
            return victim(
                    own.get(0), own.get(1), other, files(another, "/0/", suffix).get(0));
        }
        List<Path> journal = files(store, "/journal/", ".journal");
        if (kind.equals("journal")) {
            return victim(
                    journal.get(0), journal.get(1), store.resolve("lock"), another.resolve("journal/000.journal"));
        }
        if (kind.equals("lock")) {
            return victim(store.resolve("lock"), journal.get(0), journal.get(0), another.resolve(kind));
        }
        Path like = store.resolve(kind.startsWith("catalog") ? "checkpoint" : "catalog");
        Path other = store.resolve(kind.equals("store") ? "checkpoint" : "store");
        return victim(store.resolve(kind), like, other, another.resolve(kind));
    }

    private static Victim victim(Path file, Path like, Path other, Path anotherStores) throws IOException {
        return new Victim(file, Files.size(file) / 2, like, other, anotherStores);
    }

    /** The file with a block that is needed, by its number since the last checkpoint. */
    private Victim neededBlock(int block) throws IOException {
        List<Path> journal = files(directory.resolve("store"), "/journal/", ".journal");
        int file = block / JOURNAL_FILE_BLOCKS;
        return new Victim(
                journal.get(file),
                (long) SECTOR * (block % JOURNAL_FILE_BLOCKS) + 100,
                journal.get((file + 1) % 3),
                directory.resolve("store/lock"),
                templates.resolve("another/journal/000.journal"));
    }

    private static List<Path> files(Path store, String within, String suffix) throws IOException {
        try (Stream<Path> all = Files.walk(store)) {
            return all.filter(file ->
                            file.toString().contains(within) && file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    private void harm(Victim victim, Harm harm) throws IOException {
        Path file = victim.file();
        Path elsewhere = directory.resolve(file.getFileName() + " elsewhere");
        switch (harm) {
            case BIT -> Damage.flipBit(file, victim.at(), 3);
            case ZEROED -> {
                try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
                    bytes.seek(Layout.sectorStart(victim.at()));
                    bytes.write(new byte[(int) Math.min(bytes.length() - bytes.getFilePointer(), SECTOR)]);
                }
            }
            case TRUNCATED -> Damage.truncate(file, victim.at());
            case DELETED -> Files.delete(file);
            case DUPLICATED -> Files.copy(file, file.resolveSibling(copyName(String.valueOf(file.getFileName()))));
            case SWAPPED -> swap(file, victim.like());
            case OTHER -> Files.copy(victim.other(), file, StandardCopyOption.REPLACE_EXISTING);
            case ANOTHER_STORES -> Files.copy(victim.anotherStores(), file, StandardCopyOption.REPLACE_EXISTING);
            case LINK -> {
                Files.move(file, elsewhere);
                Files.createSymbolicLink(file, elsewhere);
            }
            case FOREIGN_LINK -> {
                Files.delete(file);
                Files.createSymbolicLink(file, Files.writeString(elsewhere, "of another program, ".repeat(1_000)));
            }
        }
    }

    private void swap(Path one, Path another) throws IOException {
        Path aside = directory.resolve("aside");
        Files.move(one, aside);
        Files.move(another, one);
        Files.move(aside, another);
    }

    /** A name that another file of the kind might have. */
    private static String copyName(String name) {
        return name.matches("[0-9]{20}\\..*")
                ? "0000000000000000" + "9999" + name.substring(20)
                : name.endsWith(".journal") ? "007.journal" : name + ".old";
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "segment, BIT, TOLD",
        "segment, ZEROED, TOLD",
        "segment, TRUNCATED, TOLD",
        "segment, DELETED, TOLD",
        "segment, DUPLICATED, ALL",
        "segment, SWAPPED, TOLD",
        "segment, OTHER, TOLD",
        "segment, ANOTHER_STORES, TOLD",
        "segment, LINK, ALL",
        "segment, FOREIGN_LINK, TOLD",
        "index, BIT, ALL",
        "index, ZEROED, ALL",
        "index, TRUNCATED, ALL",
        "index, DELETED, ALL",
        "index, DUPLICATED, ALL",
        "index, SWAPPED, ALL",
        "index, OTHER, ALL",
        "index, ANOTHER_STORES, ALL",
        "index, LINK, ALL",
        "index, FOREIGN_LINK, ALL",
        "timeindex, BIT, ALL",
        "timeindex, ZEROED, ALL",
        "timeindex, TRUNCATED, ALL",
        "timeindex, DELETED, ALL",
        "timeindex, DUPLICATED, ALL",
        "timeindex, SWAPPED, ALL",
        "timeindex, OTHER, ALL",
        "timeindex, ANOTHER_STORES, ALL",
        "timeindex, LINK, ALL",
        "timeindex, FOREIGN_LINK, ALL",
        "journal, BIT, ALL",
        "journal, ZEROED, ALL",
        "journal, TRUNCATED, ALL",
        "journal, DELETED, ALL",
        "journal, DUPLICATED, ALL",
        "journal, SWAPPED, ALL",
        "journal, OTHER, ALL",
        "journal, ANOTHER_STORES, ALL",
        "journal, LINK, ALL",
        "journal, FOREIGN_LINK, ALL",
        "checkpoint, BIT, ALL",
        "checkpoint, ZEROED, ALL",
        "checkpoint, TRUNCATED, ALL",
        "checkpoint, DELETED, ALL",
        "checkpoint, DUPLICATED, ALL",
        "checkpoint, SWAPPED, ALL",
        "checkpoint, OTHER, ALL",
        "checkpoint, ANOTHER_STORES, ALL",
        "checkpoint, LINK, ALL",
        "checkpoint, FOREIGN_LINK, ALL",
        "catalog, BIT, ALL",
        "catalog, ZEROED, ALL",
        "catalog, TRUNCATED, ALL",
        "catalog, DELETED, ALL",
        "catalog, DUPLICATED, ALL",
        "catalog, SWAPPED, ALL",
        "catalog, OTHER, ALL",
        "catalog, ANOTHER_STORES, ALL",
        "catalog, LINK, ALL",
        "catalog, FOREIGN_LINK, ALL",
        "store, BIT, REFUSED",
        "store, ZEROED, REFUSED",
        "store, TRUNCATED, REFUSED",
        "store, DELETED, REFUSED",
        "store, DUPLICATED, ALL",
        "store, SWAPPED, REFUSED",
        "store, OTHER, REFUSED",
        "store, ANOTHER_STORES, REFUSED",
        "store, LINK, ALL",
        "store, FOREIGN_LINK, REFUSED",
        "lock, BIT, ALL",
        "lock, ZEROED, ALL",
        "lock, TRUNCATED, ALL",
        "lock, DELETED, ALL",
        "lock, DUPLICATED, ALL",
        "lock, SWAPPED, ALL",
        "lock, OTHER, ALL",
        "lock, ANOTHER_STORES, ALL",
        "lock, LINK, ALL",
        "lock, FOREIGN_LINK, ALL",
        "reserve, BIT, ALL",
        "reserve, ZEROED, ALL",
        "reserve, TRUNCATED, ALL",
        "reserve, DELETED, ALL",
        "reserve, DUPLICATED, ALL",
        "reserve, SWAPPED, ALL",
        "reserve, OTHER, ALL",
        "reserve, ANOTHER_STORES, ALL",
        "reserve, LINK, ALL",
        "reserve, FOREIGN_LINK, ALL"
    })
    void one_file_is_harmed(String kind, Harm harm, Expected expected) throws IOException {
        store("closed");
        harm(victim(kind), harm);
        comesOf(expected);
    }

    @ParameterizedTest(name = "both copies of {0}, {1}: {2}")
    @CsvSource({
        "catalog, BIT, REFUSED",
        "catalog, ZEROED, REFUSED",
        "catalog, TRUNCATED, REFUSED",
        "catalog, DELETED, REFUSED",
        "catalog, OTHER, REFUSED",
        "catalog, ANOTHER_STORES, REFUSED",
        "catalog, DUPLICATED, ALL",
        "catalog, LINK, ALL",
        "catalog, FOREIGN_LINK, REFUSED",
        "checkpoint, BIT, ALL",
        "checkpoint, ZEROED, ALL",
        "checkpoint, TRUNCATED, ALL",
        "checkpoint, DELETED, ALL",
        "checkpoint, DUPLICATED, ALL",
        "checkpoint, LINK, ALL",
        "checkpoint, FOREIGN_LINK, ALL",
        "checkpoint, OTHER, ALL",
        "checkpoint, ANOTHER_STORES, ALL"
    })
    void both_copies_are_harmed(String kind, Harm harm, Expected expected) throws IOException {
        store("closed");
        harm(victim(kind), harm);
        harm(victim(kind + ".copy"), harm);
        comesOf(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"catalog", "checkpoint"})
    void both_copies_change_places(String kind) throws IOException {
        Path file = store("closed").resolve(kind);
        swap(file, file.resolveSibling(kind + CheckedPair.COPY_SUFFIX));
        comesOf(Expected.ALL);
    }

    @ParameterizedTest(name = "block {0} {1}, power cut {2}: {3} up to block {4}")
    @CsvSource({
        // what was forced before a later block was written is taken from segments, and is told where it is not there
        "3, BIT, false, ALL, 40",
        "3, BIT, true, TOLD, 40",
        "3, ZEROED, false, ALL, 40",
        "3, ZEROED, true, TOLD, 40",
        "3, TRUNCATED, false, ALL, 40",
        "3, TRUNCATED, true, TOLD, 40",
        "3, DELETED, false, ALL, 40",
        "3, DELETED, true, TOLD, 40",
        "3, DUPLICATED, true, ALL, 40",
        "3, SWAPPED, true, ALL, 40",
        "3, OTHER, false, ALL, 40",
        "3, OTHER, true, TOLD, 40",
        "3, ANOTHER_STORES, false, ALL, 40",
        "3, ANOTHER_STORES, true, TOLD, 40",
        "3, LINK, true, ALL, 40",
        "3, FOREIGN_LINK, false, ALL, 40",
        "3, FOREIGN_LINK, true, TOLD, 40",
        "36, BIT, false, ALL, 40",
        "36, BIT, true, TOLD, 40",
        "36, ZEROED, false, ALL, 40",
        "36, ZEROED, true, TOLD, 40",
        "36, DUPLICATED, true, ALL, 40",
        "36, SWAPPED, true, ALL, 40",
        "36, LINK, true, ALL, 40",
        // a bad block behind which there is none is a torn tail: nothing says that it had been whole
        "36, TRUNCATED, false, ALL, 36",
        "36, TRUNCATED, true, ALL, 36",
        "36, DELETED, true, ALL, 32",
        "36, OTHER, true, ALL, 32",
        "36, FOREIGN_LINK, true, ALL, 32",
        "39, BIT, false, ALL, 39",
        "39, BIT, true, ALL, 39",
        "39, ZEROED, true, ALL, 39",
        "39, DUPLICATED, true, ALL, 40",
        "39, SWAPPED, true, ALL, 40",
        "39, LINK, true, ALL, 40"
    })
    void a_journal_that_is_needed_is_harmed(int block, Harm harm, boolean cut, Expected expected, int blocks)
            throws IOException {
        store(cut ? "cut" : "killed");
        harm(neededBlock(block), harm);
        comesOf(expected, blocks);
    }

    @Test
    void a_segment_that_is_gone_beside_a_journal_that_is_damaged_is_told() throws IOException {
        Path store = store("killed");
        Files.delete(files(store, "/0/", ".log").get(0));
        harm(neededBlock(3), Harm.BIT);
        comesOf(Expected.TOLD, 2 * MORE);
    }

    /** A journal that fails may have to delete its last file, so that there is none need not be damage. */
    @Test
    void without_any_file_of_the_journal_there_is_what_was_forced_in_segments() throws IOException {
        Path journal = store("killed").resolve(Layout.JOURNAL);
        delete(journal);
        Files.createDirectory(journal);
        comesOf(Expected.ALL);
    }

    @ParameterizedTest(name = "power cut {0}: {1}")
    @CsvSource({"false, ALL", "true, TOLD"})
    void a_journal_that_is_needed_and_the_lock_change_places(boolean cut, Expected expected) throws IOException {
        store(cut ? "cut" : "killed");
        swap(neededBlock(0).file(), directory.resolve("store/lock"));
        comesOf(expected, 2 * MORE);
    }

    private void comesOf(Expected expected) throws IOException {
        comesOf(expected, 0);
    }

    /** @param blocks of those that the journal held alone, how many are there still, or are told to be lost */
    private void comesOf(Expected expected, int blocks) throws IOException {
        Map<Path, Long> before = sizes();
        List<Finding> found = new ArrayList<>();
        LogVerifier.verify(directory.resolve("store"), found::add);
        assertTrue(expected == Expected.ALL || !found.isEmpty(), "what will be told is found offline");
        assertEquals(before, sizes(), "looking changes nothing");
        for (int opening = 1; opening <= 2; opening++) { // the second time, nothing is forgotten that was told
            try (LogStore store = open(directory.resolve("store"))) {
                List<String> told = new ArrayList<>();
                for (PartitionLog log : partitions(store)) {
                    told.addAll(check(log, 2L * (BATCHES + (blocks + 1 - log.partition()) / 2)));
                }
                assertEquals(expected, told.isEmpty() ? Expected.ALL : Expected.TOLD, told.toString());
                assertEquals(told, health(store));
            } catch (LevadaException e) {
                assertEquals(Expected.REFUSED, expected, e.line());
                assertEquals(ErrorCode.CORRUPT_MESSAGE, e.code());
                assertEquals(before, sizes(), "nothing was changed");
            }
        }
    }

    /** Reads all of a partition, which is as it was up to an offset; gives what is told to be damaged. */
    private static List<String> check(PartitionLog log, long end) {
        List<String> ranges = new ArrayList<>();
        List<Read> read = Batches.readAround(log, ranges);
        for (Read record : read) {
            assertEquals(value(log.partition(), record.offset()), record.value(), "offset " + record.offset());
        }
        assertEquals(end, log.durable(), "partition " + log.partition());
        assertTrue(!ranges.isEmpty() || read.size() == end, read.size() + " records, and nothing told");
        assertTrue(read.size() >= end / 5, "the other segments are whole: " + read.size());
        return ranges.stream()
                .map(range -> "partition " + log.partition() + ": " + range)
                .toList();
    }

    private static List<String> health(LogStore store) {
        return store.health().stream()
                .map(range -> "partition " + range.partition() + ": " + range.from() + "-" + (range.to() - 1))
                .toList();
    }

    private Map<Path, Long> sizes() throws IOException {
        Map<Path, Long> sizes = new HashMap<>();
        try (Stream<Path> all = Files.walk(directory.resolve("store"))) {
            for (Path file : all.filter(path -> path.toString().contains(".")).toList()) {
                sizes.put(file, Files.size(file));
            }
        }
        return sizes;
    }
}
