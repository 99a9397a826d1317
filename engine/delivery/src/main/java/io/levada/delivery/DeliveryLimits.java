package io.levada.delivery;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.util.internal.PlatformDependent;

/**
 * What delivery may use. Immutable.
 *
 * @param loops threads that serve subscriptions, 1 to 64
 * @param readers threads that read storage, 1 to 64; a partition is read by one of them
 * @param tailBytes most bytes of recent batches kept for live readers, over all partitions that have any, 64 KiB to 16
 *     GiB; the last batch of each is kept whatever its size
 * @param blockCacheBytes most bytes of storage kept for readers that are behind, 64 KiB to 16 GiB
 * @param blockBytes how much of storage is read at once, 4 KiB to 16 MiB
 */
public record DeliveryLimits(int loops, int readers, long tailBytes, long blockCacheBytes, int blockBytes) {
    public static final long LEAST_CACHE_BYTES = 64 << 10;
    public static final long MOST_CACHE_BYTES = 16L << 30;
    /** The part of direct memory that each of the two caches takes at most, unless told otherwise. */
    private static final int PARTS_OF_MEMORY = 8;

    public DeliveryLimits {
        require(loops >= 1 && loops <= 64, "loops: 1 to 64");
        require(readers >= 1 && readers <= 64, "readers: 1 to 64");
        require(tailBytes >= LEAST_CACHE_BYTES && tailBytes <= MOST_CACHE_BYTES, "tailBytes: 64 KiB to 16 GiB");
        require(
                blockCacheBytes >= LEAST_CACHE_BYTES && blockCacheBytes <= MOST_CACHE_BYTES,
                "blockCacheBytes: 64 KiB to 16 GiB");
        require(blockBytes >= 4 << 10 && blockBytes <= 16 << 20, "blockBytes: 4 KiB to 16 MiB");
    }

    /**
     * Two loops, two readers, 32 MiB of tails, 32 MiB of blocks of 256 KiB each; where that is more than an eighth of the
     * direct memory there may be, an eighth for each.
     */
    public static DeliveryLimits defaults() {
        long cacheBytes =
                Math.max(LEAST_CACHE_BYTES, Math.min(32L << 20, PlatformDependent.maxDirectMemory() / PARTS_OF_MEMORY));
        return new DeliveryLimits(2, 2, cacheBytes, cacheBytes, 256 << 10);
    }

    public DeliveryLimits withCaches(long tails, long blocks) {
        return new DeliveryLimits(loops, readers, tails, blocks, blockBytes);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_CONFIG, what);
        }
    }
}
