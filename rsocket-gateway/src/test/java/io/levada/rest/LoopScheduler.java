package io.levada.rest;

import io.levada.env.Clock;
import io.levada.env.Loop;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;

/** A simulated loop, and its time, as Reactor knows them. */
record LoopScheduler(Loop loop, Clock clock) implements Scheduler {
    @Override
    public Disposable schedule(Runnable task) {
        Disposable disposed = Disposables.single();
        loop.execute(() -> {
            if (!disposed.isDisposed()) {
                task.run();
            }
        });
        return disposed;
    }

    @Override
    public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
        return delay <= 0 ? schedule(task) : loop.schedule(Duration.of(delay, unit.toChronoUnit()), task)::cancel;
    }

    @Override
    public long now(TimeUnit unit) {
        return unit.convert(clock.wallMs(), TimeUnit.MILLISECONDS);
    }

    @Override
    public Worker createWorker() {
        return new Worker() {
            @Override
            public Disposable schedule(Runnable task) {
                return LoopScheduler.this.schedule(task);
            }

            @Override
            public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
                return LoopScheduler.this.schedule(task, delay, unit);
            }

            @Override
            public void dispose() {
                // Nobody does.
            }
        };
    }
}
