package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.env.SimCrash;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.LogWorkload.Faults;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The log on a disk that crashes: what was acknowledged or shown is there afterwards, and nothing that was not appended.
 * A failure prints its seed; {@code -Dlevada.seed=N} runs that one alone.
 */
class LogSimulationTest {
    private static final int SEEDS = Integer.getInteger("levada.seeds", 150);

    @Test
    void loses_nothing_that_was_shown_whenever_it_crashes() {
        AtomicInteger shown = new AtomicInteger();
        Seeds.run(SEEDS, seed -> {
            LogLedger ledger = Lives.live(seed, 1 + (int) (seed % 5), Faults.NONE);
            shown.addAndGet(ledger.shownRecords());
        });
        assertTrue(shown.get() > 0, "something was shown");
    }

    @Test
    void loses_nothing_that_was_shown_when_operations_fail_before_it_crashes() {
        AtomicInteger failed = new AtomicInteger();
        AtomicInteger unknown = new AtomicInteger();
        Seeds.run(SEEDS, seed -> {
            LogLedger ledger = Lives.live(seed, 1 + (int) (seed % 3), Faults.FAIL);
            failed.addAndGet(ledger.withdrawnBatches());
            unknown.addAndGet(ledger.unknownBatches());
        });
        assertTrue(failed.get() > 0, "appending failed, sometimes");
        assertTrue(unknown.get() > 0, "and sometimes nobody knew");
    }

    /** Each found something that the seeds of every build had not. */
    @Test
    void seeds_that_failed_once_do_not_again() {
        for (long seed : new long[] {315, 524, 2102}) {
            Lives.live(seed, 1 + (int) (seed % 3), Faults.FAIL);
        }
    }

    @Test
    void loses_nothing_that_was_shown_when_space_runs_out_and_appends_again_when_it_is_back() {
        AtomicInteger failed = new AtomicInteger();
        Seeds.run(SEEDS, seed -> {
            LogLedger ledger = Lives.live(seed, 1 + (int) (seed % 3), Faults.FULL);
            failed.addAndGet(ledger.withdrawnBatches());
        });
        assertTrue(failed.get() > 0, "space ran out, sometimes");
    }

    @Test
    void control_batches_sent_again_without_their_sequences_are_noticed() {
        assertThrows(
                AssertionError.class,
                () -> Seeds.run(
                        5,
                        seed -> Lives.live(
                                seed, 3, Faults.NONE, UnaryOperator.identity(), LogWorkload::withoutNumbers)));
    }

    @Test
    void survives_a_crash_at_every_single_operation() {
        Seeds.run(1, seed -> {
            long operations = small(seed, Long.MAX_VALUE);
            assertTrue(operations > 60, "the workload writes");
            for (long at = 1; at <= operations; at++) {
                try {
                    small(seed, at);
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError("crashing at operation " + at + " of " + operations, e);
                }
            }
        });
    }

    /** A small workload, a crash at an operation, and recoveries that crash, each one operation later. */
    private static long small(long seed, long crashAt) {
        SimRandomness random = new SimRandomness(seed);
        LogLedger ledger = new LogLedger();
        SimScheduler scheduler = new SimScheduler(random);
        SimDisk disk = new SimDisk(scheduler, random);
        disk.crashAt(crashAt);
        try {
            new LogWorkload(scheduler, random, disk, ledger, Faults.NONE).run(40);
        } catch (SimCrash e) {
            // as planned
        }
        final long operations = disk.operations();
        for (int recoveryCrashAt = 1; ; recoveryCrashAt += 1 + recoveryCrashAt / 4) {
            scheduler.crash();
            scheduler.close();
            CrashStyle style = CrashStyle.draw(random);
            scheduler = new SimScheduler(random);
            disk = disk.afterCrash(scheduler, random, style);
            ledger.crashed(style);
            disk.crashAt(recoveryCrashAt);
            try {
                LogStore store = new LogWorkload(scheduler, random, disk, ledger, Faults.NONE).open();
                ledger.check(store);
                store.close();
                scheduler.close();
                return operations;
            } catch (SimCrash e) {
                // again
            }
        }
    }
}
