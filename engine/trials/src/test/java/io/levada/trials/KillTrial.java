package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layer 1: the server is killed at random, and at chosen calls of the system. */
@Tag("trial")
class KillTrial {
    private static final int CYCLES_PER_STORE = 10;
    private static final List<String> CALLS =
            List.of("fdatasync", "fsync", "rename", "openat", "pwrite64", "ftruncate");

    @TempDir
    private Path directory = Path.of("");

    private final Random random = new Random();

    @Test
    void nothing_is_lost_when_the_server_is_killed() throws Exception {
        Outcome all = Outcome.NONE;
        while (all.cycles() < Sizes.cycles()) {
            int kills = Math.min(CYCLES_PER_STORE, Sizes.cycles() - all.cycles());
            Outcome part = kills(directory.resolve("store" + all.cycles()), kills);
            Sizes.report("kill -9 at random", part);
            all = all.plus(part);
        }
    }

    private Outcome kills(Path store, int count) throws Exception {
        try (Cycle cycle = new Cycle(store, directory.resolve("server.log"))) {
            for (int i = 0; i < count; i++) {
                cycle.run(Cycle.someMs(random));
                assertTrue(cycle.outcome().isClean(), () -> cycle.outcome().toString());
            }
            cycle.check();
            Outcome all = cycle.outcome().withCycles(count);
            assertTrue(all.isClean(), all.toString());
            assertEquals(List.of(), cycle.lastingFailures(), "publishers go on after each kill");
            return all;
        }
    }

    @Test
    void nothing_is_lost_when_the_server_is_killed_in_a_call_of_the_system() throws Exception {
        Machine.require(Machine.Need.STRACE);
        try (Cycle cycle = new Cycle(directory.resolve("store"), directory.resolve("server.log"))) {
            int kills = Math.max(CALLS.size(), Sizes.cycles() / 4);
            for (int i = 0; i < kills; i++) {
                String call = CALLS.get(i % CALLS.size());
                String inject = call + ":signal=SIGKILL:when=" + (1 + random.nextInt(call.equals("openat") ? 400 : 60));
                cycle.runHindered(
                        1_000, "strace", "-f", "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=" + inject);
                Outcome checked = cycle.check();
                assertTrue(checked.isClean(), () -> inject + ": " + checked);
            }
            Sizes.report("kill -9 at a chosen system call", cycle.outcome());
        }
    }
}
