package io.levada.delivery;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Blocks read from storage, weighed in bytes over all partitions. Caffeine says which to let go; each partition's {@link
 * Index} finds the one that holds an offset. A block let go stays valid for those who hold it.
 */
final class BlockCache {
    private final Cache<Block, Index> blocks;

    BlockCache(long maxBytes) {
        blocks = Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .weigher((Block block, Index index) -> block.pinnedBytes())
                .executor(Runnable::run)
                .removalListener(BlockCache::letGo)
                .build();
    }

    private static void letGo(@Nullable Block block, @Nullable Index index, RemovalCause cause) {
        if (block != null && index != null) {
            index.blocks.remove(block.from, block);
            block.release();
        }
    }

    Index newIndex() {
        return new Index();
    }

    /** One partition's blocks, by offset. */
    final class Index {
        private final ConcurrentSkipListMap<Long, Block> blocks = new ConcurrentSkipListMap<>();

        /** The block that holds an offset, retained, or null. */
        @Nullable
        Block find(long offset) {
            Map.Entry<Long, Block> entry = blocks.floorEntry(offset);
            if (entry == null || !entry.getValue().holds(offset)) {
                return null;
            }
            Block block = entry.getValue();
            boolean kept = BlockCache.this.blocks.getIfPresent(block) != null;
            return kept && block.tryRetain() ? block : null;
        }

        /** Keeps a block, of which the caller stays a holder. */
        void put(Block block) {
            if (!block.tryRetain()) {
                throw new IllegalStateException("the caller holds the block");
            }
            Block replaced = blocks.put(block.from, block);
            BlockCache.this.blocks.put(block, this);
            if (replaced != null) {
                BlockCache.this.blocks.invalidate(replaced);
            }
        }

        void clear() {
            BlockCache.this.blocks.invalidateAll(blocks.values());
        }
    }
}
