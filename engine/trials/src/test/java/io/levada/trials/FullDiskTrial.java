package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Delivery;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.GroupDescription.GroupOffset;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.trials.Machine.Need;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layer 4: a disk without space refuses records, serves the rest, and heals by itself. */
@Tag("trial")
class FullDiskTrial {
    private static final int MEGABYTES = 600;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final List<Record> BATCH = IntStream.range(0, 100)
            .mapToObj(i -> Record.ofValue("x".repeat(1_000)))
            .toList();

    @TempDir
    private Path directory = Path.of("");

    @Test
    void a_full_disk_refuses_records_serves_reads_and_commits_and_heals() throws Exception {
        Machine.require(Need.TMPFS);
        try (MemoryVolume memory = MemoryVolume.make(directory.resolve("memory"), MEGABYTES);
                ServerProcess server =
                        ServerProcess.start(memory.at().resolve("store"), directory.resolve("server.log"), 0)) {
            String address = server.address().orElseThrow();
            try (Levada levada = Levada.open(address)) {
                levada.blocking().createTopic(TopicSpec.of("t"));
                int published = 0;
                for (int i = 0; i < 5; i++) {
                    published += levada.blocking().publish("t", BATCH).size();
                }
                memory.resizeToUsed(512);
                published += publishUntilFull(levada);

                assertEquals(published, consumeAndCommit(levada, published));
                assertTrue(read(levada) >= published, "what was acknowledged is read");

                memory.resize(MEGABYTES);
                published += publishOnceItHeals(levada);
                assertTrue(read(levada) >= published);
            }
            server.kill();
        }
    }

    private static int publishUntilFull(Levada levada) {
        int published = 0;
        while (published < 1_000_000) {
            try {
                published += levada.blocking().publish("t", BATCH).size();
            } catch (LevadaException e) {
                assertEquals(ErrorCode.STORAGE_FULL, e.code(), e.line());
                return published;
            }
        }
        throw new AssertionError("never full");
    }

    private static long read(Levada levada) {
        try (var records = levada.blocking().read(ReadSpec.of("t").to(End.now()))) {
            return records.stream().map(StoredRecord::offset).count();
        }
    }

    /** Consumes as a member, and waits until the group's commit is where it acknowledged up to. */
    private static long consumeAndCommit(Levada levada, int count) {
        Long last = levada.group("g")
                .receive("t")
                .doOnNext(Delivery::ack)
                .map(delivery -> delivery.record().offset() + 1)
                .take(count)
                .blockLast(Duration.ofSeconds(30));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        long committed = -1;
        while (committed < count && System.nanoTime() < end) {
            committed = levada.blocking().describeGroup("g").offsets().stream()
                    .mapToLong(GroupOffset::committed)
                    .max()
                    .orElse(-1);
        }
        assertEquals(count, last);
        return committed;
    }

    /** How soon it does is told, not judged: here the machine counts too. It tries every second, which has its own test. */
    private static int publishOnceItHeals(Levada levada) {
        long since = System.nanoTime();
        while (true) {
            try {
                int published = levada.blocking().publish("t", BATCH).size();
                System.out.println("full disk: accepts again " + (System.nanoTime() - since) / 1_000_000
                        + " ms after space returned");
                return published;
            } catch (LevadaException e) {
                assertEquals(ErrorCode.STORAGE_FULL, e.code(), e.line());
                assertTrue(System.nanoTime() - since < PATIENCE.toNanos(), "does not heal: " + e.line());
            }
        }
    }
}
