package org.apache.kafka.connect.runtime;

import org.apache.kafka.connect.runtime.TaskFactory.TaskSpec;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** One of Connect's tasks, as far as whoever runs it is concerned. Safe for any thread; run it once, on a thread of its own. */
@NullMarked
public final class RunningTask implements Runnable {
    private static final long COMMITTER_STOP_MS = 100;

    private final WorkerTask<?, ?> task;
    private final TaskSpec spec;
    private final Plugins plugins;
    private final @Nullable SourceTaskOffsetCommitter committer;

    /** @param committer what commits its source's offsets from time to time; by itself, so that none waits for another's */
    RunningTask(WorkerTask<?, ?> task, TaskSpec spec, Plugins plugins, @Nullable SourceTaskOffsetCommitter committer) {
        this.task = task;
        this.spec = spec;
        this.plugins = plugins;
        this.committer = committer;
        task.initialize(new TaskConfig(spec.task()));
    }

    /** Runs until it is stopped or fails; of either the listener is told. */
    @Override
    public void run() {
        if (committer != null) {
            committer.schedule(spec.id(), (WorkerSourceTask) task);
        }
        try {
            plugins.withClassLoader(task.loader(), task).run();
        } finally {
            if (committer != null) {
                committer.close(COMMITTER_STOP_MS);
            }
        }
    }

    /** Asks it to stop. Does not block. */
    public void stop() {
        task.stop();
    }

    /** Whether it has stopped, within so many ms. */
    public boolean awaitStop(long ms) {
        return task.awaitStop(ms);
    }

    /** Gives up one that does not stop: what it still says is not heard, and its producer is closed. */
    public void cancel() {
        task.cancel();
        if (committer != null) {
            committer.close(0);
        }
    }

    /** Starts, pauses or resumes it. */
    public void transitionTo(TargetState state) {
        task.transitionTo(state);
    }

    /** Takes its metrics away. */
    public void removeMetrics() {
        task.removeMetrics();
    }

    /** The version that its plugin says. */
    public @Nullable String version() {
        return task.taskVersion();
    }
}
