package io.levada.log;

import java.util.function.LongConsumer;

/** Runs a simulation for many seeds; a failure names its seed, and how to run it alone. */
final class Seeds {
    private Seeds() {}

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
