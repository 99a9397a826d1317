package io.levada.env;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;

/** Loops with a daemon thread each, in real time. */
public final class RealScheduler implements Scheduler {
    private final String name;
    private final List<RealLoop> loops = new CopyOnWriteArrayList<>();

    /** @param name what the names of its threads begin with */
    public RealScheduler(String name) {
        this.name = name;
    }

    @Override
    public Loop newLoop(String loopName) {
        RealLoop loop = new RealLoop(name + "-" + loopName);
        loops.add(loop);
        return loop;
    }

    @Override
    public <T> T await(CompletionStage<T> stage) {
        return await(stage.toCompletableFuture());
    }

    private static <T> T await(CompletableFuture<T> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw unchecked(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static RuntimeException unchecked(ExecutionException failure) {
        Throwable cause = failure.getCause();
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException ours ? ours : new CompletionException(cause);
    }

    @Override
    public void close() {
        loops.forEach(RealLoop::stop);
        loops.forEach(RealLoop::awaitEnd);
    }
}
