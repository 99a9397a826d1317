package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;

/**
 * How much one principal may use. Immutable.
 *
 * @param publishBytesPerSecond of batches, over all connections; {@link Long#MAX_VALUE} without bound, which is the default
 * @param connections at a time; 1,000 by default
 * @param subscriptions readings and members' readings at a time, over all connections; 10,000 by default
 */
public record Quota(long publishBytesPerSecond, int connections, int subscriptions) {
    public static final Quota DEFAULT = new Quota(Long.MAX_VALUE, 1_000, 10_000);

    public Quota {
        if (publishBytesPerSecond < 1 || connections < 1 || subscriptions < 1) {
            throw new LevadaException(ErrorCode.INVALID_CONFIG, "quotas are 1 or more");
        }
    }

    boolean bounded() {
        return publishBytesPerSecond != Long.MAX_VALUE;
    }
}
