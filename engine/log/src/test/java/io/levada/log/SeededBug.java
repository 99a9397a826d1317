package io.levada.log;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.env.PassingDisk;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.LogWorkload.Faults;
import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.agent.ByteBuddyAgent;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.dynamic.loading.ClassReloadingStrategy;
import net.bytebuddy.implementation.bytecode.assign.Assigner;
import net.bytebuddy.matcher.ElementMatchers;
import org.jspecify.annotations.Nullable;

/**
 * A mistake that the log could have: made by a disk that does less than it was told, or by changing one method of the
 * log's own classes while they run.
 *
 * @param type the class to be changed; null where the disk makes the mistake
 */
record SeededBug(
        String name,
        Faults faults,
        UnaryOperator<Disk> wrapper,
        @Nullable Class<?> type,
        String method,
        Class<?> advice,
        List<TopicKind> kinds) {
    private static final String CLEANED = Layout.LOG_SUFFIX + Layout.CLEANED_SUFFIX;
    private static final List<TopicKind> PLAIN = List.of(TopicKind.PLAIN);
    private static final List<TopicKind> RETAINED = List.of(TopicKind.RETAINED);
    private static final List<TopicKind> COMPACTED = List.of(TopicKind.COMPACTED);
    private static final List<TopicKind> UNFORCED = List.of(TopicKind.UNFORCED);

    /** Those that a crash brings to light, or a failed operation. */
    static List<SeededBug> all() {
        return List.of(
                of("acknowledges before the force", disk -> new Forceless(disk, Layout.JOURNAL)),
                of("forgets the directories of segments", disk -> new Directoryless(disk, Layout.TOPICS)),
                of("forgets the root directory", disk -> new Directoryless(disk, "")),
                of("never forces segments", disk -> new Forceless(disk, Layout.TOPICS)),
                of("does not force what it recovered", CarelessRecovery::new),
                of("puts unforced checkpoints in place", disk -> new Forceless(disk, Layout.CHECKPOINT)),
                of("puts unforced catalogs in place", disk -> new Forceless(disk, Layout.CATALOG)),
                of("takes a torn block for whole", JournalBlock.class, "isWhole", Yes.class),
                of("lets a checkpoint claim a block too many", Journal.class, "nextSequence", OneMore.class),
                of("lets blocks share a sector", Layout.class, "sectorEnd", SameNumber.class),
                of("leaves a damaged tail", ReplayedPartition.class, "mendTail", Nothing.class),
                of("shows what is not durable yet", PartitionWriter.class, "writeGroup", Visible.class),
                of("frees the journal without a checkpoint", CheckedPair.class, "write", Nothing.class),
                failing("tries a failed force again", Stubborn::new),
                failing("goes on in another journal file before that is forced", HastyFailover::new),
                failing("goes on in a journal file that failed", Journal.class, "beginAnew", Nothing.class),
                failing("does not void what a failed journal file holds", JournalScan.class, "dropVoid", Nothing.class),
                of("forgets what producers sent", Producers.class, "checkpoint", NoList.class),
                of("forgets where a log starts", Maintenance.class, "entry", NoStart.class)
                        .in(RETAINED),
                of("deletes files before the checkpoint", Housekeeping.class, "note", HastyDelete.class)
                        .in(RETAINED),
                of("compacts the latest record away", OffsetMap.class, "get", OneMore.class)
                        .in(COMPACTED),
                of("lets tombstones go at once", Compaction.Rules.class, "deleteRetentionMs", NoTime.class)
                        .in(COMPACTED),
                of("puts unforced compacted segments in place", disk -> new Forceless(disk, "", CLEANED))
                        .in(COMPACTED),
                of(
                                "puts compacted segments in place before the checkpoint",
                                Compactor.class,
                                "install",
                                HastySwap.class)
                        .in(COMPACTED),
                of("forgets reserved offsets", ReplayedPartition.class, "reserved", Nothing.class)
                        .in(UNFORCED));
    }

    /** One that takes damage. */
    static SeededBug trustsAnIndex() {
        return of("trusts an index", IndexFile.class, "crc", Zero.class);
    }

    private static SeededBug of(String name, UnaryOperator<Disk> wrapper) {
        return new SeededBug(name, Faults.NONE, wrapper, null, "", Nothing.class, PLAIN);
    }

    private static SeededBug of(String name, Class<?> type, String method, Class<?> advice) {
        return new SeededBug(name, Faults.NONE, UnaryOperator.identity(), type, method, advice, PLAIN);
    }

    private static SeededBug failing(String name, UnaryOperator<Disk> wrapper) {
        return new SeededBug(name, Faults.FAIL, wrapper, null, "", Nothing.class, PLAIN);
    }

    private static SeededBug failing(String name, Class<?> type, String method, Class<?> advice) {
        return new SeededBug(name, Faults.FAIL, UnaryOperator.identity(), type, method, advice, PLAIN);
    }

    /** The same, looked for where topics are of some kinds. */
    private SeededBug in(List<TopicKind> some) {
        return new SeededBug(name, faults, wrapper, type, method, advice, some);
    }

    @Override
    public String toString() {
        return name;
    }

    /** Runs something with the bug in place. */
    void during(Runnable run) throws IOException {
        if (type == null) {
            run.run();
            return;
        }
        ByteBuddyAgent.install();
        ClassReloadingStrategy strategy = ClassReloadingStrategy.fromInstalledAgent();
        new ByteBuddy()
                .redefine(type)
                .visit(Advice.to(advice).on(ElementMatchers.named(method)))
                .make()
                .load(type.getClassLoader(), strategy);
        try {
            run.run();
        } finally {
            strategy.reset(type);
        }
    }

    /** A method that does nothing. */
    static final class Nothing {
        private Nothing() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static boolean skip() {
            return true;
        }
    }

    /** A check that is always passed. */
    @SuppressWarnings("UnusedVariable") // what is assigned is what the changed method gives
    static final class Yes {
        private Yes() {}

        @Advice.OnMethodExit
        static void yes(@Advice.Return(readOnly = false, typing = Assigner.Typing.DYNAMIC) boolean result) {
            result = true;
        }
    }

    /** A checksum that is always the same. */
    @SuppressWarnings("UnusedVariable") // what is assigned is what the changed method gives
    static final class Zero {
        private Zero() {}

        @Advice.OnMethodExit
        static void zero(@Advice.Return(readOnly = false) int result) {
            result = 0;
        }
    }

    /** A computation that gives what it got. */
    @SuppressWarnings("UnusedVariable") // what is assigned is what the changed method gives
    static final class SameNumber {
        private SameNumber() {}

        @Advice.OnMethodExit
        static void same(@Advice.Argument(0) int given, @Advice.Return(readOnly = false) int result) {
            result = given;
        }
    }

    /** Off by one. */
    @SuppressWarnings("UnusedVariable") // what is assigned is what the changed method gives
    static final class OneMore {
        private OneMore() {}

        @Advice.OnMethodExit
        static void oneMore(@Advice.Return(readOnly = false) long result) {
            result = result + 1;
        }
    }

    /** Nothing at all. */
    @SuppressWarnings("UnusedVariable") // what is assigned is what the changed method gives
    static final class NoList {
        private NoList() {}

        @Advice.OnMethodExit
        static void none(@Advice.Return(readOnly = false) List<?> result) {
            result = List.of();
        }
    }

    /** No time at all. */
    @SuppressWarnings("UnusedVariable") // what is assigned is what the changed method gives
    static final class NoTime {
        private NoTime() {}

        @Advice.OnMethodExit
        static void none(@Advice.Return(readOnly = false) long result) {
            result = 0;
        }
    }

    /** A checkpoint's entry without its start. */
    @SuppressWarnings("UnusedVariable") // what is assigned is what the changed method gives
    static final class NoStart {
        private NoStart() {}

        @Advice.OnMethodExit
        static void none(@Advice.Return(readOnly = false) Entry entry) {
            entry = new Entry(0, entry.forced(), entry.reserved(), entry.segments(), entry.tail(), entry.producers());
        }
    }

    /** Files go as soon as they are of no use in memory. */
    static final class HastyDelete {
        private HastyDelete() {}

        @Advice.OnMethodExit
        static void delete(@Advice.Argument(0) PartitionTrim.Trimmed trimmed) throws IOException {
            for (Segment segment : trimmed.dropped()) {
                segment.delete();
            }
        }
    }

    /** Files take the places of others as soon as they are used. */
    static final class HastySwap {
        private HastySwap() {}

        @Advice.OnMethodExit
        static void swap(@Advice.Argument(0) PartitionLog log) throws IOException {
            for (Segment segment : log.segments()) {
                if (segment.isSwapping()) {
                    segment.putInPlace();
                }
            }
        }
    }

    /** What was written counts as durable. */
    static final class Visible {
        private Visible() {}

        @Advice.OnMethodExit
        static void visible(@Advice.FieldValue("log") PartitionLog log) {
            Segment last = log.segments().get(log.segments().size() - 1);
            log.setDurable(new DurablePoint(log.end(), last, last.bytes()));
        }
    }

    /** Says that it has forced some files, and has not. */
    private static final class Forceless extends PassingDisk {
        private final String prefix;
        private final String suffix;

        Forceless(Disk disk, String prefix) {
            this(disk, prefix, "");
        }

        Forceless(Disk disk, String prefix, String suffix) {
            super(disk);
            this.prefix = prefix;
            this.suffix = suffix;
        }

        @Override
        protected void force(String path, DiskFile file) throws IOException {
            if (!path.startsWith(prefix) || !path.endsWith(suffix)) {
                super.force(path, file);
            }
        }
    }

    /** Says that it has forced some directories, and has not. */
    private static final class Directoryless extends PassingDisk {
        private final String prefix;

        Directoryless(Disk disk, String prefix) {
            super(disk);
            this.prefix = prefix;
        }

        @Override
        public void forceDirectory(String path) throws IOException {
            boolean forgotten = prefix.isEmpty() ? path.isEmpty() : path.startsWith(prefix);
            if (!forgotten) {
                super.forceDirectory(path);
            }
        }
    }

    /** Forces no segment before the journal is written for the first time. */
    private static final class CarelessRecovery extends PassingDisk {
        private boolean recovered;

        CarelessRecovery(Disk disk) {
            super(disk);
        }

        @Override
        protected void written(String path) {
            recovered |= path.startsWith(Layout.JOURNAL);
        }

        @Override
        protected void force(String path, DiskFile file) throws IOException {
            if (recovered || !path.startsWith(Layout.TOPICS)) {
                super.force(path, file);
            }
        }
    }

    /** Takes a force that succeeds the second time for success. */
    private static final class Stubborn extends PassingDisk {
        Stubborn(Disk disk) {
            super(disk);
        }

        @Override
        protected void force(String path, DiskFile file) throws IOException {
            try {
                super.force(path, file);
            } catch (IOException e) {
                super.force(path, file);
            }
        }
    }

    /** Leaves out the first force of the journal's next file after one has failed. */
    private static final class HastyFailover extends PassingDisk {
        private String failed = "";

        HastyFailover(Disk disk) {
            super(disk);
        }

        @Override
        protected void force(String path, DiskFile file) throws IOException {
            boolean journal = path.startsWith(Layout.JOURNAL);
            if (journal && !failed.isEmpty() && !path.equals(failed)) {
                failed = "";
                return;
            }
            try {
                super.force(path, file);
            } catch (IOException e) {
                failed = journal ? path : failed;
                throw e;
            }
        }
    }
}
