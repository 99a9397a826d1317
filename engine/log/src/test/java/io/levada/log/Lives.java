package io.levada.log;

import io.levada.env.Disk;
import io.levada.env.SimCrash;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.LogWorkload.Faults;
import java.util.function.UnaryOperator;

/** One life of a log after the other on one disk, each but the last ended by a crash; all of it follows from a seed. */
final class Lives {
    private Lives() {}

    static LogLedger live(long seed, int lives, Faults faults) {
        return live(seed, lives, faults, UnaryOperator.identity(), UnaryOperator.identity());
    }

    /** @param wrapper what stands between the log and its disk */
    static LogLedger live(
            long seed, int lives, Faults faults, UnaryOperator<Disk> wrapper, UnaryOperator<LogWorkload> variant) {
        SimRandomness random = new SimRandomness(seed);
        LogLedger ledger = new LogLedger();
        SimScheduler scheduler = new SimScheduler(random);
        SimDisk disk = new SimDisk(scheduler, random);
        for (int life = 0; life < lives; life++) {
            disk.crashAt(1 + random.nextInt(life == 0 ? 400 : 150));
            if (faults == Faults.FAIL) {
                int times = 1 + random.nextInt(random.oneIn(2) ? 6 : 1);
                disk.failAt(1 + random.nextInt(life == 0 ? 200 : 75), times, "an injected error");
            }
            try {
                variant.apply(new LogWorkload(scheduler, random, disk, ledger, faults, wrapper))
                        .run(20 + random.nextInt(150));
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
            ledger.crashed(style);
        }
        LogWorkload last = new LogWorkload(scheduler, random, disk, ledger, faults, wrapper);
        LogStore store = last.open();
        ledger.check(store);
        last.settle(store);
        store.close();
        scheduler.close();
        return ledger;
    }
}
