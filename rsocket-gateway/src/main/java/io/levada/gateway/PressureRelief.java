package io.levada.gateway;

import io.levada.wire.OutboundConnection;
import io.levada.wire.OutboundPool;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes room when what all connections hold is nearly as much as there may be: those that have not read for a while are closed,
 * the ones that hold most first, so that nobody who reads is refused for their sake.
 */
final class PressureRelief {
    static final Duration INTERVAL = Duration.ofSeconds(1);

    /** How long nothing of what a connection holds went to its socket before it counts as one that does not read. */
    static final Duration PATIENCE = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(PressureRelief.class);

    private final OutboundPool pool;
    private final Supplier<Collection<? extends OutboundConnection>> connections;

    PressureRelief(OutboundPool pool, Supplier<Collection<? extends OutboundConnection>> connections) {
        this.pool = pool;
        this.connections = connections;
    }

    /** Looks once; to be called every {@link #INTERVAL}. */
    void look() {
        long excess = pool.usedBytes() - pool.limitBytes() / 4 * 3;
        if (excess <= 0) {
            return;
        }
        long now = System.nanoTime();
        List<? extends OutboundConnection> stalled = connections.get().stream()
                .filter(connection -> connection.stalledNanos(now) >= PATIENCE.toNanos())
                .sorted(Comparator.<OutboundConnection>comparingLong(PressureRelief::cost)
                        .reversed())
                .toList();
        int closed = 0;
        long freed = 0;
        for (OutboundConnection connection : stalled) {
            if (freed >= excess) {
                break;
            }
            freed += cost(connection);
            closed++;
            connection.giveWay();
        }
        if (closed > 0) {
            LOG.warn(
                    "closed {} of {} connections that do not read the {} bytes held for them, as all hold nearly all they may",
                    closed,
                    stalled.size(),
                    freed);
        }
    }

    private static long cost(OutboundConnection connection) {
        return connection.budget().heldBytes() + connection.budget().grantedBytes();
    }
}
