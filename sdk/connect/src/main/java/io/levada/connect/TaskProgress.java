package io.levada.connect;

/** When a task last got something done: a record that is durable, or a place that is committed. Safe for any thread. */
final class TaskProgress {
    private volatile long doneNanos = System.nanoTime();

    void done() {
        doneNanos = System.nanoTime();
    }

    /** Seconds since then, or since it began. */
    double ageSeconds() {
        return (System.nanoTime() - doneNanos) / 1e9;
    }
}
