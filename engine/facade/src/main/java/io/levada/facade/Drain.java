package io.levada.facade;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.Exceptions;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * Work that any thread may ask for and that runs serially on a scheduler. Each run is a task of its own, so that an idle
 * stream holds no thread, and one that blocks in a user's callback holds up only itself.
 */
abstract class Drain {
    private static final int IDLE = 0;
    private static final int RUNNING = 1;
    private static final int AGAIN = 2;

    /** After so many rounds the thread is given back to others that wait for it. */
    private static final int ROUNDS = 64;

    private final Scheduler scheduler;
    private final AtomicInteger state = new AtomicInteger(IDLE);
    private volatile @Nullable Thread runner;

    Drain(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** Does what there is to do, or a part of it; says whether there is more to do at once. Never runs twice at a time. */
    abstract boolean drain();

    /** Ends the stream, releasing all: the scheduler refused to run it, or a callback threw. */
    abstract void abandon(Throwable why);

    /**
     * Sees to it that {@link #drain} begins after this call, and sees what was done before it. Any thread.
     *
     * <p>The state is written whatever it is. Who only looked at it, and left when somebody else had asked for a round already,
     * could be ahead of what it had just put into a queue that has no barrier of its own: that round would begin, find the queue
     * empty, and be the last.
     */
    final void signal() {
        if (state.getAndUpdate(now -> now == IDLE ? RUNNING : AGAIN) == IDLE) {
            schedule();
        }
    }

    /** Whether the caller is within {@link #drain}. */
    final boolean inDrain() {
        return runner == Thread.currentThread();
    }

    private void schedule() {
        try {
            scheduler.schedule(this::run);
        } catch (RejectedExecutionException e) {
            // Whoever moved the state holds the right to drain, so this is safe here; nothing is emitted but the end.
            abandonQuietly(new LevadaException(
                    ErrorCode.GOING_AWAY, "the scheduler for callbacks takes no more work; was it disposed?", e));
            while (round() || !state.compareAndSet(RUNNING, IDLE)) {
                state.getAndSet(RUNNING);
            }
        }
    }

    private void run() {
        for (int i = 0; i < ROUNDS; i++) {
            state.getAndSet(RUNNING); // which reads it too, so that what came before a signal is seen
            if (!round() && state.compareAndSet(RUNNING, IDLE)) {
                return;
            }
        }
        schedule();
    }

    private boolean round() {
        runner = Thread.currentThread();
        try {
            return drain();
        } catch (Throwable e) {
            Exceptions.throwIfJvmFatal(e);
            abandonQuietly(e);
            return false;
        } finally {
            runner = null;
        }
    }

    private void abandonQuietly(Throwable why) {
        try {
            abandon(why);
        } catch (Throwable e) {
            Exceptions.throwIfJvmFatal(e);
            Operators.onErrorDropped(e, Context.empty());
        }
    }
}
