package io.levada.facade;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.concurrent.Queues;
import reactor.util.context.Context;

/**
 * Batches of an engine as elements for one subscriber.
 *
 * <p>Demand becomes credit: each record requested is one record of credit, passed on once, so that what waits here never
 * exceeds what was requested. The credit in bytes starts as the window and comes back as batches are used up. Batches are
 * decoded one record at a time as they are emitted, on the scheduler for callbacks; sink calls only queue.
 *
 * @param <T> what is emitted for a record
 */
abstract class BatchStream<T> extends Drain implements Subscription, BatchSink {
    /** Requests at least this large are passed on at once, smaller ones made by the callback itself are added up. */
    private static final long PROMPT_RECORDS = 64;

    private final Queue<BatchEvent> events = Queues.<BatchEvent>unbounded(64).get();
    private final Demand demand = new Demand(0);
    private final Demand owedRecords = new Demand(0);
    private final Demand owedBytes;
    private final long windowBytes;
    private final AtomicReference<@Nullable Ending> ending = new AtomicReference<>();
    private volatile @Nullable CoreSubscriber<? super T> actual;
    private volatile @Nullable BatchReader reader;

    /** Set while records wait here without demand, which takes an engine that went beyond its credit. */
    private volatile boolean starved;

    // Used within drain() alone.
    private @Nullable RecordCursor cursor;
    private int cursorHandle;
    private int cursorBytes;
    private int cursorRecords;
    private long cursorNext;
    private int cursorLeft;
    private boolean finished;

    /** How the stream ends without the engine's doing; whoever sets it first wins. */
    private record Ending(boolean cancelled, @Nullable Throwable error) {}

    BatchStream(CoreSubscriber<? super T> actual, Scheduler callbacks, long windowBytes) {
        super(callbacks);
        this.actual = actual;
        this.owedBytes = new Demand(windowBytes);
        this.windowBytes = windowBytes;
    }

    /** Opens the engine's end; called once, not where the subscriber has cancelled before. */
    abstract BatchReader openReader();

    /** A batch follows, before its first record. */
    void begin(int handle, long nextOffset, int records) {}

    /** So many records of the batch are about to be emitted; false where none of it is wanted any more. */
    boolean admit(int records) {
        return true;
    }

    /** So many of those admitted last are not emitted now. */
    void takeBack(int records) {}

    /** What to emit for the record the cursor stands on, or null where no more of the batch is wanted. */
    abstract @Nullable T element(int handle, RecordCursor record);

    /** A partition has ended; called in its turn. */
    abstract void partitionEnded(int handle, @Nullable LevadaException error);

    /** Offsets are gone; called in its turn. */
    abstract void gap(int handle, long from, long to);

    /** Offsets were left out as was asked for; called in its turn. */
    void dropped(int handle, long from, long to) {}

    /**
     * All below an offset was emitted or is not wanted; called in its turn.
     *
     * @param records those emitted since the last call, 0 where nothing was wanted
     */
    void passed(int handle, long offset, int records) {}

    /** The stream is over for its subscriber, who cancelled or was told; called once. */
    void finished(boolean cancelled) {}

    /** Hands the subscriber its subscription, then opens the engine's end. */
    final void start() {
        CoreSubscriber<? super T> subscriber = actual;
        if (subscriber == null) {
            return;
        }
        subscriber.onSubscribe(this);
        if (ending.get() != null) {
            signal();
            return;
        }
        try {
            reader = openReader();
        } catch (RuntimeException e) {
            end(e);
            return;
        }
        if (ending.get() != null) {
            signal();
        } else {
            passCredit();
        }
    }

    @Override
    public final void request(long n) {
        if (n <= 0) {
            ending.compareAndSet(
                    null,
                    new Ending(false, new IllegalArgumentException("request(" + n + "): rule 3.9 wants 1 or more")));
            signal();
            return;
        }
        demand.add(n);
        owedRecords.add(n);
        if (n >= PROMPT_RECORDS || !inDrain()) {
            passCredit();
        }
        if (starved) {
            signal();
        }
    }

    @Override
    public final void cancel() {
        if (ending.compareAndSet(null, new Ending(true, null))) {
            cancelReader();
            signal();
        }
    }

    /** Ends the stream now, with an error or by completion, and drops what waits. Any thread. */
    final void end(@Nullable Throwable error) {
        ending.compareAndSet(null, new Ending(false, error));
        signal();
    }

    @Override
    public final void onBatch(int handle, int records, ByteBuf batch) {
        offer(new BatchEvent.Batch(handle, records, batch));
    }

    @Override
    public final void onGap(int handle, long from, long to) {
        offer(new BatchEvent.Gap(handle, from, to));
    }

    @Override
    public final void onDropped(int handle, long from, long to) {
        offer(new BatchEvent.Dropped(handle, from, to));
    }

    @Override
    public final void onPassed(int handle, long offset) {
        offer(new BatchEvent.Passed(handle, offset));
    }

    @Override
    public final void onPartitionEnd(int handle, @Nullable LevadaException error) {
        offer(new BatchEvent.PartitionEnd(handle, error));
    }

    @Override
    public final void onComplete() {
        offer(new BatchEvent.Complete());
    }

    @Override
    public final void onError(Throwable error) {
        offer(new BatchEvent.Failed(error));
    }

    private void offer(BatchEvent event) {
        events.offer(event);
        signal();
    }

    @Override
    final void abandon(Throwable why) {
        CoreSubscriber<? super T> subscriber = actual;
        if (finished || subscriber == null) {
            Operators.onErrorDropped(why, Context.empty());
        } else if (why instanceof LevadaException) {
            finish(false);
            subscriber.onError(why);
        } else {
            // Its onNext threw, against rule 2.13: it counts as cancelled.
            finish(true);
            Operators.onErrorDropped(why, subscriber.currentContext());
        }
    }

    @Override
    final boolean drain() {
        CoreSubscriber<? super T> subscriber = actual;
        if (finished || subscriber == null) {
            dropEvents();
            return false;
        }
        Ending early = ending.get();
        if (early != null) {
            finish(early.cancelled());
            if (!early.cancelled()) {
                tell(subscriber, early.error());
            }
            return false;
        }
        try {
            return cursor != null ? emit(subscriber, cursor) : next(subscriber);
        } catch (LevadaException e) {
            finish(false);
            subscriber.onError(e);
            return false;
        }
    }

    /** Takes the next event; says whether there may be more to do. */
    private boolean next(CoreSubscriber<? super T> subscriber) {
        BatchEvent event = events.peek();
        if (event == null) {
            passCredit();
            return false;
        } else if (event instanceof BatchEvent.Batch && demand.get() == 0) {
            return starve();
        }
        events.poll();
        if (event instanceof BatchEvent.Batch batch) {
            open(batch);
        } else if (event instanceof BatchEvent.Gap gap) {
            gap(gap.handle(), gap.from(), gap.to());
        } else if (event instanceof BatchEvent.Dropped dropped) {
            dropped(dropped.handle(), dropped.from(), dropped.to());
        } else if (event instanceof BatchEvent.Passed passed) {
            passed(passed.handle(), passed.offset(), 0);
        } else if (event instanceof BatchEvent.PartitionEnd end) {
            partitionEnded(end.handle(), end.error());
        } else {
            finish(false);
            tell(subscriber, event instanceof BatchEvent.Failed failed ? failed.error() : null);
            return false;
        }
        return true;
    }

    private void open(BatchEvent.Batch batch) {
        ByteBuf buffer = batch.buffer();
        try {
            if (buffer.readableBytes() < RecordBatch.HEADER_BYTES
                    || RecordBatch.recordCount(buffer) != batch.records()) {
                throw new LevadaException(
                        ErrorCode.CORRUPT_MESSAGE,
                        "a batch announced with " + batch.records() + " records holds another number");
            }
            cursorBytes = buffer.readableBytes();
            cursorLeft = batch.records();
            cursorHandle = batch.handle();
            cursorRecords = batch.records();
            cursorNext = RecordBatch.nextOffset(buffer);
            cursor = RecordCursor.open(buffer, Limits.DEFAULT);
            begin(cursorHandle, cursorNext, cursorRecords);
        } finally {
            buffer.release();
        }
    }

    /** Emits from the open batch as far as demand goes; says whether there may be more to do. */
    private boolean emit(CoreSubscriber<? super T> subscriber, RecordCursor open) {
        starved = false;
        int due = (int) Math.min(demand.get(), cursorLeft);
        if (due > 0 && !(admit(due) && emit(subscriber, open, due))) {
            owedRecords.add(cursorLeft);
            cursorLeft = 0;
        }
        if (cursorLeft > 0) {
            return ending.get() != null || starve();
        }
        close();
        passed(cursorHandle, cursorNext, cursorRecords);
        if (owedBytes.get() >= windowBytes / 4 || owedRecords.get() >= PROMPT_RECORDS) {
            passCredit();
        }
        return true;
    }

    /** Emits so many records, unless the stream ends meanwhile; false where the rest of the batch is not wanted. */
    private boolean emit(CoreSubscriber<? super T> subscriber, RecordCursor open, int due) {
        int emitted = 0;
        try {
            while (emitted < due && ending.get() == null) {
                if (!open.next()) {
                    throw new LevadaException(
                            ErrorCode.CORRUPT_MESSAGE, cursorLeft + " records of a batch are missing");
                }
                T element = element(cursorHandle, open);
                if (element == null) {
                    return false;
                }
                cursorLeft--;
                emitted++;
                subscriber.onNext(element);
            }
            return true;
        } finally {
            demand.take(emitted);
            if (emitted < due) {
                takeBack(due - emitted);
            }
        }
    }

    /** Waits for demand; says whether it has just come. */
    private boolean starve() {
        passCredit();
        starved = true;
        if (demand.get() == 0) {
            return false;
        }
        starved = false;
        return true;
    }

    private void close() {
        RecordCursor open = cursor;
        cursor = null;
        if (open != null) {
            open.close();
            owedBytes.add(cursorBytes);
        }
    }

    /** Gives the engine the credit that has come together. Any thread. */
    private void passCredit() {
        BatchReader target = reader;
        if (target == null) {
            return;
        }
        long records = owedRecords.takeAll();
        long bytes = owedBytes.takeAll();
        if ((records | bytes) != 0) {
            target.credit(records, bytes);
        }
    }

    private void finish(boolean cancelled) {
        finished = true;
        ending.compareAndSet(null, new Ending(cancelled, null));
        actual = null;
        close();
        dropEvents();
        finished(cancelled);
    }

    private void dropEvents() {
        cancelReader();
        BatchEvent event;
        while ((event = events.poll()) != null) {
            if (event instanceof BatchEvent.Batch batch) {
                batch.buffer().release();
            }
        }
    }

    private void cancelReader() {
        BatchReader target = reader;
        if (target != null) {
            target.cancel();
        }
    }

    private static void tell(CoreSubscriber<?> subscriber, @Nullable Throwable error) {
        if (error == null) {
            subscriber.onComplete();
        } else {
            subscriber.onError(error);
        }
    }
}
