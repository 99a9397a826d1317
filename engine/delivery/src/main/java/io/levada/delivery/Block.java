package io.levada.delivery;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whole batches that many may read at once. Counted on its own, since a pooled buffer that was let go may already be
 * another's, so that only this count can tell a late comer no. A slice, once taken, outlives the block.
 */
final class Block {
    /** The first offset it answers for. */
    final long from;

    /** The offset behind it. */
    final long next;

    private final ByteBuf bytes;
    private final AtomicInteger holders = new AtomicInteger(1);

    /** Takes the buffer; the maker is its first holder. */
    Block(long from, long next, ByteBuf bytes) {
        this.from = from;
        this.next = next;
        this.bytes = bytes;
    }

    boolean holds(long offset) {
        return from <= offset && offset < next;
    }

    /** Its bytes, borrowed; for holders only. */
    ByteBuf bytes() {
        return bytes;
    }

    /** Becomes a holder, unless the last one has let go. */
    boolean tryRetain() {
        int count = holders.get();
        while (count > 0) {
            if (holders.compareAndSet(count, count + 1)) {
                return true;
            }
            count = holders.get();
        }
        return false;
    }

    void release() {
        if (holders.decrementAndGet() == 0) {
            bytes.release();
        }
    }

    /** What it keeps from being reused: the whole buffer it was cut from. */
    int pinnedBytes() {
        ByteBuf root = bytes;
        while (root.unwrap() != null) {
            root = root.unwrap();
        }
        return Math.max(bytes.readableBytes(), root.capacity());
    }
}
