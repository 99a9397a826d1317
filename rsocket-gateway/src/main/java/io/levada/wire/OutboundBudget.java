package io.levada.wire;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * What one connection may hold in the server, and so what keeps a peer that does not read from costing more. RSocket's
 * request(n) and the batched streams' credit say what a peer wants; they do not say that its socket drains, and
 * rsocket-java queues without bound. So this counts, in bytes:
 *
 * <ul>
 *   <li><em>held</em>: frames handed over for sending and not yet written to the socket;
 *   <li><em>granted</em>: what streams may still be given by the engine, or were given and have not turned into frames.
 * </ul>
 *
 * <p>Both together stay within the limit, which shrinks as the {@linkplain OutboundPool pool} of all connections fills, so a stream that wants more than there is room for waits, and is fed as writes
 * complete. A stream's grants begin small, and double up to a quarter of the room while it uses them up at once, so that
 * those that wait for records leave room for others; where idle streams hold nearly all, each gets a small probe
 * nevertheless, so that none starves. The engine may exceed a grant
 * by less than one record, since a record is never cut. Where frames are small they cost more than the bytes granted, so
 * streams also stop handing over while {@link #open} is false: what is held never exceeds the limit by more than a frame.
 *
 * <p>Frames that no grant covers (answers, acknowledgements, echoes) count as well. Where they fill the budget twice over,
 * the peer sends and does not read: {@link #overrun} tells, and the connection is closed.
 *
 * <p>For the connection's event loop alone, except {@link #heldBytes}, {@link #grantedBytes} and {@link #peakBytes}.
 */
public final class OutboundBudget {
    private static final int MIN_PROBE_BYTES = 4 << 10;
    private static final int FIRST_GRANT_BYTES = 16 << 10;
    private static final int REPORT_BYTES = 4 << 10;

    /** Where all connections share little, probes are no larger than this part of what each may hold. */
    private static final int PROBES_IN_FLOOR = 4;

    /** A grant used up sooner than this is followed by a larger one. */
    private static final long AT_ONCE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final OutboundPool pool;
    private final long most;
    private final long probe;
    private final long maxRecordBytes;
    private final Queue<Share> hungry = new ArrayDeque<>();
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private final AtomicLong held = new AtomicLong();
    private final AtomicLong granted = new AtomicLong();
    private final AtomicLong peak = new AtomicLong();
    private final LongSupplier nanos;
    private long unreportedHeld;
    private long unreportedGranted;
    private int shares;
    private boolean feeding;
    private boolean feedAgain;

    /**
     * An empty budget.
     *
     * @param pool what all connections may
     * @param limitBytes what may be held and granted together, when the pool has room
     * @param maxRecordBytes by how much the engine may exceed a grant
     * @param nanos a clock that only goes forward
     */
    public OutboundBudget(OutboundPool pool, long limitBytes, long maxRecordBytes, LongSupplier nanos) {
        this.pool = pool;
        this.most = limitBytes;
        this.probe = Math.max(MIN_PROBE_BYTES, limitBytes / 512);
        this.maxRecordBytes = maxRecordBytes;
        this.nanos = nanos;
    }

    /** Bytes handed over and not yet written. Safe for any thread. */
    public long heldBytes() {
        return held.get();
    }

    /** Bytes that streams may still add. Safe for any thread. */
    public long grantedBytes() {
        return granted.get();
    }

    /** The most that was ever held. Safe for any thread. */
    public long peakBytes() {
        return peak.get();
    }

    private long limit() {
        return pool.bound(most);
    }

    /** Whether more may be handed over; where not, {@link #whenOpen} tells of the change. */
    public boolean open() {
        return held.getPlain() < limit();
    }

    /** Whether it may hold less than it could, for what other connections hold. */
    public boolean shrunk() {
        return limit() < most;
    }

    /** Whether there would be room, were it not for what other connections hold. */
    public boolean crowded() {
        long limit = limit();
        return limit < most && held.getPlain() + granted.getPlain() < most - most / 4;
    }

    /** Whether far more is held than the streams' grants can explain. */
    public boolean overrun() {
        return held.getPlain() > 2 * most + shares * (probe + maxRecordBytes);
    }

    /** Runs this once, as soon as more may be handed over. */
    public void whenOpen(Runnable task) {
        waiting.add(task);
    }

    /** A frame was handed over. */
    public void queued(int bytes) {
        long now = held.getPlain() + bytes;
        held.setRelease(now);
        reportHeld(bytes);
        if (now > peak.getPlain()) {
            peak.setRelease(now);
        }
    }

    /** A frame went to the socket, or was dropped. */
    public void written(int bytes) {
        long now = held.getPlain() - bytes;
        held.setRelease(now);
        reportHeld(-bytes);
        // Only when half has drained: opening for each frame would cut batches into crumbs.
        if (now <= limit() / 2 && !(waiting.isEmpty() && hungry.isEmpty())) {
            feed();
        }
    }

    /** Tells the pool in steps, as all connections share its counters, and exactly once nothing is left. */
    private void reportHeld(long bytes) {
        unreportedHeld += bytes;
        if (held.getPlain() == 0 || Math.abs(unreportedHeld) >= REPORT_BYTES) {
            pool.addHeld(unreportedHeld);
            unreportedHeld = 0;
        }
    }

    private void reportGranted(long bytes) {
        unreportedGranted += bytes;
        if (granted.getPlain() == 0 || Math.abs(unreportedGranted) >= REPORT_BYTES) {
            pool.addGranted(unreportedGranted);
            unreportedGranted = 0;
        }
    }

    /**
     * Opens a stream's share.
     *
     * @param grant passes bytes on to the engine's reader
     */
    public Share share(LongConsumer grant) {
        shares++;
        return new Share(grant);
    }

    private void feed() {
        feedAgain = true;
        if (feeding) {
            return; // A grant may be answered at once, by frames that are written at once.
        }
        feeding = true;
        try {
            while (feedAgain) {
                feedAgain = false;
                feedOnce();
            }
        } finally {
            feeding = false;
        }
    }

    private void feedOnce() {
        for (int i = waiting.size(); i > 0 && open(); i--) {
            waiting.remove().run();
        }
        for (int i = hungry.size(); i > 0; i--) {
            Share share = hungry.remove();
            share.queued = false;
            share.feed();
        }
    }

    /** What one stream wants, and what of it was granted. */
    public final class Share {
        private final LongConsumer grant;
        private long wanted;
        private long outstanding;
        private long size = FIRST_GRANT_BYTES;
        private long grantedAt;
        private boolean queued;
        private boolean closed;

        private Share(LongConsumer grant) {
            this.grant = grant;
            this.grantedAt = nanos.getAsLong();
        }

        /** The peer takes so many bytes more; sums saturate. */
        public void want(long bytes) {
            wanted = wanted + bytes < 0 ? Long.MAX_VALUE : wanted + bytes;
            feed();
        }

        /** Bytes that the peer takes beyond what was granted. */
        public long wanted() {
            return wanted;
        }

        /** So many bytes of the grants have become frames, or nothing; may exceed them by less than one record. */
        public void used(long bytes) {
            if (closed) {
                return;
            }
            add(-bytes);
            feed();
        }

        /** Ends the share; what was granted is room for others again. */
        public void close() {
            if (!closed) {
                closed = true;
                grantedBy(-Math.max(0, outstanding));
                shares--;
                OutboundBudget.this.feed();
            }
        }

        private void add(long bytes) {
            long before = Math.max(0, outstanding);
            outstanding += bytes;
            grantedBy(Math.max(0, outstanding) - before);
        }

        private void grantedBy(long bytes) {
            granted.setRelease(granted.getPlain() + bytes);
            reportGranted(bytes);
        }

        private void feed() {
            if (closed || queued || wanted == 0) {
                return;
            }
            long inHand = held.getPlain();
            long limit = limit();
            long room = limit - inHand - granted.getPlain();
            long wide = Math.min(Math.min(room / 4, size), pool.grant());
            long least = Math.min(probe, pool.floor() / PROBES_IN_FLOOR);
            long target = room >= limit / 8 ? Math.max(least, wide) : least;
            boolean shut = room < limit / 8 && (outstanding > 0 || inHand > limit / 2);
            if (shut || outstanding > target / 2) {
                // Hungry again when writes complete or when it has used up what it has.
                if (shut && outstanding <= 0) {
                    queued = true;
                    hungry.add(this);
                }
                return;
            }
            long bytes = Math.min(wanted, target - outstanding);
            if (wanted != Long.MAX_VALUE) {
                wanted -= bytes;
            }
            resize();
            add(bytes);
            grant.accept(bytes);
        }

        private void resize() {
            long now = nanos.getAsLong();
            size = now - grantedAt < AT_ONCE_NANOS ? Math.min(2 * size, most) : FIRST_GRANT_BYTES;
            grantedAt = now;
        }
    }
}
