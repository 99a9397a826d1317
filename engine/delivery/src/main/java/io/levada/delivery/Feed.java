package io.levada.delivery;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.env.Loop;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A partition as subscriptions read it: its source, the batches that became durable last, and the blocks read from
 * storage. Safe for any thread; nothing here is shared with other partitions but the weights of the caches.
 */
public final class Feed {
    private final TopicPartition name;
    private final PartitionSource source;
    private final Delivery delivery;
    private final Loop reader;
    private final TailCache tail = new TailCache();
    private final BlockCache.Index blocks;
    private final BlockCache.Index inflated;
    private final List<FeedView> views;
    private final AtomicInteger readers = new AtomicInteger();

    /** Of how many loops somebody waits for records. */
    private final AtomicInteger awaiting = new AtomicInteger();

    private volatile long heardDurable;
    private volatile @Nullable LevadaException closed;

    Feed(
            TopicPartition name,
            PartitionSource source,
            Delivery delivery,
            Loop reader,
            BlockCache blocks,
            List<DeliveryLoop> loops) {
        this.name = name;
        this.source = source;
        this.delivery = delivery;
        this.reader = reader;
        this.blocks = blocks.newIndex();
        this.inflated = blocks.newIndex();
        this.views = loops.stream().map(loop -> new FeedView(this, loop)).toList();
        source.onDurable(new PartitionSource.TailListener() {
            @Override
            public void durable(long baseOffset, long nextOffset, ByteBuf batch) {
                onDurable(baseOffset, nextOffset, batch);
            }

            @Override
            public void moved() {
                views.forEach(FeedView::advanced);
            }
        });
    }

    public TopicPartition name() {
        return name;
    }

    /** The earliest offset that is kept. */
    public long start() {
        return source.start();
    }

    /** The offset below which records may be delivered. */
    public long durable() {
        return Math.max(heardDurable, source.durable());
    }

    /** The offset of the first record whose timestamp is at or after this, or the durable end. */
    public CompletionStage<Long> offsetAt(long timestampMs) {
        CompletableFuture<Long> found = new CompletableFuture<>();
        reader.execute(() -> {
            try {
                found.complete(source.offsetAt(timestampMs));
            } catch (RuntimeException e) {
                found.completeExceptionally(LevadaException.of(e));
            }
        });
        return found;
    }

    /** Ends all readers with an error, now and from now on; what is cached goes. */
    public void close(LevadaException error) {
        closed = error;
        views.forEach(view -> view.close(error));
        reader.execute(this::clear);
    }

    void clear() {
        tail.clear();
        blocks.clear();
        inflated.clear();
    }

    long tailPinnedBytes() {
        return tail.pinnedBytes();
    }

    @Nullable
    LevadaException closed() {
        return closed;
    }

    FeedView view(int loop) {
        return views.get(loop);
    }

    void readerAdded() {
        if (readers.getAndIncrement() == 0) {
            delivery.feedsRead(1);
        }
    }

    /** Without readers the tail is let go: whoever comes next begins in storage anyway. */
    void readerRemoved() {
        if (readers.decrementAndGet() == 0) {
            delivery.feedsRead(-1);
            tail.clear();
        }
    }

    /** As {@link PartitionSource#look}. */
    @Nullable
    CompletionStage<Void> look() {
        return source.look();
    }

    /** The first who waits for records on a loop, or the last who did. */
    void awaited(boolean wanted) {
        int before = awaiting.getAndAdd(wanted ? 1 : -1);
        if (before == (wanted ? 0 : 1)) {
            source.awaited(wanted);
        }
    }

    private void onDurable(long baseOffset, long nextOffset, ByteBuf batch) {
        if (readers.get() > 0 && closed == null) {
            tail.append(baseOffset, nextOffset, batch, delivery.tailBytesEach());
            if (readers.get() == 0 || closed != null) {
                tail.clear();
            }
        }
        heardDurable = nextOffset;
        for (FeedView view : views) {
            view.advanced();
        }
    }

    /** The cached block that holds an offset, retained, or null. */
    @Nullable
    Block find(long offset) {
        Block recent = tail.find(offset);
        return recent != null ? recent : blocks.find(offset);
    }

    /**
     * A compressed batch of this partition, inflated once for all who cut it, as a block of its own, retained; null for one
     * that is not compressed.
     */
    @Nullable
    Block inflated(ByteBuf batch) {
        if (RecordBatch.compression(batch) == Compression.NONE) {
            return null;
        }
        long base = RecordBatch.baseOffset(batch);
        Block known = inflated.find(base);
        return known != null ? known : inflate(base, batch);
    }

    private synchronized Block inflate(long base, ByteBuf batch) {
        Block known = inflated.find(base);
        if (known != null) {
            return known;
        }
        delivery.counters().inflatedOne();
        Block block = new Block(base, RecordBatch.nextOffset(batch), RecordBatch.inflate(batch, delivery.limits()));
        if (closed == null) {
            inflated.put(block);
            if (closed != null) {
                inflated.clear();
            }
        }
        return block;
    }

    /** Reads the block that holds an offset, unless it has come by then; the block passed on is retained for the taker. */
    void load(long offset, BiConsumer<@Nullable Block, @Nullable LevadaException> taker) {
        reader.execute(() -> {
            Block block = null;
            LevadaException error = null;
            try {
                block = find(offset);
                if (block == null) {
                    block = read(offset);
                }
            } catch (RuntimeException e) {
                error = LevadaException.of(e);
            }
            taker.accept(block, error);
        });
    }

    private Block read(long offset) {
        ByteBuf bytes = source.read(offset, delivery.blockBytes());
        delivery.counters().read(bytes.readableBytes());
        try {
            long next = BatchWalk.nextOffset(bytes);
            if (next <= offset) {
                throw new LevadaException(
                        ErrorCode.STORAGE_FAILED, "nothing was read at offset " + offset + " of " + name);
            }
            Block block = new Block(offset, next, bytes.retain());
            if (closed == null) {
                blocks.put(block);
            }
            return block;
        } finally {
            bytes.release();
        }
    }
}
