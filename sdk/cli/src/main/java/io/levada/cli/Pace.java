package io.levada.cli;

import java.util.function.LongSupplier;

/**
 * How much may be asked for now: a window that is kept full, or a number of records a second, and never more than a
 * total. What is late is made up for, by a second's worth at most. Not thread-safe.
 */
final class Pace {
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long WINDOW_RECORDS = 1_024;
    private static final int REQUESTS_PER_SECOND = 20;
    private static final int WINDOWS_PER_SECOND = 5;

    private final long window;
    private final double intervalNanos;
    private final long chunk;
    private final double lateNanos;
    private final long total;
    private final LongSupplier nanoTime;
    private final long startedNanos;
    private double dueNanos;
    private long requested;
    private long taken;

    /**
     * @param perSecond records to ask for in a second, or 0 for as many as fit the window
     * @param total records to ask for in all; {@link Long#MAX_VALUE} for no bound
     */
    Pace(double perSecond, long total, LongSupplier nanoTime) {
        this.total = total;
        this.nanoTime = nanoTime;
        intervalNanos = perSecond > 0 ? NANOS_PER_SECOND / perSecond : 0;
        window = perSecond > 0 ? (long) Math.ceil(perSecond / WINDOWS_PER_SECOND) : WINDOW_RECORDS;
        chunk = Math.max(1, (long) (perSecond / REQUESTS_PER_SECOND));
        lateNanos = Math.max(intervalNanos, NANOS_PER_SECOND);
        startedNanos = nanoTime.getAsLong();
    }

    /** Counts a record that was taken. */
    void taken() {
        taken++;
    }

    boolean done() {
        return taken >= total;
    }

    /** What to ask for now, 0 or more; counts as asked for. A full window is refilled when half of it was taken. */
    long demand() {
        long outstanding = requested - taken;
        long room = window - outstanding;
        if (intervalNanos == 0) {
            room = outstanding > window / 2 ? 0 : room;
        } else {
            long due = due();
            room = due < chunk ? 0 : Math.min(room, due);
        }
        long more = Math.max(0, Math.min(room, total - requested));
        requested += more;
        dueNanos += more * intervalNanos;
        return more;
    }

    /** Records that the rate allows now, the first at once. */
    private long due() {
        long now = elapsedNanos();
        dueNanos = Math.max(dueNanos, now - lateNanos);
        return now < dueNanos ? 0 : 1 + (long) ((now - dueNanos) / intervalNanos);
    }

    /** How long to wait for a record before asking again, at most {@code idle}; that long where only a record makes room. */
    long waitNanos(long idle) {
        boolean full = requested - taken >= window || requested >= total;
        if (intervalNanos == 0 || full) {
            return idle;
        }
        long nextNanos = Math.round(dueNanos + (chunk - 1) * intervalNanos) - elapsedNanos();
        return Math.max(1, Math.min(idle, nextNanos));
    }

    private long elapsedNanos() {
        return nanoTime.getAsLong() - startedNanos;
    }
}
