package io.levada.engine;

import io.levada.env.Clock;
import io.levada.env.Disk;
import io.levada.env.Env;
import io.levada.env.Loop;
import io.levada.env.Randomness;
import io.levada.env.Scheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;

/**
 * Loops that take turns on the caller's thread, in an order drawn from a seed, and a clock that moves only when nothing is
 * left to do. For one thread.
 */
final class VirtualTime implements Scheduler, Clock, Randomness {
    private static final long WALL_AT_START_MS = 1_700_000_000_000L;
    private static final int MAX_TASKS = 10_000_000;

    private final SplittableRandom random;
    private final List<VirtualLoop> loops = new ArrayList<>();
    private final PriorityQueue<Delayed> timers =
            new PriorityQueue<>(Comparator.comparingLong(Delayed::atNanos).thenComparingLong(Delayed::number));
    private long nanos;
    private long timersSet;

    VirtualTime(long seed) {
        random = new SplittableRandom(seed);
    }

    Env env(Disk disk) {
        return new Env(disk, this, this, this);
    }

    @Override
    public Loop newLoop(String name) {
        VirtualLoop loop = new VirtualLoop();
        loops.add(loop);
        return loop;
    }

    /** Runs tasks, and time where there are none, until this many ms have gone by and nothing is left to do then. */
    void advanceMs(long ms) {
        long until = nanos + ms * 1_000_000;
        runUntil(() -> false, until);
    }

    /** Runs what there is to do now. */
    void runAll() {
        advanceMs(0);
    }

    /** Runs until a condition holds, an hour of this time at most. */
    void await(BooleanSupplier condition) {
        runUntil(condition, nanos + Duration.ofHours(1).toNanos());
        if (!condition.getAsBoolean()) {
            throw new AssertionError("an hour went by");
        }
    }

    private void runUntil(BooleanSupplier condition, long untilNanos) {
        for (int i = 0; i < MAX_TASKS && !condition.getAsBoolean(); i++) {
            if (!runOne() && !elapse(untilNanos)) {
                return;
            }
        }
    }

    private boolean runOne() {
        List<VirtualLoop> busy =
                loops.stream().filter(loop -> !loop.tasks.isEmpty()).toList();
        if (busy.isEmpty()) {
            return false;
        }
        busy.get(random.nextInt(busy.size())).runOne();
        return true;
    }

    /** Moves on to the next timer, which is queued on its loop, or to the end of the time; false when at that. */
    private boolean elapse(long untilNanos) {
        Delayed next = timers.peek();
        if (next == null || next.atNanos > untilNanos) {
            nanos = untilNanos;
            return false;
        }
        timers.remove();
        nanos = Math.max(nanos, next.atNanos);
        if (!next.cancelled) {
            next.loop.tasks.add(() -> {
                if (!next.cancelled) {
                    next.task.run();
                }
            });
        }
        return true;
    }

    @Override
    public <T> T await(CompletionStage<T> stage) {
        await(() -> stage.toCompletableFuture().isDone());
        return stage.toCompletableFuture().join();
    }

    @Override
    public void close() {
        timers.clear();
        while (runOne()) {
            // until nothing is left
        }
    }

    /** Forgets everything that was to be done, as a crash does. */
    void crash() {
        timers.clear();
        loops.clear();
    }

    @Override
    public long wallMs() {
        return WALL_AT_START_MS + nanos / 1_000_000;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public long nextLong() {
        return random.nextLong();
    }

    @Override
    public int nextInt(int bound) {
        return random.nextInt(bound);
    }

    private final class VirtualLoop implements Loop {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private boolean running;

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        private void runOne() {
            Runnable task = tasks.remove();
            boolean nested = running;
            running = true;
            try {
                task.run();
            } finally {
                running = nested;
            }
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            timersSet++;
            Delayed timer = new Delayed(nanos + delay.toNanos(), timersSet, this, task);
            timers.add(timer);
            return timer;
        }

        @Override
        public boolean inLoop() {
            return running;
        }
    }

    private static final class Delayed implements Loop.Timer {
        private final long atNanos;
        private final long number;
        private final VirtualLoop loop;
        private final Runnable task;
        private boolean cancelled;

        private Delayed(long atNanos, long number, VirtualLoop loop, Runnable task) {
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
        public void cancel() {
            cancelled = true;
        }
    }
}
