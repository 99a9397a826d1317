package io.levada.delivery;

import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The batches of one partition that became durable last, as they were appended. Filled by one thread at a time, read by
 * any; what is missing is in storage.
 */
final class TailCache {
    private final ConcurrentSkipListMap<Long, Block> batches = new ConcurrentSkipListMap<>();
    private final AtomicLong pinnedBytes = new AtomicLong();

    /** Keeps a borrowed batch, and lets the oldest go until no more than so many bytes are pinned, or only it is left. */
    void append(long baseOffset, long nextOffset, ByteBuf batch, long limitBytes) {
        Block block = new Block(baseOffset, nextOffset, batch.retainedSlice());
        batches.put(baseOffset, block);
        pinnedBytes.addAndGet(block.pinnedBytes());
        while (pinnedBytes.get() > limitBytes) {
            Map.Entry<Long, Block> oldest = batches.firstEntry();
            if (oldest == null || oldest.getValue() == block) {
                return;
            }
            drop(oldest.getValue());
        }
    }

    /** The batch that holds an offset, retained, or null. */
    @Nullable
    Block find(long offset) {
        Map.Entry<Long, Block> entry = batches.floorEntry(offset);
        return entry != null
                        && entry.getValue().holds(offset)
                        && entry.getValue().tryRetain()
                ? entry.getValue()
                : null;
    }

    void clear() {
        for (Block block : batches.values()) {
            drop(block);
        }
    }

    long pinnedBytes() {
        return pinnedBytes.get();
    }

    private void drop(Block block) {
        if (batches.remove(block.from, block)) {
            pinnedBytes.addAndGet(-block.pinnedBytes());
            block.release();
        }
    }
}
