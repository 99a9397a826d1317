package io.levada.delivery;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.protocol.BatchCutter;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordTest;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** One partition of one subscription: the place reached, and the block or the batch it is in the middle of. */
final class Cursor {
    /** What became of a step. */
    enum Step {
        GO_ON,
        /** Came to the end of a block. */
        NEXT_BLOCK,
        AT_TAIL,
        NEEDS_BLOCK,
        /** The batch is to go out whole, once there is credit for it. */
        NEEDS_BYTES,
        ENDED
    }

    /** How soon a reader hears that it got past offsets without a record for it, when nothing else comes. */
    private static final Duration TELL_PASSED = Duration.ofMillis(200);

    /** After how many of them it hears in any case. */
    private static final int MAX_PASSED_OFFSETS = 4_096;

    /** How much larger a block may be than the one batch for which it is kept. */
    private static final int MAX_PINNED_FACTOR = 4;

    private final Subscription subscription;
    private final int handle;
    private final Feed feed;
    private final FeedView view;
    private final long end;
    private long position;

    /** Up to where the reader has heard of everything; below the position where offsets were passed over. */
    private long told;

    private boolean tellingPassed;
    private boolean released;

    /** The block being read from, during a turn. */
    private @Nullable Block held;

    /** The block last read from, which others may have let go since, and where in it the next batch begins. */
    private @Nullable Block last;

    private int index;

    /** Where the reader asked for too little and wants the last records of what waits: these, while there are any. */
    private @Nullable Conflation conflation;

    /** Up to where the policy is to be applied; beyond what was walked, once the records found before are delivered. */
    private long scanTo;

    /** Whether the walk for them is under way; none of them is delivered until then. */
    private boolean walking;

    /** Where in its batch the position is, if that is handed out in parts; nothing of the batch is kept between two. */
    private BatchCutter.@Nullable Place place;

    Cursor(Subscription subscription, int handle, Feed feed, FeedView view, long position, long end) {
        this.subscription = subscription;
        this.handle = handle;
        this.feed = feed;
        this.view = view;
        this.position = position;
        this.told = position;
        this.end = end;
    }

    int handle() {
        return handle;
    }

    long position() {
        return position;
    }

    /** As {@link PartitionSource#look}. */
    @Nullable
    CompletionStage<Void> look() {
        return feed.look();
    }

    /** Offsets that may be read and were not. */
    long lag() {
        long reached = conflation == null ? position : conflation.next();
        return Math.max(0, Math.min(feed.durable(), end) - Math.max(reached, feed.start()));
    }

    /** Treats what waits as the policy has it, if it is more than may wait. */
    void overflow(Overflow overflow) {
        long to = Math.min(feed.durable(), end);
        if (released || lag() <= overflow.maxLag()) {
            return;
        }
        switch (overflow.policy()) {
            case PAUSE -> {}
            case LATEST -> {
                if (subscription.filter() == null) {
                    moveTo(Math.max(position, to - 1));
                } else {
                    conflate(false, to);
                }
            }
            case CONFLATE -> conflate(true, to);
            case DROP -> drop(to);
            case DISCONNECT ->
                subscription.fail(new LevadaException(
                        ErrorCode.SLOW_CONSUMER,
                        lag() + " records of " + feed.name() + " wait, of " + overflow.maxLag()
                                + " that may; ask for more, or read on from offset:" + position));
        }
    }

    /** What is gone already is not dropped: the next step tells of it. */
    private void drop(long to) {
        if (position >= feed.start()) {
            long from = position;
            moveTo(to);
            told = to;
            subscription.dropped(handle, from, to);
            endedOrOn();
        }
    }

    private void conflate(boolean byKey, long to) {
        if (conflation == null) {
            conflation = new Conflation(subscription.filter(), byKey, position);
            subscription.delivery().conflating(1);
        }
        scanTo = to;
        walking |= !byKey;
    }

    /**
     * Goes to where the walk goes on, or else to the next record that it has found. What was found of each key is delivered
     * before there is another walk: with newer ones put in its place behind the others, whose keys come by turns, it would
     * always be the first of these that is delivered.
     */
    private void aim(Conflation found) {
        boolean room = found.bytes() < subscription.delivery().conflationBytesEach();
        walking = found.scanned() < scanTo && (found.isEmpty() || (walking && room));
        if (walking) {
            moveTo(found.scanned());
            return;
        }
        moveTo(found.next());
        if (found.isEmpty()) {
            endConflation();
        }
    }

    private void endConflation() {
        if (conflation != null) {
            conflation = null;
            subscription.delivery().conflating(-1);
        }
    }

    private void moveTo(long offset) {
        place = null;
        last = null;
        position = offset;
    }

    /** Delivers one batch at most, within credit that is above zero. */
    Step step(long records, long bytes) {
        if (conflation != null) {
            aim(conflation);
        }
        if (conflation == null && position >= end) {
            return endedOrOn();
        }
        if (position < feed.start()) {
            return skipTo(feed.start());
        }
        if (position - told >= MAX_PASSED_OFFSETS) {
            tellPassed();
        }
        if (position >= feed.durable()) {
            tellPassedSoon();
            return view.awaitRecords(this) ? Step.AT_TAIL : Step.GO_ON;
        }
        if (held != null && !held.holds(position)) {
            letGo();
            return Step.NEXT_BLOCK;
        }
        if (held == null) {
            held = feed.find(position);
        }
        return held == null ? Step.NEEDS_BLOCK : deliverFrom(held, records, bytes);
    }

    private Step skipTo(long start) {
        long from = conflation == null ? position : Math.min(position, conflation.next());
        position = Math.min(start, end);
        told = position;
        if (conflation != null) {
            conflation.scanned(position);
            conflation.delivered(position);
        }
        subscription.gap(handle, from, position);
        return endedOrOn();
    }

    private Step deliverFrom(Block block, long records, long bytes) {
        ByteBuf all = block.bytes();
        index = BatchWalk.find(all, block == last ? index : 0, position);
        last = block;
        if (index >= all.readableBytes()) {
            return passTo(block.next);
        }
        ByteBuf batch = BatchWalk.batchAt(all, index);
        int count = RecordBatch.recordCount(batch);
        if (count == 0) {
            return passTo(RecordBatch.nextOffset(batch));
        }
        boolean whole = isWhole(batch) && count <= records;
        boolean asStored = whole && subscription.accepts(batch);
        Step step = asStored ? deliverWhole(batch, block, bytes) : null;
        return step != null ? step : deliverInflated(batch, whole && !asStored, records, bytes);
    }

    /** Delivers all of a batch; null where credit does not cover it, and no more is to be expected. */
    private @Nullable Step deliverWhole(ByteBuf batch, Block block, long bytes) {
        int size = batch.readableBytes();
        if (size > bytes) {
            return subscription.expectsBytes(size) ? Step.NEEDS_BYTES : null;
        }
        position = RecordBatch.nextOffset(batch);
        told = position;
        subscription.deliver(handle, RecordBatch.recordCount(batch), keep(batch, block, bytes));
        return endedOrOn();
    }

    /**
     * Delivers a batch inflated, all of it where it is to go out whole and credit covers it, else what is wanted. Nothing
     * larger goes out than a batch may be stored, which readers hold batches to, and frames have room for.
     */
    private Step deliverInflated(ByteBuf batch, boolean whole, long records, long bytes) {
        Block inflated = feed.inflated(batch);
        if (inflated == null) {
            return walk(batch, records, bytes);
        }
        try {
            ByteBuf plain = inflated.bytes().slice(); // of which others have slices of their own
            int most = subscription.limits().maxBatchBytes();
            Step step = whole && plain.readableBytes() <= most ? deliverWhole(plain, inflated, bytes) : null;
            return step != null ? step : walk(plain, records, Math.min(bytes, most));
        } finally {
            inflated.release();
        }
    }

    /** Whether all of a batch is wanted, so that it goes out in one where credit allows. */
    private boolean isWhole(ByteBuf batch) {
        return conflation == null
                && subscription.filter() == null
                && RecordBatch.baseOffset(batch) >= position
                && RecordBatch.nextOffset(batch) <= end;
    }

    private Step walk(ByteBuf batch, long records, long bytes) {
        Conflation found = conflation;
        if (found != null && walking) {
            found.scan(batch, end, RecordBatch.nextOffset(batch), subscription.limits());
            return Step.GO_ON;
        }
        return cut(batch, found == null ? subscription.filter() : found, records, bytes);
    }

    /** Goes past offsets at which there is nothing. */
    private Step passTo(long offset) {
        position = offset;
        if (conflation != null && walking) {
            conflation.scanned(offset);
        } else if (conflation != null) {
            conflation.delivered(offset);
        }
        return endedOrOn();
    }

    /**
     * A batch to be held for long, maybe: a slice of its block, or a copy where it is much smaller than the block, which
     * it would keep from being reused, and what may be held does not cover the block.
     */
    private static ByteBuf keep(ByteBuf batch, Block block, long bytes) {
        int pinned = block.pinnedBytes();
        boolean pinsTooMuch = pinned > bytes && pinned / batch.readableBytes() >= MAX_PINNED_FACTOR;
        return pinsTooMuch ? batch.copy() : batch.retain();
    }

    private Step cut(ByteBuf batch, @Nullable RecordTest wanted, long records, long bytes) {
        ByteBuf part;
        try (BatchCutter cutter = BatchCutter.open(batch, position, end, wanted, place, subscription.limits())) {
            part = cutter.isDone() ? null : cutter.cut(records, bytes);
            position = Math.max(position, cutter.nextOffset());
            place = cutter.place();
        }
        if (part != null) {
            told = position;
            subscription.deliver(handle, RecordBatch.recordCount(part), part);
        }
        if (conflation != null) {
            conflation.delivered(position);
        }
        return endedOrOn();
    }

    private Step endedOrOn() {
        if (position >= end && conflation == null) {
            end(null);
            return Step.ENDED;
        }
        return Step.GO_ON;
    }

    private void tellPassedSoon() {
        if (told < position && !tellingPassed) {
            tellingPassed = true;
            subscription.loop().later(TELL_PASSED, () -> {
                tellingPassed = false;
                tellPassed();
            });
        }
    }

    private void tellPassed() {
        if (told < position && !released && conflation == null) {
            told = position;
            subscription.passed(handle, position);
        }
    }

    /** Asks for the block at the position; {@link #loaded} follows. */
    void load() {
        view.awaitBlock(this);
    }

    /** The block that was asked for, borrowed, or why there is none. */
    void loaded(@Nullable Block block, @Nullable LevadaException error) {
        subscription.readEnded();
        if (released) {
            return;
        }
        if (error != null && !overtaken(error)) {
            end(error);
            return;
        }
        if (block != null && block.tryRetain()) {
            letGo();
            held = block;
        }
        subscription.wake(this);
    }

    /** What was asked for went while it was asked for, which the next step tells as a gap. */
    private boolean overtaken(LevadaException error) {
        return error.code() == ErrorCode.OFFSET_OUT_OF_RANGE && position < feed.start();
    }

    void wake() {
        subscription.wake(this);
    }

    /** Lets go of the block between turns, so that only the caches hold it. */
    void letGo() {
        if (held != null) {
            held.release();
            held = null;
        }
    }

    /** Ends this partition, and tells. */
    void end(@Nullable LevadaException error) {
        if (!released) {
            release();
            subscription.ended(this, error);
        }
    }

    /** Lets go of everything; nothing is told. */
    void release() {
        if (!released) {
            released = true;
            letGo();
            endConflation();
            view.detach(this);
        }
    }
}
