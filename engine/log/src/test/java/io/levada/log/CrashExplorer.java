package io.levada.log;

import io.levada.env.Disk;
import io.levada.env.SimCrash;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.LogWorkload.Faults;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the disks that crashes would leave, at every operation of a random workload: each is opened, also with crashes
 * during recovery, and held against the ledger as it was at that moment. Counts how many different disks it has seen.
 * Several threads may explore, each its own seeds.
 */
final class CrashExplorer {
    private static final int ROUNDS = 1_000;

    /** Where in a workload looking begins: before the first journal file is full, or after several. */
    private static final int MOST_OPERATIONS_BEFORE = 500;

    private static final int OPERATIONS_LOOKED_AT = 120;
    private static final int IMAGES_OF_A_MOMENT = 3;
    private static final int MOST_RECOVERY_CRASHES = 3;

    /** Each so many times appending goes on, and publishers send again what they do not know of. */
    private static final int SETTLING = 8;

    private final Faults faults;
    private final UnaryOperator<Disk> wrapper;
    private final Set<String> states = ConcurrentHashMap.newKeySet();
    private final Map<Sight, LongAdder> sights = new ConcurrentHashMap<>();
    private List<TopicKind> kinds = TopicKind.ALL;

    /** What a state shows of what was under way, or has been before. */
    enum Sight {
        JOURNAL_ROLLED,
        SEGMENT_ROLLED,
        COMPACTING,
        COMPACTED,
        START_MOVED,
        TOPIC_DELETED,
        COMMITTED,
        UNFORCED_LOST,
        RECOVERY_CRASHED
    }

    /** @param wrapper what stands between the log and the disk, in every life */
    CrashExplorer(Faults faults, UnaryOperator<Disk> wrapper) {
        this.faults = faults;
        this.wrapper = wrapper;
    }

    /** Has workloads with topics of some kinds only. */
    CrashExplorer of(List<TopicKind> some) {
        kinds = some;
        return this;
    }

    /** In how many of the states, the same ones counted again, something was to be seen. */
    long count(Sight sight) {
        return sights.getOrDefault(sight, new LongAdder()).sum();
    }

    private void saw(Sight sight, boolean there) {
        if (there) {
            sights.computeIfAbsent(sight, any -> new LongAdder()).increment();
        }
    }

    private static List<String> partitionFiles(SimDisk disk) {
        List<String> files = new ArrayList<>();
        for (String topic : disk.list(Layout.TOPICS)) {
            for (String partition : disk.list(Layout.TOPICS + "/" + topic)) {
                files.addAll(disk.list(Layout.TOPICS + "/" + topic + "/" + partition));
            }
        }
        return files;
    }

    private static boolean isCompacting(SimDisk disk) {
        return partitionFiles(disk).stream().anyMatch(name -> name.endsWith(Layout.CLEANED_SUFFIX));
    }

    private void look(SimDisk disk, LogLedger ledger) {
        List<String> files = partitionFiles(disk);
        saw(Sight.JOURNAL_ROLLED, disk.list(Layout.JOURNAL).size() > 1);
        saw(Sight.SEGMENT_ROLLED, files.stream().anyMatch(name -> Layout.segmentBase(name, Layout.LOG_SUFFIX) > 0));
        saw(Sight.COMPACTED, ledger.missingKeyed() > 0);
        saw(Sight.START_MOVED, ledger.movedStarts() > 0);
        saw(Sight.TOPIC_DELETED, ledger.deletedTopics() > 0);
        saw(Sight.COMMITTED, ledger.commits() > 0);
        saw(Sight.UNFORCED_LOST, ledger.lostRecords() > 0);
    }

    /** How many different disks were found after crashes so far. */
    int distinctStates() {
        return states.size();
    }

    /** Runs one workload; fails with an {@link AssertionError} or a log's error when a crash would lose something. */
    void explore(long seed) {
        SimRandomness random = new SimRandomness(seed);
        SimScheduler scheduler = new SimScheduler(random);
        SimDisk disk = new SimDisk(scheduler, random);
        long from = seed % 3 == 0 ? 0 : random.nextInt(MOST_OPERATIONS_BEFORE);
        disk.crashAt(from + OPERATIONS_LOOKED_AT);
        if (faults == Faults.FAIL) {
            disk.failAt(from + 1 + random.nextInt(OPERATIONS_LOOKED_AT / 2), "an injected error");
        }
        LogLedger ledger = new LogLedger();
        SimRandomness crashes = new SimRandomness(~seed);
        Moments moments = new Moments();
        disk.beforeOperation(() -> {
            if (disk.operations() >= from) {
                moments.look(() -> crashHere(disk, ledger, crashes));
            }
        });
        try {
            new LogWorkload(scheduler, random, disk, ledger, faults, wrapper)
                    .of(kinds)
                    .run(ROUNDS);
        } catch (SimCrash e) {
            // as planned; whether a moment was bad is told below
        }
        if (!scheduler.isCrashed()) {
            scheduler.crash();
        }
        scheduler.close();
        moments.rethrow();
    }

    private void crashHere(SimDisk disk, LogLedger ledger, SimRandomness random) {
        for (int image = 0; image < IMAGES_OF_A_MOMENT; image++) {
            LogLedger then = ledger.copy();
            int crashes = random.oneIn(2) ? 1 + random.nextInt(MOST_RECOVERY_CRASHES) : 0;
            SimDisk recovered = recover(disk, then, random, crashes);
            if (random.oneIn(4)) {
                recover(recovered, then, random, 0); // what it has shown must be there for good
            }
        }
    }

    /** Opens what a crash left, which crashes some times more while it recovers; gives what it has made of it. */
    private SimDisk recover(SimDisk before, LogLedger ledger, SimRandomness random, int crashes) {
        SimScheduler scheduler = new SimScheduler(random);
        CrashStyle style = CrashStyle.draw(random);
        SimDisk found = before.afterCrash(scheduler, random, style);
        ledger.crashed(style);
        states.add(found.fingerprint());
        if (crashes > 0) {
            found.crashAt(1 + random.nextInt(20));
        }
        boolean recovered = false;
        saw(Sight.COMPACTING, isCompacting(found));
        try {
            LogWorkload workload = new LogWorkload(scheduler, random, found, ledger, Faults.NONE, wrapper);
            LogStore store = workload.open();
            ledger.check(store);
            if (crashes == 0 && random.oneIn(SETTLING)) {
                workload.settle(store);
            }
            look(found, ledger);
            recovered = true;
        } catch (SimCrash e) {
            saw(Sight.RECOVERY_CRASHED, true);
        } finally {
            if (!scheduler.isCrashed()) {
                scheduler.crash();
            }
            scheduler.close();
        }
        return recovered ? found : recover(found, ledger, random, crashes - 1);
    }

    /** Keeps the first violation, and lets no other moment be looked at from within one, or after it. */
    private static final class Moments {
        private boolean looking;
        private @Nullable Throwable violation;

        void look(Runnable crashes) {
            if (looking || violation != null) {
                return;
            }
            looking = true;
            try {
                crashes.run();
            } catch (AssertionError | RuntimeException e) {
                violation = e;
            } finally {
                looking = false;
            }
        }

        void rethrow() {
            if (violation instanceof AssertionError error) {
                throw error;
            } else if (violation instanceof RuntimeException failure) {
                throw failure;
            }
        }
    }
}
