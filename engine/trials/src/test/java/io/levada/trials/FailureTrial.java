package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.trials.Machine.Need;
import io.levada.trials.Volume.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layer 4: forces that fail, slow ones, and no descriptors left. */
@Tag("trial")
class FailureTrial {
    private static final int MOST_RUNS = 30;
    private static final int MEMORY_MEGABYTES = 800;
    /** Of a new journal's zeroes, what is left where it is: the server has written no more when it begins to serve. */
    private static final long JOURNAL_KEPT_BYTES = 128 << 10;

    @TempDir
    private Path directory = Path.of("");

    private final Random random = new Random();

    /** What is in memory of the store's file system alone is written first: other trials lose what they should. */
    private void dropCaches() throws IOException {
        Shell.run("sync", "--file-system", directory.toString());
        Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3");
    }

    private Cycle cycle(Path store) throws IOException {
        return new Cycle(store, directory.resolve("server.log"));
    }

    @Test
    void forces_that_fail_lose_nothing_and_are_not_repeated() throws Exception {
        Machine.require(Need.STRACE, Need.DROP_CACHES);
        try (Cycle cycle = cycle(directory.resolve("store"))) {
            cycle.run(300);
            int failures = 0;
            int runs = 0;
            while (failures < Sizes.injected() && runs++ < MOST_RUNS) {
                Path trace = directory.resolve("trace");
                String when = ":when=" + (5 + random.nextInt(40)) + "+" + (5 + random.nextInt(20));
                cycle.runHindered(2_000, Forces.traced(trace, "fdatasync,fsync:error=EIO" + when));
                Forces forces = Forces.read(trace);
                failures += forces.failures();
                assertEquals(List.of(), forces.repeated(), when);
                dropCaches();
                Outcome checked = cycle.check();
                assertTrue(checked.isClean(), () -> when + ": " + checked);
            }
            int injected = failures;
            assertTrue(injected >= Sizes.injected(), () -> injected + " failures");
            Sizes.report(
                    "forces failed by strace, each counted", cycle.outcome().withCycles(failures));
        }
    }

    @Test
    void a_device_that_cannot_keep_what_it_took_loses_nothing_acknowledged() throws Exception {
        Machine.require(Need.STRACE, Need.DROP_CACHES, Need.TMPFS, Need.XFS, Need.EXT4);
        Outcome all = Outcome.NONE;
        for (int run = 0; all.cycles() < Sizes.real() && run < MOST_RUNS; run++) {
            Kind kind = run % 2 == 0 ? Kind.XFS : Kind.EXT4;
            Outcome checked = onThinDevice(kind, run % 4 < 2);
            assertTrue(checked.isClean(), () -> kind + ": " + checked);
            Sizes.report("forces failed by a full thin device, each counted", checked);
            all = all.plus(checked);
        }
        Outcome real = all;
        assertTrue(real.cycles() >= Sizes.real(), () -> real.cycles() + " failures");
    }

    /**
     * A device whose blocks are partly not there, in memory that is full: writing to the file system succeeds, and forcing
     * that fails, after which the file system takes the pages for clean, and forgets them with its cache.
     *
     * @param freeSpaceToo also what no file has yet, so that no new journal can be made either, nor any segment be forced
     * @return with forces that failed as cycles
     */
    private Outcome onThinDevice(Kind kind, boolean freeSpaceToo) throws Exception {
        try (MemoryVolume memory = MemoryVolume.make(directory.resolve("memory"), MEMORY_MEGABYTES);
                Volume volume = Volume.makeFull(kind, memory.at());
                Cycle cycle = cycle(volume.at().resolve("store"))) {
            Path trace = directory.resolve("trace");
            cycle.runHindered(
                    3_000,
                    () -> {
                        try (Stream<Path> files = Files.list(volume.at().resolve("store/journal"))) {
                            for (Path file : files.toList()) {
                                volume.thin(file, JOURNAL_KEPT_BYTES);
                            }
                        }
                        if (freeSpaceToo) {
                            volume.thinFreeSpace();
                        }
                        memory.resizeToUsed(64 + random.nextInt(64));
                    },
                    Forces.traced(trace));
            Forces forces = Forces.read(trace);
            assertEquals(List.of(), forces.repeated(), () -> kind + ": forced again");
            memory.resize(MEMORY_MEGABYTES);
            volume.unmount();
            Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3");
            volume.mount();
            return cycle.check().withCycles(forces.failures());
        }
    }

    @Test
    void slow_forces_lose_nothing() throws Exception {
        Machine.require(Need.STRACE);
        try (Cycle cycle = cycle(directory.resolve("store"))) {
            cycle.runHindered(3_000, Forces.traced(directory.resolve("trace"), "fdatasync:delay_exit=200000"));
            assertEquals(List.of(), cycle.failures(), "slow is no failure");
            Outcome checked = cycle.check();
            assertTrue(checked.isClean() && checked.acked() > 0, checked.toString());
        }
    }

    @Test
    void without_descriptors_errors_are_told_and_nothing_is_lost() throws Exception {
        try (Cycle cycle = cycle(directory.resolve("store"))) {
            cycle.run(300);
            for (int descriptors = 80; descriptors <= 160; descriptors += 40) {
                cycle.runHindered(1_000, "sh", "-c", "ulimit -n " + descriptors + "; exec \"$@\"", "sh");
                Outcome checked = cycle.check();
                assertTrue(checked.isClean(), checked.toString());
            }
            assertTrue(cycle.ledger().acked() > 0);
        }
    }
}
