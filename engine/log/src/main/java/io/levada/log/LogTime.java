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

    /** Log time, and what the wall clock showed then. */
    record Mark(long logMs, long wallMs) {}

    private LogTime(Clock clock, long originMs) {
        this.clock = clock;
        this.originMs = originMs;
        this.originNanos = clock.nanos();
    }

    /** Goes on behind what was marked last before a stop. */
    static LogTime goingOn(Clock clock, Mark last) {
        long stoppedMs = clock.wallMs() - last.wallMs();
        boolean plausible = stoppedMs >= 0 && stoppedMs <= MOST_ACROSS_A_STOP.toMillis();
        if (!plausible) {
            LOG.warn(
                    "by the wall clock the log was closed for {}, which is not believed: nothing has aged meanwhile",
                    Duration.ofMillis(stoppedMs));
        }
        return new LogTime(clock, last.logMs() + (plausible ? stoppedMs : 0));
    }

    long nowMs() {
        return originMs + (clock.nanos() - originNanos) / NANOS_PER_MS;
    }

    Mark mark() {
        return new Mark(nowMs(), clock.wallMs());
    }
}
