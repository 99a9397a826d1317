package io.levada.wire;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all connections together may hold and be granted, in bytes, as {@link OutboundBudget} counts it. A quarter of it is
 * for grants, however many streams wait with one; of the rest, what is held, the larger part is there for whoever comes.
 * From there on each connection's own bound shrinks with the room that is left, down to a {@linkplain #floor floor} that
 * lets everybody who reads go on. Safe for any thread.
 */
public final class OutboundPool {
    private static final int MOST_FLOOR_BYTES = 16 << 10;
    private static final int LEAST_FLOOR_BYTES = 1 << 10;

    /** The part of the pool that all floors together take at most, where there are not too many for the least. */
    private static final int FLOORS_PART = 4;

    /** The part of the pool that is for grants. */
    private static final int GRANTS_PART = 4;

    /** The part of the room for grants that one takes at most. */
    private static final int GRANTS_IN_ROOM = 16;

    private final long limit;
    private final AtomicLong held = new AtomicLong();
    private final AtomicLong granted = new AtomicLong();
    private final AtomicInteger connections = new AtomicInteger();

    public OutboundPool(long limitBytes) {
        this.limit = limitBytes;
    }

    public long limitBytes() {
        return limit;
    }

    /** Bytes held, of all connections, and granted, as far as there is a part for that. */
    public long usedBytes() {
        return held.get() + Math.min(granted.get(), limit / GRANTS_PART);
    }

    public void connected() {
        connections.incrementAndGet();
    }

    public void disconnected() {
        connections.decrementAndGet();
    }

    /** What a connection may hold however little is left: 16 KiB, and 1 KiB where there are thousands. */
    public long floor() {
        long share = limit / FLOORS_PART / Math.max(1, connections.get());
        return Math.max(LEAST_FLOOR_BYTES, Math.min(MOST_FLOOR_BYTES, share));
    }

    public void addHeld(long bytes) {
        held.addAndGet(bytes);
    }

    public void addGranted(long bytes) {
        granted.addAndGet(bytes);
    }

    /** What a connection may hold just now that may hold so much when there is room. */
    public long bound(long bytes) {
        long room = Math.max(0, limit - usedBytes());
        if (room >= limit / 2) {
            return bytes;
        }
        return Math.min(bytes, Math.max(floor(), (long) (bytes * (room / (limit / 2.0)))));
    }

    /** The largest grant just now. */
    public long grant() {
        return Math.max(0, limit / GRANTS_PART - granted.get()) / GRANTS_IN_ROOM;
    }
}
