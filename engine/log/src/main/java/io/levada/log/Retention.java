package io.levada.log;

import java.time.Duration;
import java.util.Collection;
import java.util.List;

/**
 * What retention decides, from log time alone: no timestamp of a record and no wall clock plays a part. A record is as old
 * as its segment is closed, so nothing goes too early; and a segment is closed soon enough for what has expired to be
 * gone within an eighth of the retention: a sixteenth until it is closed, a thirty-second until that is noticed, and
 * another until its age is. Pure.
 */
final class Retention {
    private static final int ROLLS_IN_RETENTION = 16;
    private static final int TICKS_IN_RETENTION = 32;
    private static final long MOST_TICK_MS = 60_000;

    private Retention() {}

    /**
     * A segment, as far as its going is concerned.
     *
     * @param openedMs log time before which nothing in it was appended
     * @param closedMs log time after which nothing was; {@link Checkpoint.Extent#OPEN} while it may be
     */
    record Aged(long openedMs, long closedMs, long bytes) {
        boolean isClosed() {
            return closedMs != Checkpoint.Extent.OPEN;
        }
    }

    /** Whether it is time to close the segment that is being written. */
    static boolean isToBeClosed(Aged active, TopicSettings settings, long nowMs) {
        long age = nowMs - active.openedMs();
        boolean forRetention = settings.delete()
                && settings.retentionMs() != TopicSettings.FOREVER
                && age >= settings.retentionMs() / ROLLS_IN_RETENTION;
        boolean forCompaction = settings.compact() && age >= settings.maxCompactionLagMs() / ROLLS_IN_RETENTION;
        return forRetention || forCompaction;
    }

    /** How many of the segments go, the oldest first; never one that is not closed. */
    static int expired(List<Aged> segments, TopicSettings settings, long nowMs) {
        if (!settings.delete()) {
            return 0;
        }
        long bytes = segments.stream().mapToLong(Aged::bytes).sum();
        int expired = 0;
        for (Aged segment : segments) {
            bytes -= segment.bytes();
            boolean tooOld = settings.retentionMs() != TopicSettings.FOREVER
                    && nowMs - segment.closedMs() > settings.retentionMs();
            boolean tooMuch = settings.retentionBytes() != TopicSettings.FOREVER && bytes >= settings.retentionBytes();
            if (!segment.isClosed() || !(tooOld || tooMuch)) {
                break;
            }
            expired++;
        }
        return expired;
    }

    /** How often to look. */
    static Duration tick(Collection<TopicSettings> topics) {
        long tickMs = MOST_TICK_MS;
        for (TopicSettings settings : topics) {
            if (settings.delete() && settings.retentionMs() != TopicSettings.FOREVER) {
                tickMs = Math.min(tickMs, settings.retentionMs() / TICKS_IN_RETENTION);
            }
            if (settings.compact()) {
                tickMs = Math.min(tickMs, settings.maxCompactionLagMs() / TICKS_IN_RETENTION);
            }
        }
        return Duration.ofMillis(Math.max(1, tickMs));
    }
}
