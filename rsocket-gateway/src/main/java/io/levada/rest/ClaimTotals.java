package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.concurrent.atomic.AtomicLong;

/** What all claims together hold, against their limits. Safe for any thread. */
final class ClaimTotals {
    private final ClaimLimits limits;
    final AtomicLong bytes = new AtomicLong();
    final AtomicLong open = new AtomicLong();
    final AtomicLong waiting = new AtomicLong();

    ClaimTotals(ClaimLimits limits) {
        this.limits = limits;
    }

    ClaimLimits limits() {
        return limits;
    }

    /** Bytes that may still be asked for. */
    long freeBytes() {
        return limits.bytes() - bytes.get();
    }

    /** Fails with {@link ErrorCode#THROTTLED} where one more would be too many. */
    static void check(long now, long limit, String what) {
        if (now >= limit) {
            throw new LevadaException(ErrorCode.THROTTLED, limit + " " + what + "; try again later");
        }
    }
}
