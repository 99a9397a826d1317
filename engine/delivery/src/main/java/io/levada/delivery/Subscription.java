package io.levada.delivery;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.facade.BatchSink;
import io.levada.facade.GroupSession;
import io.levada.facade.ReaderStatus;
import io.levada.facade.WaitReason;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordFilter;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reader of any number of partitions with one credit for all of them. A state machine on one delivery loop: partitions
 * that can deliver stand in line and deliver a batch each in turn, the others wait in their {@link FeedView}. What comes in
 * from elsewhere (credit, cancelling, partitions) is handed to the loop.
 *
 * <p>Where a policy leaves records out, a turn lasts until something was delivered or nothing is there, over all steps and
 * reads that this takes, and a record of the credit is kept for it. Else those who have their records at hand would use up
 * the credit each time while another walks or reads, and what that one found would be outdated before it is delivered.
 *
 * <p>Public methods are safe for any thread, and may be called by the sink.
 */
public final class Subscription implements GroupSession.AssignedReader {
    private static final Logger LOG = LoggerFactory.getLogger(Subscription.class);

    /** Batches delivered before other subscriptions of the loop get their turn. */
    private static final int STEPS = 16;

    /** Blocks of storage asked for at once; more partitions than this take turns. */
    private static final int MAX_READS = 4;

    /** How long what is left of the credit in bytes may be kept for a batch that it does not cover. */
    private static final Duration BYTES_PATIENCE = Duration.ofMillis(1);

    /** How often one that is to end when it lags is looked at, while it has no credit. */
    private static final Duration LAG_LOOK = Duration.ofMillis(200);

    private final Delivery delivery;
    private final DeliveryLoop loop;
    private final int loopIndex;
    private final BatchSink sink;
    private final @Nullable RecordFilter filter;
    private final Overflow overflow;
    private final IntFunction<@Nullable Feed> partitions;

    private final AtomicLong grantedRecords = new AtomicLong();
    private final AtomicLong grantedBytes = new AtomicLong();
    private final AtomicBoolean signalled = new AtomicBoolean();
    private volatile boolean cancelled;

    /** In the loop's line; the loop's to set. */
    boolean queued;

    private final Map<Integer, Cursor> cursors = new HashMap<>();
    private final ArrayDeque<Cursor> ready = new ArrayDeque<>();
    private final ArrayDeque<Cursor> wantingBlock = new ArrayDeque<>();

    /** Whose turn is under way, at the head of the line or waiting for storage; never more than there are records. */
    private final Set<Cursor> inTurn = new HashSet<>();

    private int reading;
    private long records;
    private long bytes;

    /** The most of them that there were at once, as far as there may be as many again. */
    private long mostBytes;

    private boolean expectingBytes;
    private boolean watchingLag;
    /** The ends of partitions are being looked at, for the policy; or were, for the credit that is taken next. */
    private boolean looking;

    private boolean looked;
    private boolean sealed;
    private boolean ended;

    private WaitReason waits = WaitReason.NO_DEMAND;
    private long waitsSinceNanos;
    private long deliveredRecords;
    private long deliveredBytes;
    private long latestTimestampMs = -1;

    Subscription(
            Delivery delivery,
            DeliveryLoop loop,
            int loopIndex,
            BatchSink sink,
            @Nullable RecordFilter filter,
            Overflow overflow,
            IntFunction<@Nullable Feed> partitions) {
        this.delivery = delivery;
        this.loop = loop;
        this.loopIndex = loopIndex;
        this.sink = sink;
        this.filter = filter;
        this.overflow = overflow;
        this.partitions = partitions;
        this.waitsSinceNanos = delivery.nanos();
    }

    @Override
    public void credit(long records, long bytes) {
        if (records < 0 || bytes < 0) {
            fail(new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "credit is 0 or more, not " + records + " records, " + bytes + " bytes"));
            return;
        }
        grantedRecords.accumulateAndGet(records, Subscription::saturatedSum);
        grantedBytes.accumulateAndGet(bytes, Subscription::saturatedSum);
        if (signalled.compareAndSet(false, true)) {
            loop.execute(() -> loop.enqueue(this));
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
        loop.execute(this::release);
    }

    /** Ends with an error, unless it has ended. */
    public void fail(LevadaException error) {
        boolean open = loop.execute(() -> {
            if (!ended) {
                release();
                call(() -> sink.onError(error));
            }
        });
        if (!open && !ended) {
            ended = true;
            call(() -> sink.onError(error));
        }
    }

    @Override
    public void add(int handle, long offset) {
        loop.execute(() -> {
            Feed feed = partitions.apply(handle);
            if (feed != null) {
                start(handle, feed, offset, Long.MAX_VALUE);
            } else if (!ended) {
                LevadaException error = new LevadaException(
                        ErrorCode.FENCED_MEMBER_EPOCH, "partition handle " + handle + " is not owned");
                call(() -> sink.onPartitionEnd(handle, error));
            }
        });
    }

    /**
     * Starts a partition.
     *
     * @param from the first offset wanted; below the start of what is kept, the gap is told and reading goes on behind it
     * @param to the offset at which the partition ends, not delivered any more; {@link Long#MAX_VALUE} for never
     */
    public void add(int handle, Feed feed, long from, long to) {
        loop.execute(() -> start(handle, feed, from, to));
    }

    /** Tells where a partition is going to start, to a reader who cannot know. */
    public void tell(int handle, long offset) {
        loop.execute(() -> {
            if (!ended) {
                passed(handle, offset);
            }
        });
    }

    /** Tells that a partition cannot be read; others go on. */
    public void refuse(int handle, LevadaException error) {
        loop.execute(() -> {
            if (!ended) {
                call(() -> sink.onPartitionEnd(handle, error));
            }
        });
    }

    @Override
    public void remove(int handle) {
        loop.execute(() -> {
            Cursor cursor = cursors.get(handle);
            if (cursor != null) {
                cursor.end(null);
            }
        });
    }

    /** Ends a partition with an error, if it is being read; others go on. */
    public void end(int handle, LevadaException error) {
        loop.execute(() -> {
            Cursor cursor = cursors.get(handle);
            if (cursor != null) {
                cursor.end(error);
            }
        });
    }

    /** Says that no partition follows: the subscription completes when those it has have ended. */
    public void seal() {
        loop.execute(() -> {
            sealed = true;
            completeIfDone();
        });
    }

    @Override
    public CompletionStage<ReaderStatus> status() {
        CompletableFuture<ReaderStatus> status = new CompletableFuture<>();
        if (!loop.execute(() -> status.complete(statusNow()))) {
            status.completeExceptionally(Delivery.goingAway());
        }
        return status;
    }

    private ReaderStatus statusNow() {
        return new ReaderStatus(
                waits,
                Duration.ofNanos(delivery.nanos() - waitsSinceNanos),
                saturatedSum(records, grantedRecords.get()),
                saturatedSum(bytes, grantedBytes.get()),
                deliveredRecords,
                deliveredBytes,
                cursors.size(),
                cursors.values().stream().mapToLong(Cursor::lag).sum(),
                latestTimestampMs);
    }

    private void start(int handle, Feed feed, long from, long to) {
        if (ended || cancelled) {
            return;
        }
        Cursor cursor = new Cursor(this, handle, feed, feed.view(loopIndex), from, to);
        if (cursors.putIfAbsent(handle, cursor) != null) {
            release();
            call(() -> sink.onError(
                    new LevadaException(ErrorCode.INVALID_REQUEST, "partition handle " + handle + " is read already")));
            return;
        }
        feed.view(loopIndex).attach(cursor);
        LevadaException closed = feed.closed();
        if (closed != null) {
            cursor.end(closed);
        } else if (from >= to) {
            cursor.end(null);
        } else {
            ready.add(cursor);
            loop.enqueue(this);
        }
    }

    /**
     * Delivers what there is and what credit allows, some of it now and the rest in the next turn. A turn goes up to the end
     * of a block, so that those who read the same stretch stay near each other and share what is read for the first.
     */
    void serve() {
        signalled.set(false);
        if (looking || looksFirst()) {
            return;
        }
        boolean inBlock = true;
        for (int step = 0; step < STEPS && inBlock; step++) {
            WaitReason reason = mayStep();
            if (reason != WaitReason.NONE) {
                waitFor(reason);
                return;
            }
            Cursor.Step came = step(ready.remove());
            if (came == Cursor.Step.NEEDS_BYTES) {
                waitFor(WaitReason.NO_BYTES);
                return;
            }
            inBlock = came != Cursor.Step.NEXT_BLOCK;
        }
        if (!ended) {
            waitFor(WaitReason.NONE);
            loop.enqueue(this);
        }
    }

    private WaitReason mayStep() {
        takeCredit();
        if (records == 0) {
            return WaitReason.NO_DEMAND;
        } else if (bytes <= 0) {
            return WaitReason.NO_BYTES;
        } else if (ready.isEmpty() || creditFor(ready.element()) == 0) {
            return reading > 0 ? WaitReason.READING : WaitReason.NO_DATA;
        }
        return cancelled ? WaitReason.NO_DEMAND : WaitReason.NONE;
    }

    /**
     * Whether credit came after it had run out, and it is to be found out first how much waits, for the policy to go by; served
     * again once that is known.
     */
    private boolean looksFirst() {
        boolean isBack = hasRunOut() && (grantedRecords.get() > 0 || grantedBytes.get() > 0);
        if (!isBack || overflow.policy() == Overflow.Policy.PAUSE || looked) {
            return false;
        }
        return look(() -> {
            looked = true;
            loop.enqueue(this);
        });
    }

    /** Has the ends of partitions brought up to date, and goes on in the loop; false where they are. */
    private boolean look(Runnable then) {
        List<CompletableFuture<Void>> looks = new ArrayList<>();
        for (Cursor cursor : cursors.values()) {
            CompletionStage<Void> look = cursor.look();
            if (look != null) {
                looks.add(look.toCompletableFuture());
            }
        }
        if (looks.isEmpty()) {
            return false;
        }
        looking = true;
        CompletionStage<Void> all = CompletableFuture.allOf(looks.toArray(CompletableFuture[]::new));
        all.whenComplete((done, error) -> loop.execute(() -> {
            looking = false;
            if (!ended) {
                then.run();
            }
        }));
        return true;
    }

    /** Takes the credit that came; where it had run out, what waited meanwhile is treated as the policy has it. */
    private void takeCredit() {
        boolean hadRunOut = hasRunOut();
        looked = false;
        records = saturatedSum(records, grantedRecords.getAndSet(0));
        bytes = saturatedSum(bytes, grantedBytes.getAndSet(0));
        mostBytes = Math.max(mostBytes, bytes);
        if (hadRunOut && !hasRunOut() && overflow.policy() != Overflow.Policy.PAUSE) {
            for (Cursor cursor : List.copyOf(cursors.values())) {
                if (!inTurn.contains(cursor)) {
                    cursor.overflow(overflow);
                }
            }
        }
    }

    /** Whether nothing may be delivered after something was; what asked for nothing yet has not run out. */
    private boolean hasRunOut() {
        return (records <= inTurn.size() || bytes <= 0) && deliveredRecords > 0;
    }

    /** Records that it may deliver now: all but those that are kept for others. */
    private long creditFor(Cursor cursor) {
        return records - inTurn.size() + (inTurn.contains(cursor) ? 1 : 0);
    }

    /** Whether a turn goes on after a step, so that credit is kept for it. */
    private boolean goesOn(Cursor.Step came, boolean delivered) {
        boolean leavesOut =
                switch (overflow.policy()) {
                    case PAUSE, DISCONNECT -> false;
                    case LATEST, CONFLATE, DROP -> true;
                };
        return switch (came) {
            case GO_ON, NEXT_BLOCK, NEEDS_BLOCK -> leavesOut && !delivered;
            case AT_TAIL, NEEDS_BYTES, ENDED -> false;
        };
    }

    private Cursor.Step step(Cursor cursor) {
        Cursor.Step came;
        long before = deliveredRecords;
        try {
            came = cursor.step(creditFor(cursor), bytes);
        } catch (RuntimeException e) {
            cursor.end(LevadaException.of(e));
            return Cursor.Step.ENDED;
        } catch (OutOfMemoryError e) {
            // Rather an end that the reader sees, and comes back from, than one that hears nothing more.
            LOG.warn("no memory to deliver a batch: {}", e.getMessage());
            release();
            call(() -> sink.onError(new LevadaException(
                    ErrorCode.THROTTLED, "the log is out of memory for its readers; read on in a while", e)));
            return Cursor.Step.ENDED;
        }
        if (goesOn(came, deliveredRecords > before)) {
            inTurn.add(cursor);
        } else {
            inTurn.remove(cursor);
        }
        switch (came) {
            case GO_ON, NEXT_BLOCK -> line(cursor);
            case AT_TAIL -> cursor.letGo();
            case ENDED -> {}
            case NEEDS_BYTES -> {
                ready.addFirst(cursor);
                expectBytes();
            }
            case NEEDS_BLOCK -> {
                if (reading < MAX_READS) {
                    reading++;
                    cursor.load();
                } else {
                    wantingBlock.add(cursor);
                }
            }
        }
        return came;
    }

    /**
     * Whether to keep what is left of the credit for a batch that it does not cover. Credit in bytes comes back piece by piece
     * while it is used up; to cut a batch to each piece costs a walk and a copy, where a moment later it goes out as it is.
     */
    boolean expectsBytes(int size) {
        return size <= mostBytes / 2;
    }

    /** Where as much does not come again within the patience, batches are cut to what there is. */
    private void expectBytes() {
        if (!expectingBytes) {
            expectingBytes = true;
            long before = deliveredBytes;
            loop.later(BYTES_PATIENCE, () -> {
                expectingBytes = false;
                mostBytes = deliveredBytes == before ? 0 : mostBytes;
                loop.enqueue(this);
            });
        }
    }

    private void waitFor(WaitReason reason) {
        ready.forEach(Cursor::letGo);
        if (overflow.policy() == Overflow.Policy.DISCONNECT && hasRunOut()) {
            watchLag();
        }
        if (waits != reason) {
            waits = reason;
            waitsSinceNanos = delivery.nanos();
        }
    }

    /** Looks now and then whether more waits than may. */
    private void watchLag() {
        if (!watchingLag && !ended) {
            watchingLag = true;
            loop.later(LAG_LOOK, () -> {
                watchingLag = false;
                if (!ended && hasRunOut() && !looking && !look(this::lookAtLag)) {
                    lookAtLag();
                }
            });
        }
    }

    private void lookAtLag() {
        List.copyOf(cursors.values()).forEach(cursor -> cursor.overflow(overflow));
        if (hasRunOut()) {
            watchLag();
        }
        loop.enqueue(this); // for the credit that came meanwhile
    }

    Delivery delivery() {
        return delivery;
    }

    Limits limits() {
        return delivery.limits();
    }

    /** Which records are wanted, or null for all. */
    @Nullable
    RecordFilter filter() {
        return filter;
    }

    /** Whether a batch may go out in the codec it is stored in. */
    boolean accepts(ByteBuf batch) {
        Compression codec = RecordBatch.compression(batch);
        return codec == Compression.NONE || sink.accepts(codec);
    }

    DeliveryLoop loop() {
        return loop;
    }

    /** A cursor has something to do again. */
    void wake(Cursor cursor) {
        line(cursor);
        loop.enqueue(this);
    }

    private void line(Cursor cursor) {
        if (inTurn.contains(cursor)) {
            ready.addFirst(cursor);
        } else {
            ready.addLast(cursor);
        }
    }

    /** A read for a cursor is through, whatever came of it. */
    void readEnded() {
        reading--;
        Cursor next = wantingBlock.poll();
        if (next != null) {
            wake(next);
        }
    }

    void deliver(int handle, int count, ByteBuf batch) {
        int size = batch.readableBytes();
        records -= count;
        bytes -= size;
        deliveredRecords += count;
        deliveredBytes += size;
        latestTimestampMs = Math.max(latestTimestampMs, RecordBatch.maxTimestamp(batch));
        call(() -> sink.onBatch(handle, count, batch), batch::release);
    }

    void gap(int handle, long from, long to) {
        call(() -> sink.onGap(handle, from, to));
    }

    void dropped(int handle, long from, long to) {
        call(() -> sink.onDropped(handle, from, to));
    }

    void passed(int handle, long offset) {
        call(() -> sink.onPassed(handle, offset));
    }

    /** A cursor has let go of everything; tells, unless the whole subscription ends. */
    void ended(Cursor cursor, @Nullable LevadaException error) {
        cursors.remove(cursor.handle());
        ready.remove(cursor);
        wantingBlock.remove(cursor);
        inTurn.remove(cursor);
        call(() -> sink.onPartitionEnd(cursor.handle(), error));
        completeIfDone();
    }

    private void completeIfDone() {
        if (sealed && cursors.isEmpty() && !ended) {
            release();
            call(sink::onComplete);
        }
    }

    private void release() {
        if (!ended) {
            ended = true;
            delivery.forget(this);
            ready.clear();
            wantingBlock.clear();
            inTurn.clear();
            List.copyOf(cursors.values()).forEach(Cursor::release);
            cursors.clear();
        }
    }

    private void call(Runnable callback) {
        call(callback, () -> {});
    }

    /** @param unheard runs instead once the reader has gone, which may be at any moment: it is looked at once */
    private void call(Runnable callback, Runnable unheard) {
        if (cancelled) {
            unheard.run();
            return;
        }
        try {
            callback.run();
        } catch (RuntimeException e) {
            LOG.error("a reader's callback failed; the reader is dropped", e);
            cancel();
        }
    }

    private static long saturatedSum(long a, long b) {
        long sum = a + b;
        return b > 0 && sum < a ? Long.MAX_VALUE : sum;
    }
}
