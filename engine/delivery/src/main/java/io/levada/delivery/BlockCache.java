package io.levada.delivery;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Blocks read from storage, weighed in bytes over all partitions; each partition's {@link Index} finds the one that holds an
 * offset. Half of the bytes are for the blocks that were read last, whatever became of others: readers of the same
 * stretch follow each other closely, and Caffeine, by itself, would rather keep what was wanted often than what is new.
 * What leaves this half is left to Caffeine, which keeps in the other what is wanted again. A block let go stays valid for
 * those who hold it.
 */
final class BlockCache {
    private final Queue<Entry> recent = new ConcurrentLinkedQueue<>();
    private final AtomicLong recentBytes = new AtomicLong();
    private final long maxRecentBytes;
    private final Cache<Block, Index> wantedAgain;

    private record Entry(Block block, Index index) {}

    BlockCache(long maxBytes) {
        maxRecentBytes = maxBytes / 2;
        wantedAgain = Caffeine.newBuilder()
                .maximumWeight(maxBytes - maxRecentBytes)
                .weigher((Block block, Index index) -> block.pinnedBytes())
                .executor(Runnable::run)
                .removalListener(BlockCache::letGo)
                .build();
    }

    private static void letGo(@Nullable Block block, @Nullable Index index, RemovalCause cause) {
        if (block != null && index != null) {
            index.letGo(block);
        }
    }

    Index newIndex() {
        return new Index();
    }

    private void add(Entry entry) {
        recent.add(entry);
        recentBytes.addAndGet(entry.block().pinnedBytes());
        while (recentBytes.get() > maxRecentBytes) {
            Entry oldest = recent.poll();
            if (oldest == null) {
                return;
            }
            recentBytes.addAndGet(-oldest.block().pinnedBytes());
            if (oldest.index().has(oldest.block())) {
                wantedAgain.put(oldest.block(), oldest.index());
            }
        }
    }

    /** One partition's blocks, by offset; the one who takes a block out lets go of it. */
    final class Index {
        private final ConcurrentSkipListMap<Long, Block> blocks = new ConcurrentSkipListMap<>();

        /** The block that holds an offset, retained, or null. */
        @Nullable
        Block find(long offset) {
            Map.Entry<Long, Block> entry = blocks.floorEntry(offset);
            if (entry == null || !entry.getValue().holds(offset)) {
                return null;
            }
            Index unused = wantedAgain.getIfPresent(entry.getValue()); // which it takes note of
            return entry.getValue().tryRetain() ? entry.getValue() : null;
        }

        /** Keeps a block, of which the caller stays a holder. */
        void put(Block block) {
            if (!block.tryRetain()) {
                throw new IllegalStateException("the caller holds the block");
            }
            Block replaced = blocks.put(block.from, block);
            if (replaced != null) {
                replaced.release();
            }
            add(new Entry(block, this));
        }

        private boolean has(Block block) {
            return blocks.get(block.from) == block;
        }

        private void letGo(Block block) {
            if (blocks.remove(block.from, block)) {
                block.release();
            }
        }

        void clear() {
            List<Block> all = List.copyOf(blocks.values());
            all.forEach(this::letGo);
            wantedAgain.invalidateAll(all);
        }
    }
}
