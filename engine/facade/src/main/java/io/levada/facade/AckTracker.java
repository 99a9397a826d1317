package io.levada.facade;

import org.jspecify.annotations.Nullable;

/**
 * What of a partition was delivered to a user and not acknowledged yet, and so what may be committed. Offsets are
 * delivered ascending, holes allowed, and acknowledged in any order. Memory grows only with what is unacknowledged: a
 * doubly linked list in order of offsets, whose links the deliveries hold, so that nothing is ever searched.
 *
 * <p>Safe for any thread.
 */
final class AckTracker {
    /** Its neighbours are the first and the last; its offset is not used. */
    private final Unacked ends = new Unacked(-1);

    private long next;
    private boolean stopped;

    /** A delivery that is not acknowledged yet; to be given to {@link #acked}. */
    static final class Unacked {
        private final long offset;
        private @Nullable Unacked before;
        private @Nullable Unacked after;

        private Unacked(long offset) {
            this.offset = offset;
        }
    }

    /** What an acknowledgement changed. */
    enum Outcome {
        /** Nothing: it was acknowledged before. */
        REPEATED,
        ACKED,
        /** It was the last one missing, and no more are delivered. */
        DRAINED
    }

    /**
     * @param start the next offset to be read, as committed
     */
    AckTracker(long start) {
        next = start;
        ends.before = ends;
        ends.after = ends;
    }

    /**
     * Takes note of a record about to be given to the user; null once stopped, when it must not be given. Offsets that do
     * not ascend fail with {@link IllegalArgumentException}.
     */
    synchronized @Nullable Unacked delivered(long offset) {
        if (stopped) {
            return null;
        }
        if (offset < next) {
            throw new IllegalArgumentException("offset " + offset + " delivered where " + next + " is next");
        }
        next = offset + 1;
        Unacked delivery = new Unacked(offset);
        Unacked last = ends.before;
        delivery.before = last;
        delivery.after = ends;
        if (last != null) {
            last.after = delivery;
        }
        ends.before = delivery;
        return delivery;
    }

    /** Takes note that what lies before an offset is gone: whoever comes after goes on there. */
    synchronized void skippedTo(long offset) {
        next = Math.max(next, offset);
    }

    /** Takes note that nothing before an offset is still to be delivered, unless no more is. */
    synchronized void passed(long offset) {
        if (!stopped) {
            next = Math.max(next, offset);
        }
    }

    synchronized Outcome acked(Unacked delivery) {
        Unacked before = delivery.before;
        Unacked after = delivery.after;
        if (before == null || after == null) {
            return Outcome.REPEATED;
        }
        before.after = after;
        after.before = before;
        delivery.before = null;
        delivery.after = null;
        return stopped && ends.after == ends ? Outcome.DRAINED : Outcome.ACKED;
    }

    /** The next offset to be read by whoever comes after: the first delivered and not acknowledged, or what is next. */
    synchronized long position() {
        Unacked first = ends.after;
        return first == null || first == ends ? next : first.offset;
    }

    /** Whether everything delivered is acknowledged. */
    synchronized boolean isDrained() {
        return ends.after == ends;
    }

    /** Lets no more be delivered; acknowledgements still count. */
    synchronized void stop() {
        stopped = true;
    }

    synchronized boolean isStopped() {
        return stopped;
    }
}
