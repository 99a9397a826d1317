package io.levada.env;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loops that take turns: each has a thread, but only one runs at a time, and who goes on next is drawn at every step (the
 * end of a task, a wait, an operation of a {@link SimDisk}). So one seed gives one interleaving, in virtual time, which
 * moves on only when nobody can.
 *
 * <p>One thread from outside, the driver (the test), takes part: it runs until it waits ({@link #await}, {@link
 * #advance}, {@link #runUntilIdle}), and then the loops run. No other thread may use the loops.
 */
public final class SimScheduler implements Scheduler {
    private static final Logger LOG = LoggerFactory.getLogger(SimScheduler.class);

    private final SimRandomness random;
    private final SimClock clock;
    private final Turn driver = new Turn("driver");
    private final List<SimLoop> loops = new ArrayList<>();
    private final PriorityQueue<SimTimer> timers = new PriorityQueue<>(
            Comparator.<SimTimer>comparingLong(timer -> timer.atNanos).thenComparingLong(timer -> timer.sequence));
    private final ThreadLocal<Turn> mine = ThreadLocal.withInitial(() -> driver);
    private long timerCount;
    private boolean driverWaitsForIdle;
    private boolean crashed;
    private boolean closing;
    private boolean stuck;

    public SimScheduler(SimRandomness random) {
        this(random, new SimClock());
    }

    /** A scheduler whose time is a clock's, which no other scheduler moves on; see {@link SimClock#afterStop}. */
    public SimScheduler(SimRandomness random, SimClock clock) {
        this.random = random;
        this.clock = clock;
    }

    public SimClock clock() {
        return clock;
    }

    /** Whoever can run, and until when it waits. */
    private static final class Turn {
        private final String name;
        private final Semaphore baton = new Semaphore(0);
        private BooleanSupplier ready = () -> false;
        private long wakeAtNanos = Long.MAX_VALUE;

        Turn(String name) {
            this.name = name;
        }
    }

    @Override
    public Loop newLoop(String name) {
        SimLoop loop = new SimLoop(name);
        loops.add(loop);
        return loop;
    }

    @Override
    public <T> T await(CompletionStage<T> stage) {
        CompletableFuture<T> future = stage.toCompletableFuture();
        while (!future.isDone()) {
            pass(future::isDone, Long.MAX_VALUE);
        }
        try {
            return future.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof Error error) {
                throw error;
            }
            throw cause instanceof RuntimeException ours ? ours : new CompletionException(cause);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted though done", e);
        }
    }

    /** A place where somebody else may go on instead. */
    public void step() {
        pass(() -> true, Long.MAX_VALUE);
    }

    /** Lets virtual time pass for the caller, while others run. */
    public void pause(Duration time) {
        long until = clock.nanos() + time.toNanos();
        pass(() -> clock.nanos() >= until, until);
    }

    /** From the driver: lets virtual time pass, and whatever falls due in it run. */
    public void advance(Duration time) {
        pause(time);
        runUntilIdle();
    }

    /** From the driver: runs until only time could move anything. */
    public void runUntilIdle() {
        driverWaitsForIdle = true;
        pass(() -> false, Long.MAX_VALUE);
    }

    /** Ends the simulated process: whoever would go on gets a {@link SimCrash} instead. The caller does at once. */
    public SimCrash crash() {
        crashed = true;
        return new SimCrash();
    }

    public boolean isCrashed() {
        return crashed;
    }

    /** Hands the turn on, and returns when it has come back. */
    private void pass(BooleanSupplier ready, long wakeAtNanos) {
        if (crashed) {
            throw new SimCrash();
        }
        Turn me = mine.get();
        me.ready = ready;
        me.wakeAtNanos = wakeAtNanos;
        Turn next = choose();
        if (next != me) {
            next.baton.release();
            me.baton.acquireUninterruptibly();
        }
        me.wakeAtNanos = Long.MAX_VALUE;
        if (me == driver) {
            driverWaitsForIdle = false;
        }
        if (crashed) {
            throw new SimCrash();
        }
        if (stuck && me == driver) {
            stuck = false;
            throw new IllegalStateException("nothing can go on: everybody waits for somebody else, and no time is set");
        }
    }

    private Turn choose() {
        while (true) {
            List<Turn> able = new ArrayList<>();
            if (driver.ready.getAsBoolean()) {
                able.add(driver);
            }
            for (SimLoop loop : loops) {
                if (loop.started && !loop.ended && loop.turn.ready.getAsBoolean()) {
                    able.add(loop.turn);
                }
            }
            if (!able.isEmpty()) {
                return able.size() == 1 ? able.get(0) : able.get(random.nextInt(able.size()));
            }
            if (driverWaitsForIdle) {
                return driver;
            }
            if (!passTime()) {
                stuck = true;
                return driver;
            }
        }
    }

    /** Moves time on to what is due next; false when nothing is. */
    private boolean passTime() {
        long next = driver.wakeAtNanos;
        for (SimLoop loop : loops) {
            if (!loop.ended) {
                next = Math.min(next, loop.turn.wakeAtNanos);
            }
        }
        SimTimer first = timers.peek();
        if (first != null) {
            next = Math.min(next, first.atNanos);
        }
        if (next == Long.MAX_VALUE) {
            return false;
        }
        clock.advanceTo(next);
        for (SimTimer due = timers.peek(); due != null && due.atNanos <= next; due = timers.peek()) {
            timers.remove();
            if (!due.cancelled) {
                due.loop.queue(due.task);
            }
        }
        return true;
    }

    /** From the driver: runs what is queued, or after a crash drops it, and ends the threads. */
    @Override
    public void close() {
        closing = true;
        timers.clear();
        for (SimLoop loop : loops) {
            while (loop.started && !loop.ended) {
                if (crashed) {
                    loop.turn.baton.release();
                    driver.baton.acquireUninterruptibly();
                } else {
                    pass(() -> loop.ended, Long.MAX_VALUE);
                }
            }
        }
    }

    private final class SimLoop implements Loop, Runnable {
        private final Turn turn;
        private final Thread thread;
        private final Deque<Runnable> tasks = new ArrayDeque<>();
        private boolean started;
        private boolean ended;

        SimLoop(String name) {
            turn = new Turn(name);
            turn.ready = () -> !tasks.isEmpty() || closing;
            thread = new Thread(this, "sim-" + name);
            thread.setDaemon(true);
        }

        @Override
        public void execute(Runnable task) {
            if (!crashed) {
                queue(task);
            }
        }

        /** Most loops of a short life have nothing to do, and need no thread. */
        private void queue(Runnable task) {
            tasks.add(task);
            if (!started) {
                started = true;
                thread.start();
            }
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            SimTimer timer = new SimTimer(clock.nanos() + delay.toNanos(), timerCount++, this, task);
            timers.add(timer);
            return timer;
        }

        @Override
        public boolean inLoop() {
            return mine.get() == turn;
        }

        @Override
        public void run() {
            mine.set(turn);
            turn.baton.acquireUninterruptibly();
            try {
                while (!crashed) {
                    Runnable task = tasks.poll();
                    if (task != null) {
                        runSafely(task);
                        step();
                    } else if (closing) {
                        break;
                    } else {
                        pass(() -> !tasks.isEmpty() || closing, Long.MAX_VALUE);
                    }
                }
            } catch (SimCrash e) {
                tasks.clear();
            }
            ended = true;
            (crashed ? driver : choose()).baton.release();
        }

        private void runSafely(Runnable task) {
            try {
                task.run();
            } catch (SimCrash e) {
                throw e;
            } catch (Throwable e) { // a loop outlives its tasks, whatever they throw
                LOG.error("a task failed on {}", turn.name, e);
            }
        }
    }

    private static final class SimTimer implements Loop.Timer {
        private final long atNanos;
        private final long sequence;
        private final SimLoop loop;
        private final Runnable task;
        private boolean cancelled;

        SimTimer(long atNanos, long sequence, SimLoop loop, Runnable task) {
            this.atNanos = atNanos;
            this.sequence = sequence;
            this.loop = loop;
            this.task = task;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }
}
