package io.levada.facade;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.concurrent.Queues;
import reactor.util.context.Context;

/**
 * One stream of records into a topic: between the publisher of records (upstream), the subscriber to acknowledgements
 * (downstream), and an engine's writer.
 *
 * <p>Each record asked of upstream has a unit of downstream's demand set aside for its acknowledgement, so
 * acknowledgements need no demand of their own. Batches fill while their partition has one in flight or upstream has more
 * to give at once; so a lone record leaves at once, and a busy stream sends full batches, without a timer.
 *
 * <p>Everything happens in {@link #drain}, on the scheduler for callbacks; signals only queue.
 */
final class PublishStream extends Drain implements Subscription {
    /** Bytes in flight above which no more records are asked for. */
    static final int WINDOW_BYTES = 8 << 20;

    /** Records taken in one round, so that acknowledgements go out in between. */
    private static final int ROUND_RECORDS = 4_096;

    private static final int FIRST_GUESS_BYTES = 1 << 10;

    private final String topic;
    private final LevadaOptions options;
    private final InstantSource clock;
    private final Queue<Record> records = Queues.<Record>unbounded(256).get();
    private final Queue<WriterEvent> events = Queues.<WriterEvent>unbounded(64).get();
    private final Demand demand = new Demand(0);
    private volatile @Nullable CoreSubscriber<? super Ack> actual;
    private volatile @Nullable Subscription upstream;
    private volatile @Nullable BatchWriter writer;
    private volatile @Nullable ProducerId producer; // before the writer is there, if it has a name
    private volatile @Nullable Throwable broken;
    private volatile boolean cancelled;
    private volatile boolean inputDone;
    private @Nullable Throwable inputError; // published by inputDone

    // Used within drain() alone.
    private final ArrayDeque<OutBatch> order = new ArrayDeque<>(); // of each record without its ack, its batch
    private final Map<Long, OutBatch> inFlight = new HashMap<>();
    private @Nullable Batcher batcher;
    private int[] inFlightOf = new int[0];
    private int[] nextSequences = new int[0];
    private long sequence;
    private long creditBatches;
    private long creditBytes;
    private long outstanding;
    private long heldBytes;
    private int averageBytes = FIRST_GUESS_BYTES;
    private @Nullable Throwable refused;
    private boolean completing;
    private boolean writerDone;
    private boolean finished;

    PublishStream(CoreSubscriber<? super Ack> actual, String topic, LevadaOptions options, InstantSource clock) {
        super(options.callbacks());
        this.actual = actual;
        this.topic = topic;
        this.options = options;
        this.clock = clock;
    }

    void start(Engine engine, @Nullable ExpectedPlace place, Publisher<Record> source) {
        CoreSubscriber<? super Ack> subscriber = actual;
        if (subscriber == null) {
            return;
        }
        subscriber.onSubscribe(this);
        if (!cancelled) {
            source.subscribe(new Input(subscriber.currentContext()));
            open(engine, place);
        }
        signal();
    }

    private void open(Engine engine, @Nullable ExpectedPlace place) {
        String name = options.producerName();
        if (name == null) {
            openWriter(engine, place);
            return;
        }
        engine.openProducer(name)
                .subscribe(
                        opened -> {
                            producer = opened;
                            openWriter(engine, place);
                            signal();
                        },
                        error -> {
                            broken = error;
                            signal();
                        });
    }

    /** Opens it also for a stream that was cancelled meanwhile, which lets go of it at the next signal. */
    private void openWriter(Engine engine, @Nullable ExpectedPlace place) {
        try {
            writer = place == null ? engine.write(topic, new Answers()) : engine.write(topic, place, new Answers());
        } catch (RuntimeException e) {
            broken = e;
        }
    }

    @Override
    public void request(long n) {
        if (n <= 0) {
            broken = new IllegalArgumentException("request(" + n + "): rule 3.9 wants 1 or more");
        } else {
            demand.add(n);
        }
        signal();
    }

    @Override
    public void cancel() {
        cancelled = true;
        cancelUpstream();
        signal();
    }

    private void cancelUpstream() {
        Subscription input = upstream;
        if (input != null) {
            input.cancel();
        }
    }

    @Override
    boolean drain() {
        CoreSubscriber<? super Ack> subscriber = actual;
        Throwable error = broken;
        if (finished || subscriber == null) {
            release();
            return false;
        } else if (cancelled) {
            finish();
            return false;
        } else if (error != null) {
            finish();
            subscriber.onError(error);
            return false;
        } else if (writer == null) {
            return false; // start() signals once it is there
        }
        Throwable failure = takeEvents();
        emitAcks(subscriber);
        if (failure != null) {
            finish();
            subscriber.onError(failure);
            return false;
        }
        Batcher into = batcher;
        if (into != null && !cancelled) {
            boolean more = takeRecords(into);
            write(into);
            if (more || askForMore()) {
                return true;
            }
            send(into);
        }
        end(subscriber);
        return false;
    }

    /** Takes what the engine said; gives its failure. */
    private @Nullable Throwable takeEvents() {
        WriterEvent event;
        while ((event = events.poll()) != null) {
            if (event instanceof WriterEvent.Acked acked) {
                OutBatch batch = inFlight.remove(acked.sequence());
                if (batch == null) {
                    return notInFlight("batch " + acked.sequence());
                }
                batch.acknowledged(acked.baseOffset());
                heldBytes -= batch.bytes();
                inFlightOf[batch.partition()]--;
            } else if (event instanceof WriterEvent.PartAcked part) {
                OutBatch batch = inFlight.get(part.sequence());
                if (batch == null || !batch.acknowledgedPart(part.records(), part.baseOffset())) {
                    return notInFlight("a part, " + part.records() + " records, of batch " + part.sequence());
                }
            } else if (event instanceof WriterEvent.Credit credit) {
                creditBatches += credit.batches();
                creditBytes += credit.bytes();
            } else if (event instanceof WriterEvent.Open open) {
                batcher = new Batcher(topic, open.partitions(), open.maxRecordBytes(), options);
                inFlightOf = new int[open.partitions()];
                nextSequences = new int[open.partitions()];
            } else if (event instanceof WriterEvent.Failed failed) {
                return failed.error();
            } else {
                writerDone = true;
            }
        }
        return null;
    }

    private static LevadaException notInFlight(String what) {
        return new LevadaException(
                ErrorCode.UNKNOWN_SERVER_ERROR, "the engine acknowledged " + what + ", which is not in flight");
    }

    private void emitAcks(CoreSubscriber<? super Ack> subscriber) {
        OutBatch first;
        while ((first = order.peek()) != null && first.hasAck() && !cancelled) {
            order.poll();
            subscriber.onNext(first.nextAck(topic));
        }
    }

    /** Puts records that have come into batches; says whether there are more. */
    private boolean takeRecords(Batcher into) {
        if (refused != null) {
            records.clear();
            return false;
        }
        long now = clock.millis();
        for (int taken = 0; taken < ROUND_RECORDS; taken++) {
            Record record = records.poll();
            if (record == null) {
                return false;
            }
            try {
                take(record, into, now);
            } catch (LevadaException e) {
                refused = e;
                cancelUpstream();
                return false;
            }
        }
        return true;
    }

    private void take(Record record, Batcher into, long now) {
        if (outstanding == 0) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, "the publisher of records gave more than it was asked for");
        }
        outstanding--;
        OutBatch batch = into.append(record, now);
        order.add(batch);
        int bytes = batch.lastBytes();
        heldBytes += bytes;
        averageBytes += (bytes - averageBytes) / 16;
    }

    /** Asks upstream for what may be in flight; says whether some of it came at once. */
    private boolean askForMore() {
        Subscription input = upstream;
        if (input == null || inputDone || refused != null) {
            return false;
        }
        long wanted = Math.min(demand.get(), room());
        if (wanted > 0) {
            demand.take(wanted);
            outstanding += wanted;
            input.request(wanted);
        }
        return !records.isEmpty();
    }

    /** Records that may be asked for by the window in records and that in bytes, as records are large on average. */
    private long room() {
        long byRecords = options.publishWindowRecords() - order.size() - outstanding;
        long byBytes = (WINDOW_BYTES - heldBytes) / Math.max(1, averageBytes) - outstanding;
        long least = order.isEmpty() && outstanding == 0 ? 1 : 0;
        return Math.max(least, Math.min(byRecords, byBytes));
    }

    /** Sends what is sealed and may go, and seals open batches that need not wait for more records. */
    private void send(Batcher from) {
        write(from);
        if (from.hasReady() || !from.hasOpen() || !hasCredit()) {
            return;
        }
        boolean noneToCome = outstanding == 0 || inputDone || refused != null;
        from.sealOpen(partition -> noneToCome || inFlightOf[partition] == 0);
        write(from);
    }

    private void write(Batcher from) {
        BatchWriter target = writer;
        OutBatch batch;
        while (target != null && hasCredit() && (batch = from.pollReady()) != null) {
            ByteBuf buffer = batch.take();
            number(batch.partition(), buffer);
            creditBatches--;
            creditBytes -= buffer.readableBytes();
            inFlight.put(sequence, batch);
            inFlightOf[batch.partition()]++;
            target.write(batch.partition(), sequence++, buffer);
        }
    }

    /** Makes a batch one of the producer with a name; without one, whoever sends it may number it. */
    private void number(int partition, ByteBuf batch) {
        ProducerId named = producer;
        if (named != null) {
            int first = nextSequences[partition];
            named.number(batch, first);
            nextSequences[partition] = RecordBatch.nextSequence(first, RecordBatch.recordCount(batch));
        }
    }

    private boolean hasCredit() {
        return creditBatches > 0 && creditBytes > 0;
    }

    /** Ends the stream if there is nothing left to come or to be acknowledged. */
    private void end(CoreSubscriber<? super Ack> subscriber) {
        boolean noInput = refused != null || (inputDone && records.isEmpty());
        Throwable error = refused != null ? refused : inputError;
        if (noInput && order.isEmpty() && error != null) {
            finish();
            subscriber.onError(error);
            return;
        }
        Batcher from = batcher;
        BatchWriter target = writer;
        if (noInput && !completing && target != null && from != null && !from.hasOpen() && !from.hasReady()) {
            completing = true;
            target.complete();
        }
        if (!writerDone) {
            return;
        }
        int missing = order.size();
        boolean complete = completing && missing == 0;
        finish();
        if (complete) {
            subscriber.onComplete();
        } else {
            subscriber.onError(new LevadaException(
                    ErrorCode.OUTCOME_UNKNOWN,
                    "the log ended the stream with " + missing + " records not acknowledged"));
        }
    }

    private void finish() {
        finished = true;
        actual = null;
        cancelUpstream();
        release();
    }

    private void release() {
        BatchWriter target = writer;
        if (target != null && !writerDone) {
            writerDone = true;
            target.cancel();
        }
        Batcher from = batcher;
        if (from != null) {
            from.close();
        }
        cancelUpstream();
        records.clear();
        events.clear();
        order.clear();
        inFlight.clear();
    }

    @Override
    void abandon(Throwable why) {
        CoreSubscriber<? super Ack> subscriber = actual;
        if (finished || subscriber == null) {
            Operators.onErrorDropped(why, Context.empty());
            return;
        }
        finish();
        if (why instanceof LevadaException) {
            subscriber.onError(why);
        } else {
            // Its onNext threw, against rule 2.13: it counts as cancelled.
            Operators.onErrorDropped(why, subscriber.currentContext());
        }
    }

    /** The publisher of records as it is heard. */
    private final class Input implements CoreSubscriber<Record> {
        private final Context context;

        Input(Context context) {
            this.context = context;
        }

        @Override
        public Context currentContext() {
            return context;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            if (Operators.validate(upstream, subscription)) {
                upstream = subscription;
                if (cancelled) {
                    subscription.cancel();
                }
                signal();
            }
        }

        @Override
        public void onNext(Record record) {
            records.offer(Objects.requireNonNull(record, "record"));
            signal();
        }

        @Override
        public void onError(Throwable error) {
            inputError = Objects.requireNonNull(error, "error");
            inputDone = true;
            signal();
        }

        @Override
        public void onComplete() {
            inputDone = true;
            signal();
        }
    }

    /** The engine's writer as it is heard. */
    private final class Answers implements WriterSink {
        @Override
        public void onOpen(int partitions, int maxRecordBytes) {
            queue(new WriterEvent.Open(partitions, maxRecordBytes));
        }

        @Override
        public void onCredit(int batches, long bytes) {
            queue(new WriterEvent.Credit(batches, bytes));
        }

        @Override
        public void onPartAck(long batch, int records, long baseOffset) {
            queue(new WriterEvent.PartAcked(batch, records, baseOffset));
        }

        @Override
        public void onAck(long batch, long baseOffset) {
            queue(new WriterEvent.Acked(batch, baseOffset));
        }

        @Override
        public void onComplete() {
            queue(new WriterEvent.Complete());
        }

        @Override
        public void onError(Throwable error) {
            queue(new WriterEvent.Failed(error));
        }

        private void queue(WriterEvent event) {
            events.offer(event);
            signal();
        }
    }
}
