package io.levada.log;

import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.Loop;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.log.Compaction.Cleaned;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compacts partitions, one at a time, on a loop of its own and not faster than a disk can bear beside its work. What it
 * has written comes into use on the loop of maintenance: the partition takes the new segments, whose files still stand
 * beside the old ones; a checkpoint says so; the files are put into the old ones' places; another checkpoint says that.
 * A crash in between leaves either the old files, or new ones that recovery puts where they belong.
 */
final class Compactor {
    private static final Logger LOG = LoggerFactory.getLogger(Compactor.class);

    /** 16 MiB for all partitions together; with more keys it takes more passes. */
    private static final int MOST_SLOTS = (16 << 20) / 24;

    private static final int LEAST_SLOTS = 1 << 10;
    private static final int BYTES_PER_SLOT = 16;
    private static final long BYTES_PER_MS = 64 << 10;

    private final Disk disk;
    private final Loop loop;
    private final Maintenance maintenance;
    private final Loop maintenanceLoop;

    /** Where the next pass over a partition begins, when one was not enough. */
    private final Map<PartitionLog, Long> resumeAt = new HashMap<>();

    private boolean busy;
    private volatile boolean closed;

    Compactor(Disk disk, Loop loop, Maintenance maintenance, Loop maintenanceLoop) {
        this.disk = disk;
        this.loop = loop;
        this.maintenance = maintenance;
        this.maintenanceLoop = maintenanceLoop;
    }

    Loop loop() {
        return loop;
    }

    /** Begins with the first partition that needs it; on the loop of maintenance. Gives whether a checkpoint would help. */
    boolean look(List<PartitionLog> partitions, long nowMs) throws IOException {
        resumeAt.keySet().retainAll(partitions);
        boolean helped = false;
        for (PartitionLog log : partitions) {
            if (busy || closed || !log.settings().compact()) {
                continue;
            }
            List<Segment> segments = log.segments();
            if (segments.stream().anyMatch(Segment::isSwapping)) {
                finishSwaps(log);
            } else if (maintenance.isSwapping(log.id())) {
                helped = true;
            } else {
                List<Segment> candidates = candidates(log, segments);
                helped |= candidates.size() + 1 < segments.size();
                if (isDue(candidates, log.settings(), nowMs)) {
                    begin(log, candidates, nowMs);
                }
            }
        }
        return helped;
    }

    /** The segments that are closed, at rest, and lie before the one with the last durable batch. */
    private static List<Segment> candidates(PartitionLog log, List<Segment> segments) {
        List<Segment> candidates = new ArrayList<>();
        DurablePoint durable = log.durablePoint();
        for (Segment segment : segments) {
            boolean resting = segment.closedMs() != Extent.OPEN
                    && !segment.isWritten()
                    && !segment.isUnforced()
                    && !segment.isPoisoned()
                    && segment != durable.segment()
                    && segment.nextOffset() <= durable.offset();
            if (!resting) {
                break;
            }
            candidates.add(segment);
        }
        return candidates;
    }

    private static boolean isDue(List<Segment> candidates, TopicSettings settings, long nowMs) {
        long dirty = 0;
        long all = 0;
        long since = nowMs;
        for (Segment segment : candidates) {
            all += segment.bytes();
            if (segment.cleanedMs() == Extent.OPEN) {
                dirty += segment.bytes();
                since = Math.min(since, segment.openedMs());
            }
        }
        return dirty > 0
                && (dirty >= settings.minCleanableDirtyRatio() * all || nowMs - since >= settings.maxCompactionLagMs());
    }

    private void begin(PartitionLog log, List<Segment> candidates, long nowMs) {
        long from = log.start();
        for (Segment segment : candidates) {
            if (segment.cleanedMs() == Extent.OPEN) {
                from = Math.max(from, segment.baseOffset());
                break;
            }
        }
        from = Math.max(from, resumeAt.getOrDefault(log, 0L));
        Compaction.Rules rules = new Compaction.Rules(
                from, nowMs, log.settings().deleteRetentionMs(), maintenance.lastOffsetsOfProducers(log.id()));
        long bytes = candidates.stream().mapToLong(Segment::bytes).sum();
        int slots = (int) Math.min(MOST_SLOTS, Math.max(LEAST_SLOTS, bytes / BYTES_PER_SLOT));
        busy = true;
        loop.execute(() -> {
            OffsetMap latest = new OffsetMap(slots);
            work(log, new Compaction(disk, log.allocator(), candidates, rules, latest, () -> closed));
        });
    }

    private void work(PartitionLog log, Compaction compaction) {
        if (closed) {
            return;
        }
        try {
            int bytes = compaction.step();
            if (bytes >= 0) {
                loop.schedule(Duration.ofMillis(bytes / BYTES_PER_MS), () -> work(log, compaction));
                return;
            }
            maintenanceLoop.execute(() -> finish(log, compaction));
        } catch (IOException | LevadaException e) {
            if (!closed) {
                LOG.warn("{} is not compacted", log.id(), e);
            }
            maintenanceLoop.execute(() -> busy = false);
        }
    }

    private void finish(PartitionLog log, Compaction compaction) {
        busy = false;
        if (closed || !maintenance.isOpen(log)) {
            resumeAt.remove(log);
            return; // what was written is deleted by the next start
        }
        try {
            install(log, compaction.cleaned());
            resumeAt.put(log, compaction.coveredTo());
            maintenance.checkpointNow();
            finishSwaps(log);
        } catch (IOException | LevadaException e) {
            LOG.warn("{}: compacted segments are not in their places yet", log.id(), e);
        }
    }

    /** Has the partition take the new segments, as far as the old ones are still its own. */
    private void install(PartitionLog log, List<Cleaned> cleaned) throws IOException {
        Map<Segment, @Nullable Segment> wanted = new HashMap<>();
        Set<Segment> known = new HashSet<>(log.segments());
        for (Cleaned each : cleaned) {
            Extent now = each.now();
            if (!known.contains(each.before())) { // dropped meanwhile
                disk.delete(each.before().logPath() + Layout.CLEANED_SUFFIX);
                continue;
            }
            if (now != null && now.swapping()) {
                each.before().deleteIndex();
            }
            wanted.put(each.before(), now == null ? null : log.existingSegment(now));
        }
        PartitionId id = log.id();
        disk.forceDirectory(Layout.partitionDirectory(id.topicId(), id.partition()));
        List<Segment> emptied = maintenance.onLoopOf(log, () -> log.writer().exchange(wanted));
        maintenance.doom(emptied);
        for (Segment before : wanted.keySet()) {
            before.close();
        }
    }

    /** A checkpoint speaks of the new files already, or does so first; then they are put where they belong. */
    private void finishSwaps(PartitionLog log) throws IOException {
        List<Segment> swapping =
                log.segments().stream().filter(Segment::isSwapping).toList();
        if (swapping.isEmpty()) {
            return;
        }
        if (!maintenance.isSwapping(log.id())) {
            maintenance.checkpointNow();
        }
        for (Segment segment : swapping) {
            segment.putInPlace();
        }
        PartitionId id = log.id();
        disk.forceDirectory(Layout.partitionDirectory(id.topicId(), id.partition()));
        swapping.forEach(Segment::inPlace);
        maintenance.checkpointNow();
    }

    void close() {
        closed = true;
    }
}
