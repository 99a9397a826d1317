package io.levada.main;

import io.levada.delivery.DeliveryLimits;
import io.levada.gateway.GatewayLimits;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a server may use and what it takes: those of the limits that depend on the machine and on who connects. */
final class LimitOptions {
    @Option(
            names = "--streams-per-connection",
            paramLabel = "N",
            converter = Streams.class,
            description = "requests that a client may have open at once; 128 unless said")
    private int streams = GatewayLimits.defaults().streamsPerConnection();

    @Option(
            names = "--max-frame-bytes",
            paramLabel = "SIZE",
            converter = FrameBytes.class,
            description = "the largest message taken from a client; 5 MiB unless said, which holds the largest batch")
    private long frameBytes = GatewayLimits.defaults().maxFrameBytes();

    @Option(
            names = "--setup-timeout",
            paramLabel = "TIME",
            converter = SetupTime.class,
            description = "how long a client may take to say who it is; 5s unless said")
    private Duration setup = GatewayLimits.defaults().setupTimeout();

    @Option(
            names = "--outbound-budget-bytes",
            paramLabel = "SIZE",
            converter = BudgetBytes.class,
            description = "bytes held for one client and not yet written, at which it is given no more for now;"
                    + " 1 MiB unless said, which keeps a link of 250 Mbit/s and 30 ms busy")
    private long budgetBytes = GatewayLimits.defaults().outboundBudgetBytes();

    @Option(
            names = "--outbound-pool-bytes",
            paramLabel = "SIZE",
            converter = PoolBytes.class,
            description = "the same for all clients together: near it clients that do not read are closed;"
                    + " a quarter of the memory beside the heap unless said")
    private @Nullable Long poolBytes;

    @Option(
            names = "--stop-timeout",
            paramLabel = "TIME",
            converter = StopTime.class,
            description = "how long stopping waits for clients to be answered and to go; 5s unless said")
    private Duration stop = GatewayLimits.defaults().stopTimeout();

    @Option(
            names = "--tail-cache-bytes",
            paramLabel = "SIZE",
            converter = CacheBytes.class,
            description = "newest batches kept in memory for those who read at the end; 32 MiB unless said,"
                    + " or an eighth of the memory beside the heap where that is less")
    private @Nullable Long tailBytes;

    @Option(
            names = "--block-cache-bytes",
            paramLabel = "SIZE",
            converter = CacheBytes.class,
            description = "blocks of storage kept in memory for those who read what is older; 32 MiB unless said,"
                    + " or an eighth of the memory beside the heap where that is less")
    private @Nullable Long blockBytes;

    GatewayLimits gateway() {
        GatewayLimits limits = GatewayLimits.defaults();
        return limits.withStreamsPerConnection(streams)
                .withMaxFrameBytes(Math.toIntExact(frameBytes))
                .withSetupTimeout(setup)
                .withOutboundBudgetBytes(budgetBytes)
                .withOutboundPoolBytes(poolBytes == null ? limits.outboundPoolBytes() : poolBytes)
                .withStopTimeout(stop);
    }

    DeliveryLimits delivery() {
        DeliveryLimits limits = DeliveryLimits.defaults();
        return limits.withCaches(
                tailBytes == null ? limits.tailBytes() : tailBytes,
                blockBytes == null ? limits.blockCacheBytes() : blockBytes);
    }

    static final class Streams extends ValueKind.Count {
        Streams() {
            super(1, GatewayLimits.MOST_STREAMS);
        }
    }

    static final class FrameBytes extends ValueKind.Size {
        FrameBytes() {
            super(GatewayLimits.LEAST_FRAME_BYTES, GatewayLimits.LARGEST_FRAME_BYTES);
        }
    }

    static final class SetupTime extends ValueKind.Time {
        SetupTime() {
            super(Duration.ofMillis(1), GatewayLimits.LONGEST_SETUP);
        }
    }

    static final class BudgetBytes extends ValueKind.Size {
        BudgetBytes() {
            super(GatewayLimits.LEAST_BUDGET_BYTES, GatewayLimits.MOST_BUDGET_BYTES);
        }
    }

    static final class PoolBytes extends ValueKind.Size {
        PoolBytes() {
            super(GatewayLimits.LEAST_POOL_BYTES, GatewayLimits.MOST_POOL_BYTES);
        }
    }

    static final class StopTime extends ValueKind.Time {
        StopTime() {
            super(Duration.ZERO, GatewayLimits.LONGEST_STOP);
        }
    }

    static final class CacheBytes extends ValueKind.Size {
        CacheBytes() {
            super(DeliveryLimits.LEAST_CACHE_BYTES, DeliveryLimits.MOST_CACHE_BYTES);
        }
    }
}
