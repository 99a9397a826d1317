package io.levada.env;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Virtual time, which only its scheduler moves on. */
public final class SimClock implements Clock {
    private static final long START_WALL_MS = 1_700_000_000_000L;

    private final long startWallMs;

    private volatile long nanos;
    private final AtomicLong wallStepMs = new AtomicLong();

    SimClock() {
        this(START_WALL_MS);
    }

    private SimClock(long startWallMs) {
        this.startWallMs = startWallMs;
    }

    /** The clock of the machine's next life: the wall clock has gone on meanwhile, the other reading begins anew. */
    public SimClock afterStop(Duration stopped) {
        return new SimClock(wallMs() + stopped.toMillis());
    }

    @Override
    public long wallMs() {
        return startWallMs + wallStepMs.get() + nanos / 1_000_000;
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
