package io.levada.connect;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.LevadaException;
import io.levada.Record;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/**
 * A producer's stream of records, acknowledged in their order. What is not acknowledged is bounded in records and bytes; whoever
 * sends more waits. Safe for any thread; callbacks come from threads of the log's.
 */
final class PublishLane {
    private static final int MOST_RECORDS = 16_384;
    private static final long MOST_BYTES = 32L << 20;

    private final AfterFailure afterFailure;
    private final Publishing publishing;
    private final Consumer<Ack> acknowledged;
    private final Deque<Sent> underWay = new ArrayDeque<>(); // guarded by this, as all below
    private long bytes;
    private int failing; // whose callbacks are being called
    private boolean refusing;
    private Sinks.@Nullable Many<Record> records;
    private Disposable stream = () -> {};

    /** What becomes of records behind one that failed. */
    enum AfterFailure {
        /** Those behind one that is too large are sent anew; others fail with it, and what follows goes in another stream. */
        GO_ON,
        /** Those behind one that is too large are sent anew; any other failure is the end. */
        LEAVE_OUT_TOO_LARGE,
        /** All fail, and what is sent from then on. */
        END
    }

    /** How records go to the log; called again after a stream that failed. */
    interface Publishing {
        Flux<Ack> publish(Flux<Record> records);
    }

    /**
     * Nothing is published yet.
     *
     * @param acknowledged called after the callback of each record that is durable; must not block
     */
    PublishLane(AfterFailure afterFailure, Publishing publishing, Consumer<Ack> acknowledged) {
        this.afterFailure = afterFailure;
        this.publishing = publishing;
        this.acknowledged = acknowledged;
    }

    /** A record on its way. */
    private static final class Sent {
        private final Record record;
        private final int bytes;
        private final Callback callback;
        private final CompletableFuture<RecordMetadata> done = new CompletableFuture<>();

        Sent(ProducerRecord<byte[], byte[]> from, Callback callback) {
            List<Header> headers = new ArrayList<>();
            from.headers().forEach(header -> headers.add(new Header(header.key(), header.value())));
            this.record = new Record(
                    from.key(),
                    from.value(),
                    headers,
                    from.timestamp() == null ? Record.NO_TIMESTAMP : from.timestamp(),
                    from.partition() == null ? Record.ANY_PARTITION : from.partition());
            this.bytes = size(from.key()) + size(from.value());
            this.callback = callback;
        }

        static int size(byte @Nullable [] bytes) {
            return bytes == null ? 0 : bytes.length;
        }

        void succeed(Ack ack) {
            RecordMetadata metadata = new RecordMetadata(
                    new TopicPartition(ack.topic(), ack.partition()),
                    ack.offset(),
                    0,
                    ack.timestampMs(),
                    size(record.key()),
                    size(record.value()));
            callback.onCompletion(metadata, null);
            done.complete(metadata);
        }

        void fail(KafkaException error) {
            callback.onCompletion(null, error);
            done.completeExceptionally(error);
        }
    }

    /** Blocks while too much is under way; fails at once where nothing can be sent any more. */
    synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        try {
            while (!refusing && (underWay.size() >= MOST_RECORDS || bytes >= MOST_BYTES)) {
                wait();
            }
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
        if (refusing) {
            throw new KafkaException("this producer was closed, or has failed");
        }
        Sent sent = new Sent(record, callback);
        emit(sent);
        return sent.done;
    }

    /** Emitted in the order in which they are noted, since both are done under the lock. */
    private synchronized void emit(Sent sent) {
        underWay.add(sent);
        bytes += sent.bytes;
        Sinks.Many<Record> to = records;
        if (to == null) {
            to = Sinks.many().unicast().onBackpressureBuffer();
            records = to;
            Sinks.Many<Record> opened = to;
            stream = publishing
                    .publish(to.asFlux())
                    .subscribe(this::acked, error -> failed(opened, LevadaException.of(error)));
        }
        to.tryEmitNext(sent.record).orThrow();
    }

    /** It counts as under way until its callback has been called, so that who waits for all has heard all. */
    private void acked(Ack ack) {
        Sent sent;
        synchronized (this) {
            sent = underWay.peek();
        }
        if (sent == null) {
            return; // given up, by closing
        }
        sent.succeed(ack);
        acknowledged.accept(ack);
        synchronized (this) {
            if (underWay.peek() == sent) {
                underWay.remove();
                bytes -= sent.bytes;
                notifyAll();
            }
        }
    }

    /** The first that is not acknowledged is the one that failed. Who waits for all waits for these callbacks too. */
    private void failed(Sinks.Many<Record> of, LevadaException error) {
        List<Sent> failed = new ArrayList<>();
        synchronized (this) {
            if (records != of) {
                return;
            }
            records = null;
            List<Sent> all = new ArrayList<>(underWay);
            underWay.clear();
            bytes = 0;
            int one = Math.min(1, all.size());
            boolean single = error.code() == ErrorCode.MESSAGE_TOO_LARGE && afterFailure != AfterFailure.END;
            failed.addAll(single ? all.subList(0, one) : all);
            failing++;
            refusing |= !single && afterFailure != AfterFailure.GO_ON;
            if (single) {
                all.subList(one, all.size()).forEach(this::emit);
            }
            notifyAll();
        }
        failed.forEach(sent -> sent.fail(KafkaErrors.of(error)));
        synchronized (this) {
            failing--;
            notifyAll();
        }
    }

    /** Waits until all that was sent is acknowledged or has failed. */
    synchronized void flush() {
        try {
            while (!underWay.isEmpty() || failing > 0) {
                wait();
            }
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** Has whoever sends, or waits to, fail from now on. */
    synchronized void refuse() {
        refusing = true;
        notifyAll();
    }

    /** Fails what is not acknowledged in time, as {@link System#nanoTime} tells it. */
    void close(long end) {
        refuse();
        synchronized (this) {
            Sinks.Many<Record> to = records;
            try {
                for (long left = end - System.nanoTime(); left > 0 && !underWay.isEmpty(); ) {
                    wait(Math.max(1, left / 1_000_000));
                    left = end - System.nanoTime();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (to != null && underWay.isEmpty()) {
                to.tryEmitComplete();
            }
        }
        Sinks.Many<Record> left;
        synchronized (this) {
            left = underWay.isEmpty() ? null : records;
        }
        if (left != null) {
            stream.dispose();
            failed(left, new LevadaException(ErrorCode.OUTCOME_UNKNOWN, "the producer was closed before it was known"));
        }
    }
}
