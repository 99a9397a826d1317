package io.levada.testkit;

import io.levada.env.Clock;
import io.levada.env.Loop;
import io.levada.env.RealScheduler;
import io.levada.env.Scheduler;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Real threads in virtual time: tasks run at once, each loop's on a thread of its own, so that tests may block; timers run
 * when {@link #advance} gets to them. Safe for any thread.
 */
final class VirtualTime implements Scheduler, Clock {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** How long callbacks are waited for, in real time: one that blocks on what the test has yet to do is left alone. */
    private static final long CALLBACK_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final RealScheduler threads = new RealScheduler("levada-test");
    private final PriorityQueue<Delayed> timers =
            new PriorityQueue<>(Comparator.comparingLong(Delayed::atNanos).thenComparingLong(Delayed::number));
    private final long wallAtStartMs = System.currentTimeMillis();
    private volatile long nanos;

    // These and the timers are guarded by this.
    private long timersSet;
    private int tasks;
    private int callbacks;

    @Override
    public long wallMs() {
        return wallAtStartMs + nanos / 1_000_000;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public Loop newLoop(String name) {
        return new CountedLoop(threads.newLoop(name));
    }

    @Override
    public <T> T await(CompletionStage<T> stage) {
        return threads.await(stage);
    }

    @Override
    public void close() {
        synchronized (this) {
            timers.clear();
        }
        threads.close();
    }

    /** What runs users' callbacks, on threads of another: {@link #advance} waits for them, within limits. */
    Executor callbacks(Executor on) {
        return task -> {
            count(0, 1);
            boolean taken = false;
            try {
                on.execute(() -> {
                    try {
                        task.run();
                    } finally {
                        count(0, -1);
                    }
                });
                taken = true;
            } finally {
                if (!taken) {
                    count(0, -1);
                }
            }
        };
    }

    /** Lets time pass: what falls due runs, in its order, each with what follows from it before the next. */
    synchronized void advance(Duration by) {
        if (by.isNegative()) {
            throw new IllegalArgumentException("time does not go back: " + by);
        }
        long until = nanos + by.toNanos();
        long callbackDeadline = System.nanoTime() + CALLBACK_PATIENCE_NANOS;
        settle(callbackDeadline);
        for (Delayed next = due(until); next != null; next = due(until)) {
            nanos = Math.max(nanos, next.atNanos);
            next.loop.execute(next);
            settle(callbackDeadline);
        }
        nanos = until;
    }

    private @Nullable Delayed due(long until) {
        Delayed next = timers.peek();
        return next == null || next.atNanos > until ? null : timers.poll();
    }

    /** Waits until nothing is left to do now. */
    private void settle(long callbackDeadline) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (tasks > 0 || callbacks > 0) {
            long leftNanos = (tasks > 0 ? deadline : callbackDeadline) - System.nanoTime();
            if (leftNanos <= 0 && tasks > 0) {
                throw new AssertionError(
                        "the engine was not done after ten seconds; does a fault or a filter block it?");
            } else if (leftNanos <= 0) {
                return;
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, leftNanos);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while time passed", e);
            }
        }
    }

    private synchronized void count(int moreTasks, int moreCallbacks) {
        tasks += moreTasks;
        callbacks += moreCallbacks;
        if (tasks == 0) {
            notifyAll();
        }
    }

    private synchronized Delayed add(CountedLoop loop, Duration delay, Runnable task) {
        Delayed timer = new Delayed(nanos + Math.max(0, delay.toNanos()), timersSet++, loop, task);
        timers.add(timer);
        return timer;
    }

    private final class CountedLoop implements Loop {
        private final Loop thread;

        private CountedLoop(Loop thread) {
            this.thread = thread;
        }

        @Override
        public void execute(Runnable task) {
            count(1, 0);
            boolean taken = false;
            try {
                thread.execute(() -> {
                    try {
                        task.run();
                    } finally {
                        count(-1, 0);
                    }
                });
                taken = true;
            } finally {
                if (!taken) {
                    count(-1, 0);
                }
            }
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            return add(this, delay, task);
        }

        @Override
        public boolean inLoop() {
            return thread.inLoop();
        }
    }

    private static final class Delayed implements Loop.Timer, Runnable {
        private final long atNanos;
        private final long number;
        private final CountedLoop loop;
        private final Runnable task;
        private volatile boolean cancelled;

        private Delayed(long atNanos, long number, CountedLoop loop, Runnable task) {
            this.atNanos = atNanos;
            this.number = number;
            this.loop = loop;
            this.task = task;
        }

        private long atNanos() {
            return atNanos;
        }

        private long number() {
            return number;
        }

        @Override
        public void run() {
            if (!cancelled) {
                task.run();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }
}
