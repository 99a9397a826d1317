package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Env;
import io.levada.log.Batches.Read;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every kind of file, harmed in every way while the store is closed, with what has to come of it. Whatever comes: no wrong
 * byte is delivered, and nothing that is whole is lost.
 */
class DamageMatrixTest {
    private static final LogConfig CONFIG = LogConfig.defaults()
            .withJournal(256 << 10, 2)
            .withIndexIntervalBytes(512)
            .withAllocator(Batches.UNTRACKED);
    private static final int BATCHES = 60;
    private static final int SECTOR = 4096;

    @TempDir
    Path directory;

    private final List<Env> envs = new ArrayList<>();

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
        LINK
    }

    @AfterEach
    void end() {
        envs.forEach(env -> env.scheduler().close());
    }

    private LogStore open() throws IOException {
        Env env = Env.real(directory.resolve("store"));
        envs.add(env);
        return LogStore.open(env, CONFIG);
    }

    /** Two partitions of several segments each; batch i of partition p holds offsets 2i and 2i + 1. */
    @BeforeEach
    void fill() throws IOException {
        try (LogStore store = open()) {
            Topic topic = store.createTopic("t", 2, Map.of(TopicSettings.SEGMENT_BYTES, "8192"));
            for (int i = 0; i < BATCHES; i++) {
                for (PartitionLog log : topic.partitions()) {
                    ByteBuf batch = Batches.of(value(log.partition(), 2L * i), value(log.partition(), 2L * i + 1));
                    Batches.append(log, batch).join();
                }
            }
        }
        try (Stream<Path> all = Files.walk(directory.resolve("store"))) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                if (Files.size(file) == 0) {
                    Files.writeString(file, "not of any use"); // the lock
                }
            }
        }
    }

    private static String value(int partition, long offset) {
        return "record " + offset + " of partition " + partition + " " + "x".repeat((int) (offset % 5) * 60);
    }

    /** The file that is harmed, one like it, and the same of another partition, or another file where there is none. */
    private record Victim(Path file, Path like, Path other) {}

    private Victim victim(String kind) throws IOException {
        Path store = directory.resolve("store");
        if (kind.startsWith("segment") || kind.endsWith("index")) {
            String suffix = kind.startsWith("segment") ? ".log" : "." + kind;
            List<Path> own = files("/0/", suffix);
            return new Victim(own.get(0), own.get(1), files("/1/", suffix).get(0));
        }
        if (kind.equals("journal")) {
            Path journal = files("/journal/", ".journal").get(0);
            return new Victim(journal, store.resolve("checkpoint"), store.resolve("store"));
        }
        Path like = store.resolve(kind.startsWith("catalog") ? "checkpoint" : "catalog");
        return new Victim(store.resolve(kind), like, store.resolve(kind.equals("store") ? "checkpoint" : "store"));
    }

    private List<Path> files(String within, String suffix) throws IOException {
        try (Stream<Path> all = Files.walk(directory.resolve("store"))) {
            return all.filter(file ->
                            file.toString().contains(within) && file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    private void harm(Victim victim, Harm harm) throws IOException {
        Path file = victim.file();
        long size = Files.size(file);
        switch (harm) {
            case BIT -> Damage.flipBit(file, size / 2, 3);
            case ZEROED -> {
                try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
                    bytes.write(new byte[(int) Math.min(size, SECTOR)]);
                }
            }
            case TRUNCATED -> Damage.truncate(file, size / 2);
            case DELETED -> Files.delete(file);
            case DUPLICATED -> Files.copy(file, file.resolveSibling(copyName(String.valueOf(file.getFileName()))));
            case SWAPPED -> {
                Path aside = directory.resolve("aside");
                Files.move(file, aside);
                Files.move(victim.like(), file);
                Files.move(aside, victim.like());
            }
            case OTHER -> Files.copy(victim.other(), file, StandardCopyOption.REPLACE_EXISTING);
            case LINK -> {
                Path elsewhere = directory.resolve("elsewhere");
                Files.move(file, elsewhere);
                Files.createSymbolicLink(file, elsewhere);
            }
        }
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
        "segment, LINK, ALL",
        "index, BIT, ALL",
        "index, ZEROED, ALL",
        "index, TRUNCATED, ALL",
        "index, DELETED, ALL",
        "index, DUPLICATED, ALL",
        "index, SWAPPED, ALL",
        "index, OTHER, ALL",
        "index, LINK, ALL",
        "timeindex, BIT, ALL",
        "timeindex, ZEROED, ALL",
        "timeindex, TRUNCATED, ALL",
        "timeindex, DELETED, ALL",
        "timeindex, DUPLICATED, ALL",
        "timeindex, SWAPPED, ALL",
        "timeindex, OTHER, ALL",
        "timeindex, LINK, ALL",
        "journal, BIT, ALL",
        "journal, ZEROED, ALL",
        "journal, TRUNCATED, ALL",
        "journal, DELETED, ALL",
        "journal, DUPLICATED, ALL",
        "journal, OTHER, ALL",
        "journal, LINK, ALL",
        "checkpoint, BIT, ALL",
        "checkpoint, ZEROED, ALL",
        "checkpoint, TRUNCATED, ALL",
        "checkpoint, DELETED, ALL",
        "checkpoint, DUPLICATED, ALL",
        "checkpoint, SWAPPED, ALL",
        "checkpoint, OTHER, ALL",
        "checkpoint, LINK, ALL",
        "catalog, BIT, ALL",
        "catalog, ZEROED, ALL",
        "catalog, TRUNCATED, ALL",
        "catalog, DELETED, ALL",
        "catalog, DUPLICATED, ALL",
        "catalog, SWAPPED, ALL",
        "catalog, OTHER, ALL",
        "catalog, LINK, ALL",
        "store, BIT, REFUSED",
        "store, ZEROED, REFUSED",
        "store, TRUNCATED, REFUSED",
        "store, DELETED, REFUSED",
        "store, DUPLICATED, ALL",
        "store, SWAPPED, REFUSED",
        "store, OTHER, REFUSED",
        "store, LINK, ALL",
        "lock, BIT, ALL",
        "lock, ZEROED, ALL",
        "lock, TRUNCATED, ALL",
        "lock, DELETED, ALL",
        "lock, DUPLICATED, ALL",
        "lock, OTHER, ALL",
        "lock, LINK, ALL"
    })
    void one_file_is_harmed(String kind, Harm harm, Expected expected) throws IOException {
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
        "checkpoint, BIT, ALL",
        "checkpoint, ZEROED, ALL",
        "checkpoint, TRUNCATED, ALL",
        "checkpoint, DELETED, ALL",
        "checkpoint, OTHER, ALL"
    })
    void both_copies_are_harmed(String kind, Harm harm, Expected expected) throws IOException {
        harm(victim(kind), harm);
        harm(victim(kind + ".copy"), harm);
        comesOf(expected);
    }

    private void comesOf(Expected expected) throws IOException {
        Map<Path, Long> before = sizes();
        LogStore store;
        try {
            store = open();
        } catch (LevadaException e) {
            assertEquals(Expected.REFUSED, expected, e.line());
            assertEquals(ErrorCode.CORRUPT_MESSAGE, e.code());
            assertEquals(before, sizes(), "nothing was changed");
            return;
        }
        try (store) {
            List<String> told = new ArrayList<>();
            for (PartitionLog log : Objects.requireNonNull(store.topic("t")).partitions()) {
                List<String> ranges = new ArrayList<>();
                List<Read> read = Batches.readAround(log, ranges);
                for (Read record : read) {
                    assertEquals(value(log.partition(), record.offset()), record.value(), "offset " + record.offset());
                }
                assertEquals(2 * BATCHES, log.durable(), "partition " + log.partition());
                assertTrue(!ranges.isEmpty() || read.size() == 2 * BATCHES, read.size() + " records, and nothing told");
                ranges.forEach(range -> told.add("partition " + log.partition() + ": " + range));
                assertTrue(read.size() >= 2 * BATCHES / 5, "the other segments are whole: " + read.size());
            }
            assertEquals(expected, told.isEmpty() ? Expected.ALL : Expected.TOLD, told.toString());
        }
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
