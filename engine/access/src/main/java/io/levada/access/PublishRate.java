package io.levada.access;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import reactor.core.scheduler.Scheduler;

/**
 * How fast one principal publishes, over all its connections: a bucket that fills by its quota, holds what comes in a
 * second, and is overdrawn by one piece at most. Writers that wait are served in turn, by one timer for all of them. Safe for
 * any thread; it is the lock of its writers' accounts as well.
 */
final class PublishRate {
    private static final double NANOS = 1e9;
    /** Pieces of a quarter of a second, but not so small that each batch would wait for several. */
    private static final int PIECES_PER_SECOND = 4;

    private static final long LEAST_PIECE_BYTES = 16 << 10;

    private final LongSupplier nanos;
    private final Scheduler timers;
    private final Set<RatedWriter> waiting = new LinkedHashSet<>();
    private long perSecond;
    private double available;
    private long filledNanos;
    private boolean timed;

    PublishRate(long perSecond, LongSupplier nanos, Scheduler timers) {
        this.perSecond = perSecond;
        this.nanos = nanos;
        this.timers = timers;
        this.available = perSecond;
        this.filledNanos = nanos.getAsLong();
    }

    /** From now on. */
    synchronized void perSecond(long bytes) {
        fill();
        perSecond = bytes;
    }

    /** Has a writer wait for its turn, unless it does. */
    synchronized void enqueue(RatedWriter writer) {
        waiting.add(writer);
    }

    /** A writer is over; what it was granted and did not use is there for others. */
    synchronized void leave(RatedWriter writer, long unusedBytes) {
        waiting.remove(writer);
        available += unusedBytes;
    }

    /** Grants what there is to those who wait, a piece each in turn; for what there is not yet, a timer does. */
    void serve() {
        List<RatedWriter> served = new ArrayList<>();
        synchronized (this) {
            fill();
            long piece = Math.max(LEAST_PIECE_BYTES, perSecond / PIECES_PER_SECOND);
            while (available > 0 && !waiting.isEmpty()) {
                Iterator<RatedWriter> first = waiting.iterator();
                RatedWriter next = first.next();
                first.remove();
                available -= next.take(piece);
                if (next.waits()) {
                    waiting.add(next);
                }
                served.add(next);
            }
            if (!waiting.isEmpty() && !timed) {
                timed = true;
                timers.schedule(this::due, waitNanos(), TimeUnit.NANOSECONDS);
            }
        }
        served.forEach(RatedWriter::tell);
    }

    private void due() {
        synchronized (this) {
            timed = false;
        }
        serve();
    }

    private long waitNanos() {
        return (long) Math.ceil((1 - available) / perSecond * NANOS);
    }

    /** Whether it is as if nobody had ever published. */
    synchronized boolean isFull() {
        fill();
        return waiting.isEmpty() && available >= perSecond;
    }

    private void fill() {
        long now = nanos.getAsLong();
        available = Math.min((double) perSecond, available + (now - filledNanos) / NANOS * perSecond);
        filledNanos = now;
    }
}
