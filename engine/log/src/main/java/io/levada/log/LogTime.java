package io.levada.log;

import io.levada.env.Clock;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log's own time, in milliseconds, by which records age: monotonic time while the log is open; across a stop the
 * difference of wall clocks, which is left out where it is negative or above 30 days, so that a clock set wrong deletes
 * nothing. Never goes back. Safe for any thread.
 */
final class LogTime {
    private static final Duration MOST_ACROSS_A_STOP = Duration.ofDays(30);
    private static final long NANOS_PER_MS = 1_000_000;
    private static final Logger LOG = LoggerFactory.getLogger(LogTime.class);

    private final Clock clock;
    private final long originMs;
    private final long originNanos;
    private volatile long restedSinceMs;

    /** Log time, and what the wall clock showed then. */
    record Mark(long logMs, long wallMs) {}

    LogTime(Clock clock, long originMs) {
        this.clock = clock;
        this.originMs = originMs;
        this.originNanos = clock.nanos();
        this.restedSinceMs = originMs;
    }

    /** Goes on behind what was marked last before a stop. */
    static LogTime goingOn(Clock clock, Mark last) {
        long stoppedMs = clock.wallMs() - last.wallMs();
        long believedMs = believed(stoppedMs);
        if (believedMs != stoppedMs) {
            LOG.warn(
                    "by the wall clock the log was closed for {}, which is not believed: nothing has aged meanwhile",
                    Duration.ofMillis(stoppedMs));
        }
        return new LogTime(clock, last.logMs() + believedMs);
    }

    /** How much of a stop counts, by what the wall clock says of it. */
    static long believed(long stoppedMs) {
        return stoppedMs >= 0 && stoppedMs <= MOST_ACROSS_A_STOP.toMillis() ? stoppedMs : 0;
    }

    /** Nothing was appended from this log time until the log was opened. */
    void restedSince(long logMs) {
        restedSinceMs = logMs;
    }

    /** The log time by which everything was appended that was there when the log was opened. */
    long restedSinceMs() {
        return restedSinceMs;
    }

    long nowMs() {
        return originMs + (clock.nanos() - originNanos) / NANOS_PER_MS;
    }

    Mark mark() {
        return new Mark(nowMs(), clock.wallMs());
    }
}
