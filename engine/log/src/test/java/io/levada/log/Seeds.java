package io.levada.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.function.LongConsumer;
import org.slf4j.LoggerFactory;

/** Runs a simulation for many seeds; a failure names its seed, and how to run it alone. */
final class Seeds {
    private Seeds() {}

    /** Keeps the log's own messages back, of which thousands of recoveries have very many. Errors still count. */
    static void mute(boolean muted) {
        ((Logger) LoggerFactory.getLogger("io.levada.log")).setLevel(muted ? Level.ERROR : null);
        ((Logger) LoggerFactory.getLogger(CrashStatesTest.class)).setLevel(Level.INFO);
    }

    static void run(int count, LongConsumer simulation) {
        Long only = Long.getLong("levada.seed");
        long first = only == null ? 1 : only;
        long last = only == null ? count : only;
        for (long seed = first; seed <= last; seed++) {
            try {
                simulation.accept(seed);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "seed " + seed + " fails; alone: mvn -pl engine/log -am test -Dtest=LogSimulationTest"
                                + " -Dsurefire.failIfNoSpecifiedTests=false -Dlevada.seed=" + seed,
                        e);
            }
        }
    }
}
