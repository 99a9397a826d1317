package io.levada.env;

/** Makes loops. Real ones have a thread each; simulated ones share one thread and virtual time. */
public interface Scheduler extends AutoCloseable {
    /** A loop of its own, until this scheduler is closed. */
    Loop newLoop(String name);

    /** Runs what is queued, drops timers, and ends the threads; returns when they have ended. */
    @Override
    void close();
}
