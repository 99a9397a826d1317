package io.levada.log;

import io.levada.LevadaException;
import io.levada.env.Clock;
import io.levada.env.Disk;
import io.levada.env.DiskFullException;
import io.levada.env.Loop;
import io.levada.env.Scheduler;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store's slow work, on a loop of its own: forcing segments and writing checkpoints, so that journal files are free
 * again, and writing the catalog. Everything here runs on that loop.
 */
final class Maintenance implements Journal.Keeper, PartitionContext.Mender {
    private static final Logger LOG = LoggerFactory.getLogger(Maintenance.class);
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final Disk disk;
    private final LogConfig config;
    private final Scheduler scheduler;
    private final LogTime time;
    private final Loop loop;
    private final List<Loop> writerLoops;
    private final CheckedPair checkpoints;
    private final Journal journal;
    private final Map<PartitionId, PartitionLog> partitions = new LinkedHashMap<>();
    private final UUID logId;
    private final Housekeeping housekeeping;
    private final Compactor compactor;
    private Map<PartitionId, Entry> entries;
    /** From where on the journal is needed. */
    private Barrier written;
    /** Partitions with a segment that failed and is not rebuilt yet. */
    private final Set<PartitionLog> failing = new LinkedHashSet<>();

    private final Reserve reserve;
    private final ProducerEpochs producerEpochs = new ProducerEpochs();
    private boolean closed;
    private boolean afterCrash;

    /** @param files the journal's, of which none holds anything of use */
    Maintenance(
            Disk disk,
            Clock clock,
            LogConfig config,
            Scheduler scheduler,
            LogTime time,
            UUID logId,
            CheckedPair checkpoints,
            Checkpoint recovered,
            List<JournalFile> files) {
        this.disk = disk;
        this.config = config;
        this.scheduler = scheduler;
        this.time = time;
        this.checkpoints = checkpoints;
        this.logId = logId;
        this.entries = recovered.partitions();
        this.written = new Barrier(recovered.sequence(), recovered.generation());
        loop = scheduler.newLoop("maintenance");
        reserve = new Reserve(disk, config.reserveBytes(), loop);
        housekeeping = new Housekeeping(loop, time, this);
        compactor = new Compactor(disk, scheduler.newLoop("compactor"), this, loop);
        writerLoops = new ArrayList<>();
        for (int i = 0; i < config.writerLoops(); i++) {
            writerLoops.add(scheduler.newLoop("writer-" + i));
        }
        Loop journalLoop = scheduler.newLoop("journal");
        journal = new Journal(disk, clock, config, logId, journalLoop, writerLoops, this, files, recovered);
    }

    /** Runs a piece of work here, and gives its result. */
    <T extends @Nullable Object> CompletableFuture<T> call(Callable<T> work) {
        return call(loop, work);
    }

    private static <T extends @Nullable Object> CompletableFuture<T> call(Loop where, Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        where.execute(() -> {
            try {
                result.complete(work.call());
            } catch (IOException e) {
                result.completeExceptionally(Failures.storage("maintaining the log", e));
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    /** Before partitions are opened: a recovery that did not end may have left last sectors that are not on the disk. */
    void afterCrash() {
        afterCrash = true;
    }

    /** Opens the partitions of a topic, as the last checkpoint says that they are. */
    List<PartitionLog> openPartitions(Catalog.Entry topic) throws IOException {
        return openPartitions(topic, 0, new LiveSettings(config.settings(topic.config())));
    }

    /** Opens the partitions from a number on, with settings shared with those before. */
    List<PartitionLog> openPartitions(Catalog.Entry topic, int from, LiveSettings settings) throws IOException {
        List<PartitionLog> opened = new ArrayList<>();
        for (int i = from; i < topic.partitions(); i++) {
            PartitionId id = new PartitionId(topic.id(), i);
            PartitionLog partition = open(topic, id, entries.getOrDefault(id, Entry.EMPTY), settings);
            partitions.put(id, partition);
            opened.add(partition);
        }
        return opened;
    }

    private PartitionLog open(Catalog.Entry topic, PartitionId id, Entry entry, LiveSettings settings)
            throws IOException {
        int loopIndex = Math.floorMod(id.topicId().hashCode() + id.partition(), writerLoops.size());
        PartitionContext context = new PartitionContext(
                id,
                topic.name() + "-" + id.partition(),
                disk,
                writerLoops.get(loopIndex),
                loopIndex,
                journal,
                this,
                reserve,
                time,
                producerEpochs,
                config.maxBatchBytes(),
                settings,
                config.indexIntervalBytes(),
                config.allocator());
        boolean extendable = false;
        if (!entry.segments().isEmpty()) {
            Checkpoint.Extent last = entry.segments().get(entry.segments().size() - 1);
            extendable = last.closedMs() == Checkpoint.Extent.OPEN
                    && disk.size(context.existingSegment(last).logPath()) == last.bytes();
        }
        PartitionLog partition = new PartitionLog(context, entry, extendable);
        Segment last = partition.durablePoint().segment();
        if (afterCrash && last != null) {
            last.suspect();
        }
        return partition;
    }

    @Override
    public void checkpoint() {
        loop.execute(() -> {
            try {
                checkpointNow();
            } catch (IOException e) {
                LOG.warn("a checkpoint failed", e);
                LevadaException failure = Failures.storage("a checkpoint", e);
                journal.loop().execute(() -> journal.notFreed(failure));
            }
        });
    }

    @Override
    public void requireSpace(int bytes) throws IOException {
        reserve.require(bytes);
    }

    @Override
    public void makeSpare(int number) {
        loop.execute(() -> {
            JournalFile made = null;
            try {
                requireSpace(config.journalFileBytes());
                made = JournalFile.create(disk, number, config.journalFileBytes());
            } catch (IOException e) {
                LOG.warn("a journal file could not be made; the others serve on", e);
            }
            JournalFile spare = made;
            journal.loop().execute(() -> journal.spare(spare));
        });
    }

    /** Writes what must be written even when space is short. */
    <T> T withReserve(Writing<T> writing) throws IOException {
        try {
            return writing.write();
        } catch (DiskFullException e) {
            reserve.giveUp();
            return writing.write();
        }
    }

    /** Something written as a whole, which may be tried again. */
    interface Writing<T> {
        T write() throws IOException;
    }

    ProducerEpochs producerEpochs() {
        return producerEpochs;
    }

    Journal journal() {
        return journal;
    }

    Reserve reserve() {
        return reserve;
    }

    /** Writes a checkpoint, and gives the journal free what it has made superfluous. */
    void checkpointNow() throws IOException {
        long before = withReserve(this::writeCheckpoint);
        journal.loop().execute(() -> journal.freed(before));
    }

    private record Barrier(long sequence, long generation) {}

    /**
     * Forces what is durable by the journal alone and says so in a checkpoint; gives the sequence before which the journal
     * is needed no more. Taken in this order: first how far the journal is, whose results the partitions have then been
     * given, then where the partitions are.
     */
    private long writeCheckpoint() throws IOException {
        Barrier barrier = scheduler.await(
                call(journal.loop(), () -> new Barrier(journal.nextSequence(), journal.nextGeneration())));
        List<Snapshot> snapshots = snapshots();
        boolean done = false;
        try {
            snapshots.forEach(snapshot -> snapshot.unforced().forEach(segment -> force(snapshot.log(), segment)));
            if (!failing.isEmpty()) {
                throw new IOException("segments of " + failing.size() + " partitions have to be rebuilt first");
            }
            forceDirectories(snapshots);
            Map<PartitionId, Entry> now = new LinkedHashMap<>();
            for (Snapshot snapshot : snapshots) {
                now.put(snapshot.log().id(), entry(snapshot));
            }
            checkpoints.write(new Checkpoint(barrier.sequence(), barrier.generation(), time.mark(), now).encode());
            entries = now;
            written = barrier;
            done = true;
            housekeeping.checkpointed();
        } finally {
            if (!done) {
                snapshots.forEach(Snapshot::notWritten);
            }
        }
        for (Snapshot snapshot : snapshots) {
            for (Segment segment : snapshot.resting()) {
                writeIndex(segment, segment.bytes());
                segment.rest();
            }
        }
        return barrier.sequence();
    }

    /** All partitions as they are, each seen on its own loop. */
    private List<Snapshot> snapshots() {
        return onEachPartition(partition -> partition.writer().snapshot());
    }

    /** Does something to all partitions, to each on its own loop. */
    <T> List<T> onEachPartition(Function<PartitionLog, T> work) {
        List<CompletableFuture<List<T>>> parts = new ArrayList<>();
        for (int i = 0; i < writerLoops.size(); i++) {
            int index = i;
            List<PartitionLog> here = partitions.values().stream()
                    .filter(partition -> partition.loopIndex() == index)
                    .toList();
            parts.add(call(writerLoops.get(i), () -> here.stream().map(work).toList()));
        }
        List<T> all = new ArrayList<>();
        parts.forEach(part -> all.addAll(scheduler.await(part)));
        return all;
    }

    /** Does something on a partition's loop. */
    <T> T onLoopOf(PartitionLog partition, Callable<T> work) {
        return scheduler.await(call(writerLoops.get(partition.loopIndex()), work));
    }

    /** Whether the last checkpoint speaks of compacted files that may not be in their places. */
    boolean isSwapping(PartitionId id) {
        return entries.getOrDefault(id, Entry.EMPTY).segments().stream().anyMatch(Extent::swapping);
    }

    /** The offsets of the last records of the producers that the last checkpoint knows. */
    Set<Long> lastOffsetsOfProducers(PartitionId id) {
        Set<Long> offsets = new HashSet<>();
        entries.getOrDefault(id, Entry.EMPTY).producers().forEach(producer -> producer.runs()
                .forEach(run -> offsets.add(run.firstOffset() + run.count() - 1)));
        return offsets;
    }

    boolean isOpen(PartitionLog log) {
        return partitions.containsKey(log.id());
    }

    /** Segments whose files may go once a checkpoint does not speak of them. */
    void doom(List<Segment> segments) {
        housekeeping.doom(segments);
    }

    boolean compact(long nowMs) throws IOException {
        return compactor.look(List.copyOf(partitions.values()), nowMs);
    }

    /** The settings of all topics, as often as they have partitions. */
    List<TopicSettings> settings() {
        return partitions.values().stream().map(PartitionLog::settings).toList();
    }

    /** All topics are open. */
    void start() {
        housekeeping.start();
    }

    /** Topics have come, or other settings. */
    void settingsChanged() {
        housekeeping.reschedule();
    }

    long deleteRecords(PartitionLog partition, long beforeOffset) throws IOException {
        return housekeeping.deleteRecords(partition, beforeOffset);
    }

    private void force(PartitionLog log, Segment segment) {
        try {
            if (!segment.isPoisoned()) {
                segment.force();
            }
        } catch (IOException e) {
            LOG.warn("{} could not be forced, and is written anew", segment.logPath(), e);
        }
        if (segment.isPoisoned()) {
            rebuildSoon(log);
        }
    }

    @Override
    public void forceSoon(PartitionLog log, Segment segment) {
        loop.execute(() -> {
            if (!closed && segment.isUnforced() && !segment.isDropped()) {
                force(log, segment);
            }
        });
    }

    @Override
    public void rebuild(PartitionLog log) {
        loop.execute(() -> rebuildSoon(log));
    }

    private void rebuildSoon(PartitionLog log) {
        if (failing.add(log)) {
            log.writer().halt(() -> loop.execute(() -> tryRebuild(log)));
        }
    }

    private void tryRebuild(PartitionLog log) {
        if (closed || !failing.contains(log)) {
            return;
        }
        try {
            rebuildNow(log);
        } catch (IOException | LevadaException e) {
            LOG.debug("a segment of {} could not be rebuilt yet", log.id(), e);
            loop.schedule(RETRY, () -> tryRebuild(log));
        }
    }

    /** Nothing is under way in the partition, and so all that is durable is in blocks that the journal has forced. */
    private void rebuildNow(PartitionLog log) throws IOException {
        if (!partitions.containsKey(log.id())) { // deleted
            failing.remove(log);
            return;
        }
        long before = scheduler.await(call(journal.loop(), journal::nextSequence));
        JournalScan scan = JournalScan.between(disk, logId, written.sequence(), before, written.generation());
        Entry entry = entries.getOrDefault(log.id(), Entry.EMPTY);
        SegmentRebuild rebuild = new SegmentRebuild(disk, log.id(), entry, log.isDurableUnforced() ? null : scan);
        DurablePoint durable = log.durablePoint();
        Map<Segment, Segment> rebuilt = new HashMap<>();
        List<Segment> failed =
                log.segments().stream().filter(Segment::isPoisoned).toList();
        for (Segment segment : failed) {
            if (segment.baseOffset() < durable.offset()) {
                Extent whole = segment == durable.segment()
                        ? segment.extent(durable.position(), durable.offset())
                        : segment.extent(segment.bytes(), segment.nextOffset());
                rebuild.rebuild(segment, whole);
                rebuilt.put(segment, segment.inNewFile(whole));
            } else {
                segment.delete();
            }
        }
        scheduler.await(call(log.writer().loop(), () -> {
            log.writer().replace(rebuilt);
            return null;
        }));
        for (Segment segment : failed) {
            segment.close();
        }
        failing.remove(log);
        LOG.warn("{} segments of {} were written anew: appending is possible again", failed.size(), log.id());
    }

    private void forceDirectories(List<Snapshot> snapshots) throws IOException {
        Set<String> parents = new LinkedHashSet<>();
        for (Snapshot snapshot : snapshots) {
            if (snapshot.forceDirectory()) {
                PartitionId id = snapshot.log().id();
                disk.forceDirectory(Layout.partitionDirectory(id.topicId(), id.partition()));
                parents.add(Layout.topicDirectory(id.topicId()));
            }
        }
        if (!parents.isEmpty()) {
            parents.add(Layout.TOPICS);
        }
        for (String parent : parents) {
            disk.forceDirectory(parent);
        }
    }

    private Entry entry(Snapshot snapshot) throws IOException {
        Entry last = entries.getOrDefault(snapshot.log().id(), Entry.EMPTY);
        DurablePoint durable = snapshot.durable();
        boolean same = last.forced() == durable.offset()
                && last.start() == snapshot.start()
                && last.reserved() == snapshot.reserved()
                && last.segments().equals(snapshot.extents());
        Segment segment = durable.segment();
        if (same) {
            return last;
        }
        byte[] tail = segment == null ? new byte[0] : ReplayedPartition.tailOf(segment, durable.position());
        return new Entry(
                snapshot.start(),
                durable.offset(),
                snapshot.reserved(),
                snapshot.extents(),
                tail,
                snapshot.producers());
    }

    /** Indexes are caches: one that cannot be written is built anew when it is asked for. */
    private static void writeIndex(Segment segment, int upTo) {
        try {
            segment.writeIndex(upTo);
        } catch (IOException e) {
            LOG.warn("the index of {} could not be written", segment.logPath(), e);
        }
    }

    /** Deletes a topic's files; its partitions refuse everything already. */
    void delete(Topic topic) {
        entries = new HashMap<>(entries);
        for (PartitionLog partition : topic.partitions()) {
            partitions.remove(partition.id());
            entries.remove(partition.id());
            for (Segment segment : partition.segments()) {
                try {
                    segment.delete();
                } catch (IOException e) {
                    LOG.warn("{} could not be deleted yet", segment.logPath(), e);
                }
            }
        }
        try {
            Recovery.deleteTree(disk, Layout.topicDirectory(topic.id()));
        } catch (IOException e) {
            LOG.warn("{} could not be deleted yet", Layout.topicDirectory(topic.id()), e);
        }
    }

    /** Makes all partitions refuse everything from now on; gives those in which something may be under way. */
    List<PartitionLog> refuse(LevadaException reason) {
        partitions.values().forEach(partition -> partition.closeBecause(reason));
        return List.copyOf(partitions.values());
    }

    private void writeLastCheckpoint() throws IOException {
        for (PartitionLog log : List.copyOf(failing)) {
            rebuildNow(log);
        }
        try {
            withReserve(this::writeCheckpoint);
        } catch (IOException e) {
            if (failing.isEmpty()) {
                throw e;
            }
            for (PartitionLog log : List.copyOf(failing)) {
                rebuildNow(log);
            }
            withReserve(this::writeCheckpoint);
        }
    }

    /** Leaves everything in forced segments, so that the next start has nothing to replay; closes the files. */
    void close() throws IOException {
        housekeeping.close();
        compactor.close();
        scheduler.await(call(compactor.loop(), () -> null)); // it may be in the middle of a step
        try {
            writeLastCheckpoint();
            for (PartitionLog partition : partitions.values()) {
                Segment last = partition.durablePoint().segment();
                if (last != null && last.isWritten()) {
                    writeIndex(last, partition.durablePoint().position());
                }
            }
        } finally {
            closed = true;
            reserve.close();
            for (PartitionLog partition : partitions.values()) {
                for (Segment segment : partition.segments()) {
                    segment.close();
                }
            }
            scheduler.await(call(journal.loop(), () -> {
                journal.close();
                return null;
            }));
        }
    }
}
