package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.util.internal.PlatformDependent;
import java.time.Duration;

/**
 * What one connection may cost. Immutable; every limit with its default and its reason.
 *
 * @param maxFrameBytes largest frame taken, 64 KiB to 16 MiB - 1; default 5 MiB, which holds the largest batch and what
 *     stands around it
 * @param maxReassemblyBytes most bytes of unfinished fragmented messages held for a connection, at least {@code
 *     maxFrameBytes}; default 10 MiB
 * @param maxSetupBytes largest first frame, 1 KiB to 1 MiB; default 16 KiB, since nothing is known of the peer yet
 * @param setupTimeout how long a connection may take until its first frame is complete, up to a minute; default 5 s
 * @param streamsPerConnection most requests at once, 1 to 65,536; default 128
 * @param outboundBudgetBytes bytes handed over and not yet written at which a connection's streams are held back, 64 KiB
 *     to 1 GiB; default 1 MiB, which keeps a link of 250 Mbit/s and 30 ms busy
 * @param outboundPoolBytes the same for all connections together, 1 MiB to 64 GiB; default a quarter of the direct memory
 *     that Java may use. As it fills, each connection may hold less, and those that do not read are closed
 * @param maxQueuedMessages most messages that wait in one stream for the peer's request(n), 16 to 1,000,000; default 4,096
 * @param maxCommitsInFlight most unanswered commits of one member, 1 to 65,536; default 1,024
 * @param stopTimeout how long stopping waits for answers in flight, up to 8 s; default 5 s
 */
public record GatewayLimits(
        int maxFrameBytes,
        int maxReassemblyBytes,
        int maxSetupBytes,
        Duration setupTimeout,
        int streamsPerConnection,
        long outboundBudgetBytes,
        long outboundPoolBytes,
        int maxQueuedMessages,
        int maxCommitsInFlight,
        Duration stopTimeout) {
    /** What RSocket's length field of 24 bits can say. */
    public static final int LARGEST_FRAME_BYTES = 0xFF_FFFF;

    public static final int LEAST_FRAME_BYTES = 64 << 10;
    public static final Duration LONGEST_SETUP = Duration.ofMinutes(1);
    public static final int MOST_STREAMS = 65_536;
    public static final long LEAST_BUDGET_BYTES = 64 << 10;
    public static final long MOST_BUDGET_BYTES = 1 << 30;
    public static final long LEAST_POOL_BYTES = 1 << 20;
    public static final long MOST_POOL_BYTES = 64L << 30;
    public static final Duration LONGEST_STOP = Duration.ofSeconds(8);

    public GatewayLimits {
        require(
                maxFrameBytes >= LEAST_FRAME_BYTES && maxFrameBytes <= LARGEST_FRAME_BYTES,
                "maxFrameBytes: 64 KiB to 16 MiB - 1");
        require(maxReassemblyBytes >= maxFrameBytes, "maxReassemblyBytes: at least maxFrameBytes");
        require(maxSetupBytes >= 1 << 10 && maxSetupBytes <= 1 << 20, "maxSetupBytes: 1 KiB to 1 MiB");
        require(
                setupTimeout.compareTo(Duration.ZERO) > 0 && setupTimeout.compareTo(LONGEST_SETUP) <= 0,
                "setupTimeout: above zero, up to a minute");
        require(streamsPerConnection >= 1 && streamsPerConnection <= MOST_STREAMS, "streamsPerConnection: 1 to 65536");
        require(
                outboundBudgetBytes >= LEAST_BUDGET_BYTES && outboundBudgetBytes <= MOST_BUDGET_BYTES,
                "outboundBudgetBytes: 64 KiB to 1 GiB");
        require(
                outboundPoolBytes >= LEAST_POOL_BYTES && outboundPoolBytes <= MOST_POOL_BYTES,
                "outboundPoolBytes: 1 MiB to 64 GiB");
        require(maxQueuedMessages >= 16 && maxQueuedMessages <= 1_000_000, "maxQueuedMessages: 16 to 1000000");
        require(maxCommitsInFlight >= 1 && maxCommitsInFlight <= 65_536, "maxCommitsInFlight: 1 to 65536");
        require(!stopTimeout.isNegative() && stopTimeout.compareTo(LONGEST_STOP) <= 0, "stopTimeout: up to 8 s");
    }

    public static GatewayLimits defaults() {
        return new GatewayLimits(
                5 << 20,
                10 << 20,
                16 << 10,
                Duration.ofSeconds(5),
                128,
                1 << 20,
                Math.max(LEAST_POOL_BYTES, PlatformDependent.maxDirectMemory() / 4),
                4_096,
                1_024,
                Duration.ofSeconds(5));
    }

    public GatewayLimits withMaxFrameBytes(int value) {
        return new GatewayLimits(
                value,
                Math.max(value, maxReassemblyBytes),
                maxSetupBytes,
                setupTimeout,
                streamsPerConnection,
                outboundBudgetBytes,
                outboundPoolBytes,
                maxQueuedMessages,
                maxCommitsInFlight,
                stopTimeout);
    }

    public GatewayLimits withSetupTimeout(Duration value) {
        return new GatewayLimits(
                maxFrameBytes,
                maxReassemblyBytes,
                maxSetupBytes,
                value,
                streamsPerConnection,
                outboundBudgetBytes,
                outboundPoolBytes,
                maxQueuedMessages,
                maxCommitsInFlight,
                stopTimeout);
    }

    public GatewayLimits withStreamsPerConnection(int value) {
        return new GatewayLimits(
                maxFrameBytes,
                maxReassemblyBytes,
                maxSetupBytes,
                setupTimeout,
                value,
                outboundBudgetBytes,
                outboundPoolBytes,
                maxQueuedMessages,
                maxCommitsInFlight,
                stopTimeout);
    }

    public GatewayLimits withOutboundBudgetBytes(long value) {
        return new GatewayLimits(
                maxFrameBytes,
                maxReassemblyBytes,
                maxSetupBytes,
                setupTimeout,
                streamsPerConnection,
                value,
                outboundPoolBytes,
                maxQueuedMessages,
                maxCommitsInFlight,
                stopTimeout);
    }

    public GatewayLimits withOutboundPoolBytes(long value) {
        return new GatewayLimits(
                maxFrameBytes,
                maxReassemblyBytes,
                maxSetupBytes,
                setupTimeout,
                streamsPerConnection,
                outboundBudgetBytes,
                value,
                maxQueuedMessages,
                maxCommitsInFlight,
                stopTimeout);
    }

    public GatewayLimits withStopTimeout(Duration value) {
        return new GatewayLimits(
                maxFrameBytes,
                maxReassemblyBytes,
                maxSetupBytes,
                setupTimeout,
                streamsPerConnection,
                outboundBudgetBytes,
                outboundPoolBytes,
                maxQueuedMessages,
                maxCommitsInFlight,
                value);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, what);
        }
    }
}
