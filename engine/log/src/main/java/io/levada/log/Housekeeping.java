package io.levada.log;

import io.levada.LevadaException;
import io.levada.env.Loop;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets go of what is old: from time to time, and when told to, on the loop of maintenance. A start that has moved in
 * memory is said by a checkpoint before any file is deleted.
 */
final class Housekeeping {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

    /** After this time a checkpoint is written for the sake of log time alone, which goes on from there after a kill. */
    private static final long MOST_MARK_AGE_MS = Duration.ofDays(1).toMillis();

    private final Loop loop;
    private final LogTime time;
    private final Maintenance maintenance;
    private final List<Segment> doomed = new ArrayList<>();
    private Loop.@Nullable Timer timer;
    private boolean closed;
    private boolean unsaid;
    private long markedMs;

    Housekeeping(Loop loop, LogTime time, Maintenance maintenance) {
        this.loop = loop;
        this.time = time;
        this.maintenance = maintenance;
        this.markedMs = time.nowMs();
    }

    /** Looks at once, and then from time to time. */
    void start() {
        loop.execute(this::tick);
    }

    /** Looks again as often as the settings of now ask for. */
    void reschedule() {
        if (timer != null) {
            timer.cancel();
        }
        if (!closed) {
            timer = loop.schedule(Retention.tick(maintenance.settings()), this::tick);
        }
    }

    private void tick() {
        if (closed) {
            return;
        }
        try {
            retain();
        } catch (IOException | LevadaException e) {
            LOG.warn("what is too old could not be deleted yet", e);
        }
        reschedule();
    }

    private void retain() throws IOException {
        long nowMs = time.nowMs();
        for (PartitionTrim.Trimmed trimmed :
                maintenance.onEachPartition(log -> PartitionTrim.byRetention(log, nowMs))) {
            note(trimmed);
        }
        unsaid |= maintenance.compact(nowMs);
        if (unsaid || nowMs - markedMs >= MOST_MARK_AGE_MS) {
            maintenance.checkpointNow();
        }
    }

    private void note(PartitionTrim.Trimmed trimmed) {
        doomed.addAll(trimmed.dropped());
        unsaid |= trimmed.closed() || trimmed.moved();
    }

    /** Deletes a partition's records before an offset, durably; gives its start. */
    long deleteRecords(PartitionLog log, long beforeOffset) throws IOException {
        long nowMs = time.nowMs();
        note(maintenance.onLoopOf(log, () -> PartitionTrim.before(log, beforeOffset, nowMs)));
        if (unsaid) {
            maintenance.checkpointNow();
        }
        return log.start();
    }

    void doom(List<Segment> segments) {
        doomed.addAll(segments);
        unsaid = true;
    }

    /** A checkpoint says everything that was done here before. */
    void checkpointed() {
        unsaid = false;
        markedMs = time.nowMs();
        for (Segment segment : doomed) {
            try {
                segment.delete();
            } catch (IOException e) {
                LOG.warn("{} could not be deleted; the next start does", segment.logPath(), e);
            }
        }
        doomed.clear();
    }

    void close() {
        closed = true;
        if (timer != null) {
            timer.cancel();
        }
    }
}
