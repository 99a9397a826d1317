package io.levada.testkit;

import io.levada.env.Clock;
import io.levada.env.Loop;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** A loop and its time as Reactor knows them. */
record LoopTimers(Loop loop, Clock clock) implements Scheduler {
    @Override
    public Disposable schedule(Runnable task) {
        return schedule(task, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
        if (delay <= 0) {
            Disposable disposed = Disposables.single();
            loop.execute(() -> {
                if (!disposed.isDisposed()) {
                    task.run();
                }
            });
            return disposed;
        }
        return loop.schedule(Duration.of(delay, unit.toChronoUnit()), task)::cancel;
    }

    /** For tasks without a delay alone. */
    @Override
    public Worker createWorker() {
        return Schedulers.fromExecutor(loop).createWorker();
    }

    @Override
    public long now(TimeUnit unit) {
        return unit.convert(clock.wallMs(), TimeUnit.MILLISECONDS);
    }
}
