package io.levada.log;

import io.levada.env.Loop;
import io.levada.env.Scheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Loops without threads, whose tasks run while somebody waits, in the order given; timers never fire. For one thread, and for
 * tests that open so many stores that threads would be most of what they cost.
 */
final class SteppedScheduler implements Scheduler {
    private final Queue<Step> steps = new ArrayDeque<>();
    private @Nullable Loop running;

    private record Step(Loop loop, Runnable task) {}

    @Override
    public Loop newLoop(String name) {
        return new Loop() {
            @Override
            public void execute(Runnable task) {
                steps.add(new Step(this, task));
            }

            @Override
            public Timer schedule(Duration delay, Runnable task) {
                return () -> {};
            }

            @Override
            public boolean inLoop() {
                return running == this;
            }
        };
    }

    @Override
    public <T> T await(CompletionStage<T> stage) {
        CompletableFuture<T> future = stage.toCompletableFuture();
        while (!future.isDone()) {
            step();
        }
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException ours ? ours : new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted though done", e);
        }
    }

    private void step() {
        Step next = steps.remove(); // fails where everybody waits for somebody else
        Loop before = running;
        running = next.loop;
        try {
            next.task.run();
        } finally {
            running = before;
        }
    }

    @Override
    public void close() {
        while (!steps.isEmpty()) {
            step();
        }
    }
}
