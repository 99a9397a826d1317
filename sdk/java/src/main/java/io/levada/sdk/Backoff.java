package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * When a stream whose connection was lost is opened again, and when it gives up: waits that double, from 100 ms to 10 s, or
 * to 1 s for a member of a group, each shortened by chance by up to a half, so that clients of a server that comes back do not come all at once. On the
 * event loop.
 */
final class Backoff {
    static final Duration FIRST = Duration.ofMillis(100);
    static final Duration MOST = Duration.ofSeconds(10);

    /** Well below the grace period, after which the place of a member goes to others. */
    static final Duration MOST_OF_A_MEMBER = Duration.ofSeconds(1);

    private final Link link;
    private final Duration most;
    private int failures;
    private long lostAtNanos;
    private long openedAtNanos;
    private Link.@Nullable Pause pause;

    Backoff(Link link) {
        this(link, MOST);
    }

    /** @param most the longest wait between two tries */
    Backoff(Link link, Duration most) {
        this.link = link;
        this.most = most;
    }

    /** The stream works again: something was done over it. */
    void reset() {
        failures = 0;
    }

    /** The stream was opened again, which counts as working once it has been so for a while. */
    void opened() {
        openedAtNanos = System.nanoTime();
    }

    /**
     * Tries again later, if the error is one that a new stream may be free of, and there is time left.
     *
     * @param whenShut what to do when this client is closed meanwhile
     * @return false when the error stands
     */
    boolean retry(LevadaException error, Runnable again, Runnable whenShut) {
        long now = System.nanoTime();
        boolean worked = failures == 0 || (openedAtNanos > lostAtNanos && now - openedAtNanos > MOST.toNanos());
        if (worked) {
            failures = 0;
            lostAtNanos = now;
        }
        Duration limit = link.limits().reconnectTimeout();
        if (link.isShut() || !isPassing(error) || now - lostAtNanos >= limit.toNanos()) {
            return false;
        }
        long wait = Math.min(most.toMillis(), FIRST.toMillis() << Math.min(failures, 10));
        failures++;
        long jittered = wait - ThreadLocalRandom.current().nextLong(wait / 2 + 1);
        pause = link.pause(Duration.ofMillis(jittered), again, whenShut);
        return true;
    }

    /** Tries no more. */
    void stop() {
        Link.Pause waiting = pause;
        if (waiting != null) {
            waiting.cancel();
        }
    }

    /** Whether the same may succeed on another connection, or a little later. */
    static boolean isPassing(LevadaException error) {
        return error.code() == ErrorCode.CONNECTION_LOST
                || error.code() == ErrorCode.GOING_AWAY
                || error.code() == ErrorCode.TIMEOUT
                || error.code() == ErrorCode.THROTTLED
                || error.code() == ErrorCode.OUTCOME_UNKNOWN;
    }
}
