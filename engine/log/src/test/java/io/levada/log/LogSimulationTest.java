package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.env.SimCrash;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.LogWorkload.Faults;
import io.levada.testgate.TestGate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The log on a disk that crashes: what was acknowledged or shown is there afterwards, and nothing that was not appended.
 * A failure prints its seed; {@code -Dlevada.seed=N} runs that one alone.
 */
class LogSimulationTest {
    private static final int SEEDS = Integer.getInteger("levada.seeds", 150);

    /** One life after the other on one disk, each but the last ended by a crash. */
    private static LogLedger lives(long seed, int lives, Faults faults, UnaryOperator<Disk> wrapper) {
        SimRandomness random = new SimRandomness(seed);
        LogLedger ledger = new LogLedger();
        SimScheduler scheduler = new SimScheduler(random);
        SimDisk disk = new SimDisk(scheduler, random);
        for (int life = 0; life < lives; life++) {
            disk.crashAt(1 + random.nextInt(life == 0 ? 400 : 150));
            if (faults == Faults.FAIL) {
                disk.failAt(1 + random.nextInt(life == 0 ? 200 : 75), "an injected error");
            }
            try {
                new LogWorkload(scheduler, random, disk, ledger, faults, wrapper).run(20 + random.nextInt(150));
            } catch (SimCrash e) {
                // as planned; when the workload was over before, what stood at its end is what the next life finds
            }
            if (!scheduler.isCrashed()) {
                scheduler.crash();
            }
            scheduler.close();
            CrashStyle style = CrashStyle.draw(random);
            scheduler = new SimScheduler(random);
            disk = disk.afterCrash(scheduler, random, style);
        }
        LogWorkload last = new LogWorkload(scheduler, random, disk, ledger, faults, wrapper);
        LogStore store = last.open();
        ledger.check(store);
        store.close();
        scheduler.close();
        return ledger;
    }

    @Test
    void loses_nothing_that_was_shown_whenever_it_crashes() {
        AtomicInteger shown = new AtomicInteger();
        Seeds.run(SEEDS, seed -> {
            LogLedger ledger = lives(seed, 1 + (int) (seed % 5), Faults.NONE, UnaryOperator.identity());
            shown.addAndGet(ledger.fixedRecords());
        });
        assertTrue(shown.get() > 0, "something was shown");
    }

    @Test
    void loses_nothing_that_was_shown_when_operations_fail_before_it_crashes() {
        Seeds.run(SEEDS, seed -> lives(seed, 1 + (int) (seed % 3), Faults.FAIL, UnaryOperator.identity()));
        assertTrue(TestGate.expectError("appending is over") > 0, "appending failed, sometimes");
    }

    @Test
    void loses_nothing_that_was_shown_when_space_runs_out_and_appends_again_when_it_is_back() {
        AtomicInteger failed = new AtomicInteger();
        Seeds.run(SEEDS, seed -> {
            LogLedger ledger = lives(seed, 1 + (int) (seed % 3), Faults.FULL, UnaryOperator.identity());
            failed.addAndGet(ledger.withdrawnBatches());
        });
        assertTrue(failed.get() > 0, "space ran out, sometimes");
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
            new LogWorkload(scheduler, random, disk, ledger, Faults.NONE, UnaryOperator.identity()).run(40);
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
            disk.crashAt(recoveryCrashAt);
            try {
                LogStore store =
                        new LogWorkload(scheduler, random, disk, ledger, Faults.NONE, UnaryOperator.identity()).open();
                ledger.check(store);
                store.close();
                scheduler.close();
                return operations;
            } catch (SimCrash e) {
                // again
            }
        }
    }

    @Test
    void control_a_force_that_does_nothing_is_noticed() {
        assertThrows(AssertionError.class, () -> Seeds.run(40, seed -> lives(seed, 3, Faults.NONE, LyingDisk::new)));
    }

    @Test
    void control_a_directory_that_is_not_forced_is_noticed() {
        assertThrows(
                AssertionError.class, () -> Seeds.run(SEEDS, seed -> lives(seed, 3, Faults.NONE, CarelessDisk::new)));
    }

    /** Passes everything on. */
    private static class PassingDisk implements Disk {
        private final Disk disk;

        PassingDisk(Disk disk) {
            this.disk = disk;
        }

        @Override
        public DiskFile open(String path, boolean create) throws IOException {
            return disk.open(path, create);
        }

        @Override
        public boolean exists(String path) throws IOException {
            return disk.exists(path);
        }

        @Override
        public long size(String path) throws IOException {
            return disk.size(path);
        }

        @Override
        public List<String> list(String directory) throws IOException {
            return disk.list(directory);
        }

        @Override
        public void makeDirectory(String path) throws IOException {
            disk.makeDirectory(path);
        }

        @Override
        public void rename(String from, String to) throws IOException {
            disk.rename(from, to);
        }

        @Override
        public void delete(String path) throws IOException {
            disk.delete(path);
        }

        @Override
        public void forceDirectory(String path) throws IOException {
            disk.forceDirectory(path);
        }

        @Override
        public DiskLock lock(String path) throws IOException {
            return disk.lock(path);
        }
    }

    /** Never forces a directory of segments. */
    private static final class CarelessDisk extends PassingDisk {
        CarelessDisk(Disk disk) {
            super(disk);
        }

        @Override
        public void forceDirectory(String path) throws IOException {
            if (!path.startsWith(Layout.TOPICS)) {
                super.forceDirectory(path);
            }
        }
    }

    /** Says that it has forced the journal, and has not. */
    private static final class LyingDisk extends PassingDisk {
        LyingDisk(Disk disk) {
            super(disk);
        }

        @Override
        public DiskFile open(String path, boolean create) throws IOException {
            DiskFile file = super.open(path, create);
            return path.startsWith(Layout.JOURNAL) ? new LyingFile(file) : file;
        }
    }

    private record LyingFile(DiskFile file) implements DiskFile {
        @Override
        public void write(long position, ByteBuffer... buffers) throws IOException {
            file.write(position, buffers);
        }

        @Override
        public int read(long position, ByteBuffer into) throws IOException {
            return file.read(position, into);
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public void force() {
            // not done, which is the point
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
