package io.levada.rest;

import java.time.Duration;
import java.util.Comparator;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/** Tasks to come, over one timer for the first of them. For the worker that runs them. */
final class Deadlines {
    private final Scheduler.Worker worker;
    private final LongSupplier nanos;
    private final TreeSet<Deadline> deadlines =
            new TreeSet<>(Comparator.<Deadline>comparingLong(due -> due.atNanos).thenComparingLong(due -> due.number));
    private final long originNanos;
    private long count;
    private @Nullable Disposable timer;
    private long timerAtNanos;

    /** A task to come. */
    static final class Deadline {
        private final long atNanos;
        private final long number;
        private final Runnable task;

        private Deadline(long atNanos, long number, Runnable task) {
            this.atNanos = atNanos;
            this.number = number;
            this.task = task;
        }
    }

    Deadlines(Scheduler.Worker worker, LongSupplier nanos) {
        this.worker = worker;
        this.nanos = nanos;
        this.originNanos = nanos.getAsLong();
    }

    /** Nanoseconds since these began. */
    long nowNanos() {
        return nanos.getAsLong() - originNanos;
    }

    Deadline in(Duration delay, Runnable task) {
        Deadline added = new Deadline(nowNanos() + delay.toNanos(), count++, task);
        deadlines.add(added);
        arm();
        return added;
    }

    /** Does nothing where it has passed. */
    void cancel(@Nullable Deadline deadline) {
        if (deadline != null) {
            deadlines.remove(deadline);
        }
    }

    void cancelAll() {
        deadlines.clear();
        if (timer != null) {
            timer.dispose();
            timer = null;
        }
    }

    /** A timer that comes too early, since its deadline was cancelled, is set anew when it comes. */
    private void arm() {
        if (deadlines.isEmpty() || (timer != null && timerAtNanos <= deadlines.first().atNanos)) {
            return;
        }
        if (timer != null) {
            timer.dispose();
        }
        timerAtNanos = deadlines.first().atNanos;
        timer = worker.schedule(this::run, Math.max(1, timerAtNanos - nowNanos()), TimeUnit.NANOSECONDS);
    }

    private void run() {
        timer = null;
        long now = nowNanos();
        while (!deadlines.isEmpty() && deadlines.first().atNanos <= now) {
            Deadline due = deadlines.pollFirst();
            if (due != null) {
                due.task.run();
            }
        }
        arm();
    }
}
