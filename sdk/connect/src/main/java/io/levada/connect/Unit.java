package io.levada.connect;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.connect.runtime.AbstractStatus;
import org.apache.kafka.connect.runtime.TargetState;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connector or a task where its slot is: runs what it is to be, one after the other, and anew after failures, at first after a
 * second and then ever more rarely. Each has threads of its own, so that none waits for another.
 */
abstract class Unit {
    private static final Logger log = LoggerFactory.getLogger(Unit.class);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
    /** What ran for so long has come good. */
    private static final Duration SETTLED = Duration.ofMinutes(10);

    private final String name;
    private final WorkerParts parts;
    private final ScheduledThreadPoolExecutor turn;

    // Used in turn alone.
    private @Nullable Wanted wanted;
    private @Nullable Run run;
    private int failures;
    private long startedNanos;

    /**
     * What a unit is to be.
     *
     * @param version when it is not equal to the one before, it starts anew
     * @param state whether it is to run, to pause or to stop
     * @param generation of the slot, for what is told of it
     */
    record Wanted(Object version, TargetState state, long generation) {}

    /** What runs now. */
    interface Run {
        void transitionTo(TargetState state);

        /** Asks it to stop, without waiting. */
        void stop();

        /** Whether it has stopped, within so many ms. */
        boolean awaitStop(long ms);

        /** Gives up what does not stop. */
        void cancel();
    }

    Unit(String name, WorkerParts parts) {
        this.name = name;
        this.parts = parts;
        this.turn = new ScheduledThreadPoolExecutor(1, task -> daemon("unit-" + name, task));
        turn.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    static Thread daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    final WorkerParts parts() {
        return parts;
    }

    final String name() {
        return name;
    }

    /** Starts it. */
    abstract Run start(Wanted what) throws Exception;

    /**
     * Tells what it is doing, unless another worker has taken it over.
     *
     * @param version its plugin's, where it is known
     * @param why what it failed with
     */
    abstract void tell(AbstractStatus.State state, Wanted what, @Nullable String version, @Nullable Throwable why);

    /** From now on it is to be this. */
    final void want(Wanted what) {
        turn.execute(() -> settle(what));
    }

    private void settle(Wanted what) {
        Wanted before = wanted;
        wanted = what;
        Run current = run;
        if (current != null && before != null && before.version().equals(what.version())) {
            if (before.state() != what.state()) {
                current.transitionTo(what.state());
            }
        } else if (before == null || !before.version().equals(what.version())) {
            stopRun();
            failures = 0;
            startRun();
        }
    }

    private void startRun() {
        Wanted what = wanted;
        if (what == null) {
            return;
        }
        startedNanos = System.nanoTime();
        try {
            run = start(what);
        } catch (Exception | LinkageError e) {
            log.error("{} cannot be started", name, e);
            tell(AbstractStatus.State.FAILED, what, null, e);
            startLater();
        }
    }

    private void stopRun() {
        Run current = run;
        run = null;
        if (current == null) {
            return;
        }
        current.stop();
        long patience = parts.config().getLong(WorkerConfig.TASK_SHUTDOWN_GRACEFUL_TIMEOUT_MS_CONFIG);
        if (!current.awaitStop(patience)) {
            log.warn("{} did not stop within {} ms and is given up; a thread of its plugin may go on", name, patience);
            current.cancel();
        }
    }

    /** To be called when what runs has failed; a run that is no more the present one is not started anew. */
    final void failed(@Nullable Run which) {
        if (!turn.isShutdown()) {
            turn.execute(() -> {
                if (which == null || which == run) {
                    stopRun();
                    startLater();
                }
            });
        }
    }

    private void startLater() {
        if (System.nanoTime() - startedNanos > SETTLED.toNanos()) {
            failures = 0;
        }
        long pause = Math.min(LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(failures, 20));
        failures++;
        Wanted what = wanted;
        log.info("{} is started anew in {} s", name, pause / 1_000.0);
        Future<?> unused = turn.schedule(
                () -> {
                    if (run == null && wanted != null && wanted.equals(what)) {
                        startRun();
                    }
                },
                pause,
                TimeUnit.MILLISECONDS);
    }

    /**
     * Stops it for good.
     *
     * @param deleted whether it is to be told that it is no more
     * @return done when it has stopped or was given up
     */
    final CompletableFuture<Void> end(boolean deleted) {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        turn.execute(() -> {
            try {
                stopRun();
                Wanted last = wanted;
                wanted = null;
                if (deleted && last != null) {
                    tell(AbstractStatus.State.DESTROYED, last, null, null);
                }
            } finally {
                turn.shutdown();
                ended.complete(null);
            }
        });
        return ended;
    }
}
