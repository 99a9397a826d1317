package io.levada.gateway;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What all connections together may hold and be granted, in bytes, as {@link OutboundBudget} counts it. Half of it is there
 * for whoever comes; from there on each connection's own bound shrinks with the room that is left, down to a {@linkplain
 * #FLOOR_BYTES floor} that lets everybody who reads go on. Safe for any thread.
 */
final class OutboundPool {
    /** What a connection may hold however little is left: 16 KiB. */
    static final int FLOOR_BYTES = 16 << 10;

    /** The part of the room that one grant takes at most. */
    private static final int GRANTS_IN_ROOM = 64;

    private final long limit;
    private final AtomicLong used = new AtomicLong();

    OutboundPool(long limitBytes) {
        this.limit = limitBytes;
    }

    long limitBytes() {
        return limit;
    }

    /** Bytes held and granted, of all connections. */
    long usedBytes() {
        return used.get();
    }

    void add(long bytes) {
        used.addAndGet(bytes);
    }

    /** What a connection may hold just now that may hold so much when there is room. */
    long bound(long bytes) {
        long room = Math.max(0, limit - used.get());
        if (room >= limit / 2) {
            return bytes;
        }
        return Math.min(bytes, Math.max(FLOOR_BYTES, (long) (bytes * (room / (limit / 2.0)))));
    }

    /** The largest grant just now. */
    long grant() {
        return Math.max(0, limit - used.get()) / GRANTS_IN_ROOM;
    }
}
