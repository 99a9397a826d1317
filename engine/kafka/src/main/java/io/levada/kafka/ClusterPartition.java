package io.levada.kafka;

import io.levada.delivery.Delivery;
import io.levada.delivery.Feed;
import io.levada.delivery.PartitionSource;
import io.levada.kafka.ClusterOffsets.Bounds;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * A partition of the cluster, as delivery reads it: what live readers wait for comes from the fetcher of tails, what lies
 * behind as its leader has stored it, or else from the fetchers of blocks. Safe for any thread.
 */
final class ClusterPartition implements PartitionSource {
    /** Who has a partition, and which topic of its name that is. */
    record Leader(Node node, Uuid topicId) {}

    private final TopicPartition id;
    private final TailFetcher tails;
    private final StoredBlocks stored;
    private final BlockFetchers blocks;
    private final BlockFetchers peeks;
    private final ClusterOffsets offsets;
    private final EndLook ends;
    private final Feed feed;
    private volatile long start;
    private volatile long visible;
    private volatile boolean awaited;
    private volatile @Nullable Leader leader;

    /** Set by the feed as it is made. */
    private @Nullable TailListener listener;

    ClusterPartition(
            TopicPartition id,
            Bounds bounds,
            TailFetcher tails,
            StoredBlocks stored,
            BlockFetchers blocks,
            BlockFetchers peeks,
            ClusterOffsets offsets,
            EndLook ends,
            Delivery delivery) {
        this.id = id;
        this.start = bounds.start();
        this.visible = bounds.visible();
        this.tails = tails;
        this.stored = stored;
        this.blocks = blocks;
        this.peeks = peeks;
        this.offsets = offsets;
        this.ends = ends;
        this.feed = delivery.attach(new io.levada.TopicPartition(id.topic(), id.partition()), this);
    }

    TopicPartition id() {
        return id;
    }

    Feed feed() {
        return feed;
    }

    @Override
    public long start() {
        return start;
    }

    @Override
    public long durable() {
        return visible;
    }

    @Override
    public ByteBuf read(long offset, int maxBytes) {
        ByteBuf block = stored.read(this, offset);
        return block != null ? block : blocks.read(this, offset);
    }

    /** As {@link #read}, of few bytes, for who wants one record. */
    ByteBuf peek(long offset) {
        return peeks.read(this, offset);
    }

    @Override
    public long offsetAt(long timestampMs) {
        return ClusterOffsets.await(offsets.at(id, timestampMs));
    }

    @Override
    public void onDurable(TailListener tailListener) {
        listener = tailListener;
    }

    @Override
    public void awaited(boolean wanted) {
        awaited = wanted;
        if (wanted) {
            tails.want(this);
        }
    }

    /** Whether a reader waits for what comes next. */
    boolean isAwaited() {
        return awaited;
    }

    /** Who has it, or null where that is not known. */
    @Nullable
    Leader leader() {
        return leader;
    }

    /** Takes note of who has it; null until that is looked for again. */
    void leader(@Nullable Leader found) {
        leader = found;
    }

    /** Takes note of what its leader says. */
    void bounds(Bounds bounds) {
        startsAt(bounds.start());
        endsAt(bounds.visible());
    }

    /** What lies before an offset is gone. */
    synchronized void startsAt(long offset) {
        start = Math.max(start, offset);
    }

    /** What lies before an offset is there to be read. */
    void endsAt(long offset) {
        if (raise(offset) && listener != null) {
            listener.moved();
        }
    }

    /** What was fetched behind the end; the batch stays the caller's. */
    void came(long from, long next, ByteBuf batch) {
        if (listener != null) {
            listener.durable(from, next, batch);
        }
        raise(next);
    }

    private synchronized boolean raise(long offset) {
        boolean higher = offset > visible;
        visible = Math.max(visible, offset);
        return higher;
    }

    @Override
    public CompletionStage<Void> look() {
        return ends.at(this);
    }

    /** Asks its leader where it begins and ends now; blocks. */
    Bounds ask() {
        Bounds bounds = ClusterOffsets.await(offsets.bounds(List.of(id))).get(id);
        if (bounds == null) {
            throw new IllegalStateException("no bounds of " + id);
        }
        bounds(bounds);
        return bounds;
    }

    @Override
    public String toString() {
        return id.toString();
    }
}
