package io.levada.env;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Virtual time, which only its scheduler moves on. */
public final class SimClock implements Clock {
    private static final long START_WALL_MS = 1_700_000_000_000L;

    private volatile long nanos;
    private final AtomicLong wallStepMs = new AtomicLong();

    @Override
    public long wallMs() {
        return START_WALL_MS + wallStepMs.get() + nanos / 1_000_000;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    /** Sets the wall clock forth or, with a negative step, back; the other reading does not notice. */
    public void stepWall(Duration step) {
        wallStepMs.addAndGet(step.toMillis());
    }

    void advanceTo(long toNanos) {
        nanos = Math.max(nanos, toNanos);
    }
}
