package io.levada.delivery;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.TopicPartition;
import io.levada.env.Clock;
import io.levada.env.Loop;
import io.levada.env.Scheduler;
import io.levada.facade.BatchSink;
import io.levada.facade.ReadTotals;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Serves subscriptions of partitions. A few loops carry any number of subscriptions; each lives on one of them and is a
 * state machine without locks. When a partition's durable end moves, each loop is woken once and serves those of its own
 * that wait. Records come from the partition's tail where they are there, else from blocks of storage that a reader loop
 * reads once for all who want them. Nothing is looked up, read or cut for a subscription that has no credit.
 *
 * <p>Safe for any thread.
 */
public final class Delivery {
    /** The part of the heap for the keys of readers that want the last record of each; 16 MiB where that is less. */
    private static final long CONFLATION_BYTES =
            Math.min(16L << 20, Runtime.getRuntime().maxMemory() / 16);

    private final Clock clock;
    private final DeliveryLimits bounds;
    private final Limits limits;
    private final List<DeliveryLoop> loops = new ArrayList<>();
    private final List<Loop> readers = new ArrayList<>();
    private final BlockCache blocks;
    private final DeliveryCounters counters = new DeliveryCounters();
    private final Set<Feed> feeds = ConcurrentHashMap.newKeySet();
    private final Set<Subscription> subscriptions = ConcurrentHashMap.newKeySet();
    private final AtomicInteger feedsRead = new AtomicInteger();
    private final AtomicInteger conflating = new AtomicInteger();
    private final AtomicInteger nextLoop = new AtomicInteger();
    private final AtomicInteger nextReader = new AtomicInteger();
    private volatile boolean closed;

    /**
     * @param bounds what it may use
     * @param limits what batches may measure
     */
    public Delivery(Scheduler scheduler, Clock clock, DeliveryLimits bounds, Limits limits) {
        this.clock = clock;
        this.bounds = bounds;
        this.limits = limits;
        for (int i = 0; i < bounds.loops(); i++) {
            loops.add(new DeliveryLoop(scheduler.newLoop("delivery-" + i)));
        }
        for (int i = 0; i < bounds.readers(); i++) {
            readers.add(scheduler.newLoop("reader-" + i));
        }
        blocks = new BlockCache(bounds.blockCacheBytes());
    }

    /** Makes a partition readable; once for each partition. {@link Feed#close} and {@link #detach} end it. */
    public Feed attach(TopicPartition name, PartitionSource source) {
        Loop reader = readers.get(Math.floorMod(nextReader.getAndIncrement(), readers.size()));
        Feed feed = new Feed(name, source, this, reader, blocks, loops);
        feeds.add(feed);
        return feed;
    }

    /** Ends all readers of a partition with an error, and forgets it. */
    public void detach(Feed feed, LevadaException error) {
        feed.close(error);
        feeds.remove(feed);
    }

    /**
     * Opens a subscription without partitions and without credit, which does not complete before {@link
     * Subscription#seal}.
     *
     * @param filter which records it wants, or null for all
     * @param overflow what becomes of what waits while it has no credit
     * @param partitions what {@link Subscription#add(int, long)} may add; null for a handle that is not to be read
     */
    public Subscription subscribe(
            BatchSink sink, @Nullable RecordFilter filter, Overflow overflow, IntFunction<@Nullable Feed> partitions) {
        int loop = Math.floorMod(nextLoop.getAndIncrement(), loops.size());
        Subscription subscription = new Subscription(this, loops.get(loop), loop, sink, filter, overflow, partitions);
        subscriptions.add(subscription);
        if (closed) {
            subscription.fail(goingAway());
        }
        return subscription;
    }

    /** What was done so far. */
    public ReadTotals totals() {
        return counters.totals();
    }

    /** How many subscriptions are open. */
    public int subscriptions() {
        return subscriptions.size();
    }

    /**
     * Ends all subscriptions with {@link ErrorCode#GOING_AWAY} and lets all memory go; complete when that is done. Sources
     * must be silent by then; the loops are the scheduler's to end.
     */
    public CompletionStage<Void> close() {
        closed = true;
        subscriptions.forEach(subscription -> subscription.fail(goingAway()));
        List<CompletableFuture<Void>> read = new ArrayList<>();
        readers.forEach(reader -> read.add(CompletableFuture.runAsync(() -> {}, reader)));
        return CompletableFuture.allOf(read.toArray(CompletableFuture[]::new))
                .thenCompose(done -> {
                    List<CompletableFuture<Void>> served = new ArrayList<>();
                    loops.forEach(loop -> served.add(CompletableFuture.runAsync(() -> {}, loop::execute)));
                    return CompletableFuture.allOf(served.toArray(CompletableFuture[]::new));
                })
                .thenRun(() -> feeds.forEach(Feed::clear));
    }

    static LevadaException goingAway() {
        return new LevadaException(ErrorCode.GOING_AWAY, "the log is closing; read on when it is open again");
    }

    void forget(Subscription subscription) {
        subscriptions.remove(subscription);
    }

    void feedsRead(int change) {
        feedsRead.addAndGet(change);
    }

    /** A partition's share of the bytes for tails, as many as are read now. */
    long tailBytesEach() {
        return bounds.tailBytes() / Math.max(1, feedsRead.get());
    }

    void conflating(int change) {
        conflating.addAndGet(change);
    }

    /** What a reader may keep of keys to find the last record of each, as many as do now. */
    long conflationBytesEach() {
        return CONFLATION_BYTES / Math.max(1, conflating.get());
    }

    DeliveryCounters counters() {
        return counters;
    }

    int blockBytes() {
        return bounds.blockBytes();
    }

    Limits limits() {
        return limits;
    }

    long nanos() {
        return clock.nanos();
    }
}
