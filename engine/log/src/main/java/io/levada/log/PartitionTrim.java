package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.log.Retention.Aged;
import java.util.ArrayList;
import java.util.List;

/**
 * Moves the start of a partition on, on the partition's loop. Readers see the new start at once; the files of segments
 * that are dropped may go only after a checkpoint has said so. Stateless.
 */
final class PartitionTrim {
    private PartitionTrim() {}

    /**
     * What was changed.
     *
     * @param closed whether a segment was closed, which a checkpoint should note
     * @param moved whether the start moved, which a checkpoint has to say
     * @param dropped segments that hold nothing any more
     */
    record Trimmed(boolean closed, boolean moved, List<Segment> dropped) {}

    /** Closes and drops what is old enough, or too much; nothing while a segment is waiting to be written anew. */
    static Trimmed byRetention(PartitionLog log, long nowMs) {
        if (isFailing(log)) {
            return new Trimmed(false, false, List.of());
        }
        TopicSettings settings = log.settings();
        Segment active = log.writer().active();
        boolean closed = active != null
                && active.bytes() > 0
                && Retention.isToBeClosed(aged(active), settings, nowMs)
                && log.writer().closeActive(nowMs);
        long durable = log.durable();
        List<Aged> ages = new ArrayList<>();
        for (Segment segment : log.segments()) {
            if (segment.nextOffset() > durable || segment == log.writer().active()) {
                break;
            }
            ages.add(aged(segment));
        }
        List<Aged> all = new ArrayList<>(ages);
        all.add(new Aged(nowMs, Checkpoint.Extent.OPEN, durableBytesBehind(log, ages.size())));
        int expired = Retention.expired(all, settings, nowMs);
        List<Segment> dropped = drop(log, expired);
        return new Trimmed(closed, !dropped.isEmpty(), dropped);
    }

    /** What is not durable yet may still be gone after a crash, and lets nothing go. */
    private static long durableBytesBehind(PartitionLog log, int segments) {
        DurablePoint durable = log.durablePoint();
        long bytes = 0;
        for (Segment segment : log.segments().subList(segments, log.segments().size())) {
            if (segment == durable.segment()) {
                bytes += durable.position();
            } else if (segment.baseOffset() < durable.offset()) {
                bytes += segment.bytes();
            }
        }
        return bytes;
    }

    private static boolean isFailing(PartitionLog log) {
        return log.segments().stream().anyMatch(Segment::isPoisoned);
    }

    private static Aged aged(Segment segment) {
        return new Aged(segment.openedMs(), segment.closedMs(), segment.bytes());
    }

    /** Drops what lies before an offset; fails with OFFSET_OUT_OF_RANGE above what is durable. */
    static Trimmed before(PartitionLog log, long offset, long nowMs) {
        long durable = log.durable();
        if (offset < 0 || offset > durable) {
            throw new LevadaException(
                    ErrorCode.OFFSET_OUT_OF_RANGE,
                    "records before offset " + offset + " cannot be deleted: the durable end is " + durable);
        }
        boolean moved = offset > log.start();
        if (moved) {
            log.setStart(offset);
        }
        if (isFailing(log)) {
            return new Trimmed(false, moved, List.of());
        }
        boolean closed = offset == log.end() && log.writer().closeActive(nowMs);
        int below = 0;
        for (Segment segment : log.segments()) {
            if (segment.nextOffset() > log.start() || segment == log.writer().active()) {
                break;
            }
            below++;
        }
        return new Trimmed(closed, moved, drop(log, below));
    }

    private static List<Segment> drop(PartitionLog log, int count) {
        List<Segment> all = log.segments();
        List<Segment> dropped = List.copyOf(all.subList(0, count));
        if (count > 0) {
            DurablePoint durable = log.durablePoint();
            long next = count < all.size() ? all.get(count).baseOffset() : durable.offset();
            log.setStart(Math.max(log.start(), Math.min(next, durable.offset()))); // before they go: readers look again
            log.setSegments(all.subList(count, all.size()));
            if (dropped.contains(durable.segment())) {
                log.setDurable(new DurablePoint(durable.offset(), null, 0));
            }
        }
        return dropped;
    }
}
