package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.time.Duration;

/**
 * What one HTTP request may cost. Immutable; every limit with its default and its reason.
 *
 * @param maxBodyBytes largest body that is held as a whole, inflated, 64 KiB to 256 MiB; default 8 MiB, which holds the
 *     largest record eight times, and 10,000 small ones. A body of lines has no end, only its lines have
 * @param bodyPoolBytes bytes of such bodies of all requests together, at least {@code maxBodyBytes}; default an eighth of the
 *     heap, as each is read into objects
 * @param bodyTimeout how long such a body may take, and how long it may stand still, 1 s to 10 min; default 30 s
 * @param maxRecords most records of one body or one page, 1 to 100,000; default 10,000 (of claims see {@link ClaimSpec})
 * @param maxWait how long a page may wait for records, up to 5 min; default 60 s, as proxies give up then
 * @param maxStreamPartitions most partitions of one live stream, 1 to 1,000; default 128, as each event carries its place
 *     in all of them
 */
public record RestLimits(
        int maxBodyBytes,
        long bodyPoolBytes,
        Duration bodyTimeout,
        int maxRecords,
        Duration maxWait,
        int maxStreamPartitions) {
    private static final int MIB = 1 << 20;

    public RestLimits {
        require(maxBodyBytes >= 64 << 10 && maxBodyBytes <= 256 * MIB, "maxBodyBytes: 64 KiB to 256 MiB");
        require(bodyPoolBytes >= maxBodyBytes, "bodyPoolBytes: at least maxBodyBytes");
        require(
                bodyTimeout.compareTo(Duration.ofSeconds(1)) >= 0 && bodyTimeout.compareTo(Duration.ofMinutes(10)) <= 0,
                "bodyTimeout: 1 s to 10 min");
        require(maxRecords >= 1 && maxRecords <= 100_000, "maxRecords: 1 to 100000");
        require(!maxWait.isNegative() && maxWait.compareTo(Duration.ofMinutes(5)) <= 0, "maxWait: up to 5 min");
        require(maxStreamPartitions >= 1 && maxStreamPartitions <= 1_000, "maxStreamPartitions: 1 to 1000");
    }

    public static RestLimits defaults() {
        return new RestLimits(
                8 * MIB,
                Math.max(8 * MIB, Runtime.getRuntime().maxMemory() / 8),
                Duration.ofSeconds(30),
                10_000,
                Duration.ofSeconds(60),
                128);
    }

    public RestLimits withBodyTimeout(Duration value) {
        return new RestLimits(maxBodyBytes, bodyPoolBytes, value, maxRecords, maxWait, maxStreamPartitions);
    }

    public RestLimits withMaxBodyBytes(int value) {
        return new RestLimits(
                value, Math.max(value, bodyPoolBytes), bodyTimeout, maxRecords, maxWait, maxStreamPartitions);
    }

    public RestLimits withBodyPoolBytes(long value) {
        return new RestLimits(maxBodyBytes, value, bodyTimeout, maxRecords, maxWait, maxStreamPartitions);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, what);
        }
    }
}
