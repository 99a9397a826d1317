package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.log.CrashExplorer.Sight;
import io.levada.log.LogWorkload.Faults;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Crashes the simulated disk in very many distinct states; {@code -Dlevada.states=N} asks for more. A failure prints its
 * seed.
 */
class CrashStatesTest {
    private static final int STATES = Integer.getInteger("levada.states", 20_000);
    private static final int THREADS = 2;

    @BeforeAll
    static void mute() {
        Seeds.mute(true);
    }

    @AfterAll
    static void unmute() {
        Seeds.mute(false);
    }

    @Test
    void nothing_that_was_shown_is_lost_in_any_state_that_a_crash_leaves() {
        CrashExplorer explorer = new CrashExplorer(Faults.NONE, UnaryOperator.identity());
        AtomicLong seeds = new AtomicLong();
        List<CompletableFuture<Void>> threads = new ArrayList<>();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            for (int i = 0; i < THREADS; i++) {
                threads.add(CompletableFuture.runAsync(() -> explore(explorer, seeds), pool));
            }
            threads.forEach(CompletableFuture::join);
        } finally {
            pool.shutdownNow();
        }
        Map<Sight, Long> sights = new EnumMap<>(Sight.class);
        for (Sight sight : Sight.values()) {
            sights.put(sight, explorer.count(sight));
        }
        LoggerFactory.getLogger(CrashStatesTest.class)
                .info("{} workloads, {} distinct states, 0 violations; {}", seeds, explorer.distinctStates(), sights);
        assertTrue(explorer.distinctStates() >= STATES);
        sights.forEach((sight, count) -> assertTrue(count > 0, "no state with " + sight));
    }

    private static void explore(CrashExplorer explorer, AtomicLong seeds) {
        while (explorer.distinctStates() < STATES) {
            long seed = seeds.incrementAndGet();
            try {
                explorer.explore(seed);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + " fails", e);
            }
        }
    }
}
