package io.levada.delivery;

/**
 * How far a member has taken the records of a partition, and for how long it has left some there. Taking may be told by any
 * thread; the looks are one thread's.
 */
final class Uptake {
    private volatile long next;
    private volatile boolean watched = true;
    private volatile boolean moved;
    private boolean waiting;
    private long waitingSinceNanos;

    /**
     * @param next the first offset to be taken
     */
    Uptake(long next) {
        this.next = next;
    }

    void took(long upTo) {
        next = upTo;
        moved = true;
    }

    /** It is to give the partition back, and takes nothing more. */
    void stop() {
        watched = false;
    }

    /**
     * How long records have been there of which none was taken: since the first look that found it so, so never too long,
     * and short by what lies between two looks.
     */
    long stalledNanos(long durableEnd, long nowNanos) {
        boolean left = watched && next < durableEnd;
        if (moved || !left || !waiting) {
            moved = false;
            waiting = left;
            waitingSinceNanos = nowNanos;
        }
        return nowNanos - waitingSinceNanos;
    }
}
