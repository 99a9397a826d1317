package io.levada.env;

import java.util.concurrent.CompletionStage;

/** Makes loops. Real ones have a thread each; simulated ones take turns in virtual time. */
public interface Scheduler extends AutoCloseable {
    /** A loop of its own, until this scheduler is closed. */
    Loop newLoop(String name);

    /**
     * Blocks until a stage is complete and gives its value. Not for use on the loop that is to complete it; a simulated
     * scheduler lets the other loops run meanwhile. An interrupt is kept for the caller and does not end the wait.
     *
     * @throws RuntimeException the stage's own failure, wrapped in {@link java.util.concurrent.CompletionException} when
     *     it is a checked one
     */
    <T> T await(CompletionStage<T> stage);

    /** Runs what is queued, drops timers, and ends the threads; returns when they have ended. */
    @Override
    void close();
}
