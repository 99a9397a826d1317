package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.BatchWriter;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.WriterSink;
import io.levada.protocol.RecordBatch;
import io.levada.sdk.Producers.Producer;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A writer that outlives its connection. It is an idempotent producer, the caller's or one of its own: it numbers the
 * records of each partition that are not numbered yet, keeps what is not acknowledged, and sends that again, with the same
 * sequences, on the next connection; the log appends each batch once and answers the repeat with the offset it got first.
 *
 * <p>Where the server gives no ids, batches go as they are and none is sent twice: with a channel that is lost, this ends if
 * something that was sent on it is not acknowledged, and goes on otherwise.
 *
 * <p>What it keeps is bounded by the credit it passes on: what the server granted first, and then as much as was
 * acknowledged. All state is the event loop's.
 */
final class ResumingWriter implements BatchWriter {
    private final Link link;
    private final String topic;
    private final WriterSink sink;
    private final Backoff backoff;

    private final Producers producers;
    private @Nullable Producer producer;

    /** Of the first batch that is not acknowledged. */
    private @Nullable ExpectedPlace place;

    /** Everything not acknowledged, by the sequence it was written with, in order. */
    private final Map<Long, Pending> pending = new LinkedHashMap<>();

    /** Those of them that the present channel was not given yet. */
    private final Deque<Pending> unsent = new ArrayDeque<>();

    private @Nullable Channel channel;
    private boolean opened;
    private boolean credited;
    private boolean sentBefore;
    private boolean repairing;
    private boolean asking;
    private boolean completing;
    private volatile boolean ended;

    /** A batch, and how much of it is acknowledged in parts: by all channels, which is passed on, and by the present one. */
    private static final class Pending {
        private final long sequence;
        private final int partition;
        private final ByteBuf batch;
        private final int records;
        private int told;
        private int heard;

        Pending(long sequence, int partition, ByteBuf batch) {
            this.sequence = sequence;
            this.partition = partition;
            this.batch = batch;
            this.records = RecordBatch.recordCount(batch);
        }

        /** How many records, from the one on that the present channel tells of next, were told of by one before. */
        int known() {
            return Math.max(0, told - heard);
        }
    }

    private ResumingWriter(
            Link link, Producers producers, String topic, @Nullable ExpectedPlace place, WriterSink sink) {
        this.link = link;
        this.producers = producers;
        this.topic = topic;
        this.place = place;
        this.sink = sink;
        this.backoff = new Backoff(link);
    }

    static ResumingWriter open(
            Link link, Producers producers, String topic, @Nullable ExpectedPlace place, WriterSink sink) {
        ResumingWriter writer = new ResumingWriter(link, producers, topic, place, sink);
        link.onLoop(writer::connect);
        return writer;
    }

    private void connect() {
        if (!ended) {
            unsent.clear();
            unsent.addAll(pending.values());
            unsent.forEach(batch -> batch.heard = 0);
            Channel next = new Channel();
            channel = next;
            next.writer = RemoteWriter.open(link, topic, place, next);
        }
    }

    @Override
    public void write(int partition, long sequence, ByteBuf batch) {
        link.onLoop(() -> {
            if (ended) {
                batch.release();
                return;
            }
            Pending added = new Pending(sequence, partition, batch);
            pending.put(sequence, added);
            unsent.add(added);
            sendMore();
        });
    }

    private void sendMore() {
        Channel open = channel;
        if (open == null) {
            return;
        }
        while (!unsent.isEmpty() && open.creditBatches > 0 && open.creditBytes > 0 && isNumbered(unsent.element())) {
            sentBefore = true;
            open.send(unsent.remove());
        }
        if (completing && unsent.isEmpty() && !open.completed) {
            open.completed = true;
            open.complete();
        }
    }

    /** Numbers a batch before it is sent first, unless it is the batch of a producer already, or is to have no number; asks for a producer if need be. */
    private boolean isNumbered(Pending next) {
        if (RecordBatch.producerId(next.batch) != RecordBatch.NO_PRODUCER_ID) {
            return true;
        }
        if (producer == null) {
            producer = producers.take(topic);
        }
        Producer numbering = producer;
        if (numbering == null) {
            askForProducer();
            return false;
        }
        numbering.number(next.partition, next.batch);
        return true;
    }

    private void askForProducer() {
        if (!asking) {
            asking = true;
            producers
                    .open(null)
                    .subscribe(
                            id -> link.onLoop(() -> {
                                asking = false;
                                producer = producers.opened(id);
                                sendMore();
                            }),
                            error -> link.onLoop(() -> refused(LevadaException.of(error))));
        }
    }

    private void refused(LevadaException error) {
        Channel open = channel;
        channel = null;
        if (open != null) {
            open.cancel();
        }
        finish(error);
    }

    @Override
    public void complete() {
        link.onLoop(() -> {
            completing = true;
            sendMore();
        });
    }

    @Override
    public void cancel() {
        ended = true;
        link.onLoop(() -> {
            giveBack();
            release();
            Channel open = channel;
            if (open != null) {
                channel = null;
                open.cancel();
            }
        });
    }

    private void acknowledgedPart(Pending batch, int records, long baseOffset) {
        int known = Math.min(records, batch.known());
        batch.heard += records;
        if (known < records) {
            batch.told = batch.heard;
            sink.onPartAck(batch.sequence, records - known, baseOffset + known);
        }
    }

    private void acknowledged(Pending batch, long baseOffset) {
        backoff.reset();
        repairing = false;
        int bytes = batch.batch.readableBytes();
        pending.remove(batch.sequence);
        if (place != null) {
            place = new ExpectedPlace(place.partition(), baseOffset + batch.records);
        }
        batch.batch.release();
        sink.onAck(batch.sequence, baseOffset + batch.known());
        if (!ended) {
            sink.onCredit(1, bytes);
        }
    }

    /** The channel is over, and with it whatever it did not acknowledge is open again. */
    private void lost(LevadaException error) {
        Channel over = channel;
        channel = null;
        if (ended) {
            return;
        } else if (completing && pending.isEmpty()) {
            finish(null);
        } else if (over != null && isInDoubt(over, error)) {
            finish(unknown(over, error));
        } else if (!backoff.retry(repairable(error), this::connect, () -> finish(Link.goingAway()))) {
            finish(link.isShut() ? Link.goingAway() : finalError(error));
        }
    }

    private boolean numbersNothing() {
        return producer != null && producer.isNone();
    }

    /** Whether something was sent that cannot be sent again, and is not known to have come to nothing. */
    private boolean isInDoubt(Channel over, LevadaException error) {
        return numbersNothing() && !over.sent.isEmpty() && Backoff.isPassing(error) && !link.isShut();
    }

    private static LevadaException unknown(Channel over, LevadaException error) {
        int records = over.sent.values().stream()
                .mapToInt(batch -> batch.records - batch.told)
                .sum();
        return new LevadaException(
                ErrorCode.OUTCOME_UNKNOWN,
                "of " + over.sent.size() + " batches, " + records
                        + " records, it is not known whether they were appended,"
                        + " and this server gives no ids by which they could be sent again: " + error.line(),
                error);
    }

    /**
     * What a batch before a refused one failed with may be told later than the refusal, or not at all: that is found out by
     * sending all of it once more.
     */
    private LevadaException repairable(LevadaException error) {
        boolean outOfOrder =
                error.code() == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER || error.code() == ErrorCode.UNKNOWN_PRODUCER_ID;
        if (!outOfOrder || repairing) {
            return error;
        }
        repairing = true;
        return new LevadaException(ErrorCode.OUTCOME_UNKNOWN, error.line(), error);
    }

    private LevadaException finalError(LevadaException error) {
        boolean unknown = sentBefore && !numbersNothing() && !pending.isEmpty() && Backoff.isPassing(error);
        return unknown
                ? new LevadaException(
                        ErrorCode.OUTCOME_UNKNOWN,
                        "of " + pending.size() + " batches it is not known whether they were appended: " + error.line(),
                        error)
                : error;
    }

    private void finish(@Nullable LevadaException error) {
        if (ended) {
            return;
        }
        ended = true;
        if (error == null) {
            giveBack();
        } else {
            producer = null;
        }
        release();
        if (error == null) {
            sink.onComplete();
        } else {
            sink.onError(error);
        }
    }

    private void giveBack() {
        Producer done = producer;
        if (done != null && pending.isEmpty()) {
            producers.giveBack(topic, done);
        }
        producer = null;
    }

    private void release() {
        backoff.stop();
        pending.values().forEach(batch -> batch.batch.release());
        pending.clear();
        unsent.clear();
    }

    /** One channel to the server, whose sequences begin at 0. */
    private final class Channel implements WriterSink {
        private @Nullable RemoteWriter writer;
        private final Map<Long, Pending> sent = new HashMap<>();
        private long nextSequence;
        private int creditBatches;
        private long creditBytes;
        private boolean completed;

        void send(Pending batch) {
            RemoteWriter to = writer;
            if (to != null) {
                creditBatches--;
                creditBytes -= batch.batch.readableBytes();
                sent.put(nextSequence, batch);
                to.write(batch.partition, nextSequence++, batch.batch.retainedDuplicate());
            }
        }

        void complete() {
            RemoteWriter to = writer;
            if (to != null) {
                to.complete();
            }
        }

        void cancel() {
            RemoteWriter to = writer;
            if (to != null) {
                to.cancel();
            }
        }

        private boolean isOver() {
            return channel != this || ended;
        }

        @Override
        public void onOpen(int partitions, int maxRecordBytes) {
            if (isOver()) {
                return;
            }
            backoff.opened();
            if (!opened) {
                opened = true;
                sink.onOpen(partitions, maxRecordBytes);
            }
        }

        @Override
        public void onCredit(int batches, long bytes) {
            if (isOver()) {
                return;
            }
            creditBatches = (int) Math.min(Integer.MAX_VALUE, (long) creditBatches + batches);
            creditBytes += bytes;
            if (!credited) {
                credited = true;
                sink.onCredit(batches, bytes);
            }
            sendMore();
        }

        @Override
        public void onPartAck(long sequence, int records, long baseOffset) {
            Pending batch = sent.get(sequence);
            if (isOver()) {
                return;
            } else if (batch == null || place != null || records <= 0 || records >= batch.records - batch.heard) {
                throw new IllegalArgumentException(
                        records + " records of batch " + sequence + " are acknowledged, which are no part of it");
            }
            acknowledgedPart(batch, records, baseOffset);
        }

        @Override
        public void onAck(long sequence, long baseOffset) {
            Pending batch = sent.remove(sequence);
            if (isOver()) {
                return;
            } else if (batch == null) {
                throw new IllegalArgumentException("batch " + sequence + " is acknowledged and was not sent");
            }
            acknowledged(batch, baseOffset);
        }

        @Override
        public void onComplete() {
            if (!isOver()) {
                lost(new LevadaException(ErrorCode.GOING_AWAY, "the server ended the stream"));
            }
        }

        @Override
        public void onError(Throwable error) {
            if (!isOver()) {
                lost(LevadaException.of(error));
            }
        }
    }
}
