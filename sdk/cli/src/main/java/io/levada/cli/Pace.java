package io.levada.cli;

import java.util.function.LongSupplier;

/**
 * How much may be asked for now: a window that is kept full, or a number of records a second, and never more than a
 * total. Time in which nothing came is not made up for. Not thread-safe.
 */
final class Pace {
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long WINDOW_RECORDS = 1_024;
    private static final int BURSTS_PER_SECOND = 10;

    private final long window;
    private final double intervalNanos;
    private final long burstNanos;
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
        window = perSecond > 0 ? (long) Math.ceil(perSecond / BURSTS_PER_SECOND) : WINDOW_RECORDS;
        burstNanos = (long) Math.max(intervalNanos, (double) NANOS_PER_SECOND / BURSTS_PER_SECOND);
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
            room = Math.min(room, due());
        }
        long more = Math.max(0, Math.min(room, total - requested));
        requested += more;
        dueNanos += more * intervalNanos;
        return more;
    }

    /** Records that the rate allows now: the first at once, and a tenth of a second's worth after a pause. */
    private long due() {
        long now = elapsedNanos();
        dueNanos = Math.max(dueNanos, (double) now - burstNanos);
        return now < dueNanos ? 0 : 1 + (long) ((now - dueNanos) / intervalNanos);
    }

    /** How long to wait for a record before asking again, at most {@code idle}. */
    long waitNanos(long idle) {
        return intervalNanos == 0 ? idle : Math.max(1, Math.min(idle, Math.round(dueNanos) - elapsedNanos()));
    }

    private long elapsedNanos() {
        return nanoTime.getAsLong() - startedNanos;
    }
}
