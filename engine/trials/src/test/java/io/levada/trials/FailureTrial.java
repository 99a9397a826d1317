package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.trials.Machine.Need;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layer 4: forces that fail, slow ones, and no descriptors left. */
@Tag("trial")
class FailureTrial {
    private static final int INJECTED = 80;
    private static final int MOST_RUNS = 30;

    @TempDir
    private Path directory = Path.of("");

    private final Random random = new Random();

    private static void dropCaches() throws IOException {
        Shell.run("sync");
        Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3");
    }

    @Test
    void forces_that_fail_lose_nothing_and_are_not_repeated() throws Exception {
        Machine.require(Need.STRACE, Need.DROP_CACHES);
        Cycle cycle = new Cycle(directory.resolve("store"), directory.resolve("server.log"));
        cycle.run(300);
        int failures = 0;
        int runs = 0;
        while (failures < INJECTED && runs++ < MOST_RUNS) {
            Path trace = directory.resolve("trace");
            String when = ":when=" + (5 + random.nextInt(40)) + "+" + (10 + random.nextInt(40));
            cycle.runHindered(2_000, Forces.traced(trace, "fdatasync,fsync:error=EIO" + when));
            Forces forces = Forces.read(trace);
            failures += forces.failures();
            assertEquals(List.of(), forces.repeated(), when);
            dropCaches();
            Outcome checked = cycle.check();
            assertTrue(checked.isClean(), () -> when + ": " + checked);
        }
        int injected = failures;
        assertTrue(injected >= INJECTED, () -> injected + " failures");
        Sizes.report("forces failed by strace, each counted", cycle.outcome().withCycles(failures));
    }

    @Test
    void slow_forces_lose_nothing() throws Exception {
        Machine.require(Need.STRACE);
        Cycle cycle = new Cycle(directory.resolve("store"), directory.resolve("server.log"));
        cycle.runHindered(3_000, Forces.traced(directory.resolve("trace"), "fdatasync:delay_exit=200000"));
        assertEquals(List.of(), cycle.failures(), "slow is no failure");
        Outcome checked = cycle.check();
        assertTrue(checked.isClean() && checked.acked() > 0, checked.toString());
    }

    @Test
    void without_descriptors_errors_are_told_and_nothing_is_lost() throws Exception {
        Cycle cycle = new Cycle(directory.resolve("store"), directory.resolve("server.log"));
        cycle.run(300);
        for (int descriptors = 80; descriptors <= 160; descriptors += 40) {
            cycle.runHindered(1_000, "sh", "-c", "ulimit -n " + descriptors + "; exec \"$@\"", "sh");
            Outcome checked = cycle.check();
            assertTrue(checked.isClean(), checked.toString());
        }
        assertTrue(cycle.ledger().acked() > 0);
    }
}
