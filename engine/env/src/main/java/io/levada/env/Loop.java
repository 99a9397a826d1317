package io.levada.env;

import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * Runs tasks one at a time, in the order given. Safe for any thread. Tasks that throw are logged and do not end the loop.
 */
public interface Loop extends Executor {
    /** Runs a task on this loop after a delay, unless cancelled before. */
    Timer schedule(Duration delay, Runnable task);

    /** Whether the caller is a task of this loop. */
    boolean inLoop();

    /** A task to come. */
    interface Timer {
        void cancel();
    }
}
