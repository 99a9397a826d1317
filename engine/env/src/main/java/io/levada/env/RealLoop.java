package io.levada.env;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that runs tasks from a lock-free queue and parks when there is none. Whoever queues a task wakes the thread
 * only if it may be parked, so that a busy loop costs its callers no system call.
 */
final class RealLoop implements Loop, Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(RealLoop.class);

    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Delayed> timers = new PriorityQueue<>();
    private final Thread thread;
    private volatile boolean parked;
    private volatile boolean stopping;
    private volatile boolean ended;
    private long timerCount;

    RealLoop(String name) {
        thread = new Thread(this, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void execute(Runnable task) {
        if (ended) {
            throw new RejectedExecutionException(thread.getName() + " has ended");
        }
        tasks.add(task);
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        Delayed delayed = new Delayed(System.nanoTime() + delay.toNanos(), task);
        if (inLoop()) {
            add(delayed);
        } else {
            execute(() -> add(delayed));
        }
        return delayed;
    }

    private void add(Delayed delayed) {
        delayed.sequence = timerCount++;
        timers.add(delayed);
    }

    @Override
    public boolean inLoop() {
        return Thread.currentThread() == thread;
    }

    @Override
    public void run() {
        while (true) {
            boolean worked = runDueTimer();
            Runnable task = tasks.poll();
            if (task != null) {
                runSafely(task);
            } else if (!worked) {
                if (stopping) {
                    break;
                }
                park();
            }
        }
        ended = true;
        for (Runnable late = tasks.poll(); late != null; late = tasks.poll()) {
            runSafely(late);
        }
    }

    private boolean runDueTimer() {
        Delayed next = timers.peek();
        if (next == null || (!next.cancelled && next.atNanos - System.nanoTime() > 0)) {
            return false;
        }
        timers.poll();
        if (!next.cancelled && !stopping) {
            runSafely(next.task);
        }
        return true;
    }

    private void park() {
        parked = true;
        Delayed next = timers.peek();
        if (tasks.isEmpty() && !stopping) {
            if (next == null) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, Math.max(1, next.atNanos - System.nanoTime()));
            }
        }
        parked = false;
        if (Thread.interrupted()) {
            LOG.debug("{} was interrupted, which loops ignore", thread.getName());
        }
    }

    private static void runSafely(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) { // a loop outlives its tasks, whatever they throw
            LOG.error("a task failed on {}", Thread.currentThread().getName(), e);
        }
    }

    void stop() {
        stopping = true;
        LockSupport.unpark(thread);
    }

    void awaitEnd() {
        boolean interrupted = false;
        while (thread.isAlive() && !inLoop()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Delayed implements Timer, Comparable<Delayed> {
        private final long atNanos;
        private final Runnable task;
        private long sequence;
        private volatile boolean cancelled;

        Delayed(long atNanos, Runnable task) {
            this.atNanos = atNanos;
            this.task = task;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        @Override
        public int compareTo(Delayed other) {
            long byTime = atNanos - other.atNanos;
            return byTime != 0 ? Long.signum(byTime) : Long.compare(sequence, other.sequence);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }
}
