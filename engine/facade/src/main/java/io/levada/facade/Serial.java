package io.levada.facade;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import reactor.core.Exceptions;

/**
 * Runs tasks one at a time, in order, on the thread that brings the first of them, without a lock. Tasks must neither
 * block nor call users' code. Tasks wait until {@link #begin}.
 */
final class Serial implements Executor {
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pending = new AtomicInteger(1);
    private final Consumer<Throwable> onFailure;

    /**
     * @param onFailure told, as a part of the task, what a task threw
     */
    Serial(Consumer<Throwable> onFailure) {
        this.onFailure = onFailure;
    }

    /** Starts; called once. */
    void begin() {
        work(1);
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (pending.getAndIncrement() == 0) {
            work(0);
        }
    }

    /**
     * Runs tasks until none is counted.
     *
     * @param held counts that stand for no task
     */
    private void work(int held) {
        int counted = pending.get();
        int none = held;
        while (counted != 0) {
            for (int i = none; i < counted; i++) {
                Runnable task = tasks.poll();
                if (task != null) {
                    run(task);
                }
            }
            none = 0;
            counted = pending.addAndGet(-counted);
        }
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            Exceptions.throwIfJvmFatal(e);
            onFailure.accept(e);
        }
    }
}
