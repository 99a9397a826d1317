package io.levada.connect;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Record;
import io.levada.TopicSpec;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Sinks;

/**
 * A producer over the facade: one stream of records for each topic, acknowledged in their order. What is not acknowledged is
 * bounded in records and bytes; whoever sends more waits. A topic that is missing is made when something is first sent to it.
 *
 * <p>Safe for any thread; callbacks come from threads of the log's.
 */
final class LevadaProducer extends PartialProducer {
    private static final Logger log = LoggerFactory.getLogger(LevadaProducer.class);
    private static final int MOST_RECORDS = 16_384;
    private static final long MOST_BYTES = 32L << 20;

    private final Levada levada;
    private final Runnable acknowledged;
    private final Map<String, Lane> lanes = new HashMap<>(); // guarded by itself
    private volatile boolean closed;

    /**
     * A producer of its own.
     *
     * @param acknowledged called after each record that is durable; must not block
     */
    LevadaProducer(Levada levada, Runnable acknowledged) {
        this.levada = levada;
        this.acknowledged = acknowledged;
    }

    /** Blocks while too much is under way; fails at once where nothing can be sent any more. */
    @Override
    public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        Lane lane;
        synchronized (lanes) {
            lane = lanes.get(record.topic());
        }
        if (lane == null) {
            provide(record.topic());
            synchronized (lanes) {
                lane = lanes.computeIfAbsent(record.topic(), Lane::new);
            }
        }
        Sent sent = new Sent(record, callback);
        lane.send(sent);
        return sent.done;
    }

    private void provide(String topic) {
        try {
            if (MissingTopic.make(levada, TopicSpec.of(topic))) {
                log.info("created topic {}, which was missing, with one partition", topic);
            }
        } catch (LevadaException e) {
            throw KafkaErrors.of(e);
        }
    }

    /** Waits until all that was sent is acknowledged or has failed. */
    @Override
    public void flush() {
        open().forEach(Lane::flush);
    }

    @Override
    public void close() {
        close(Duration.ofSeconds(30));
    }

    /** Fails what is not acknowledged in time. */
    @Override
    public void close(Duration limit) {
        closed = true;
        long end = System.nanoTime() + limit.toNanos();
        for (Lane lane : open()) {
            lane.close(end);
        }
    }

    private List<Lane> open() {
        synchronized (lanes) {
            return new ArrayList<>(lanes.values());
        }
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

    /** The stream of records to one topic. */
    private final class Lane {
        private final String topic;
        private final Deque<Sent> underWay = new ArrayDeque<>(); // guarded by this, as all below
        private long bytes;
        private Sinks.@Nullable Many<Record> records;
        private Disposable stream = () -> {};

        Lane(String topic) {
            this.topic = topic;
        }

        synchronized void send(Sent sent) {
            try {
                while (!closed && (underWay.size() >= MOST_RECORDS || bytes >= MOST_BYTES)) {
                    wait();
                }
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
            if (closed) {
                throw new KafkaException("this producer was closed");
            }
            emit(sent);
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
                stream = levada.publish(topic, to.asFlux())
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
            acknowledged.run();
            synchronized (this) {
                if (underWay.peek() == sent) {
                    underWay.remove();
                    bytes -= sent.bytes;
                    notifyAll();
                }
            }
        }

        /**
         * Of a record that is too large only itself fails, which is the first that is not acknowledged, and those behind it
         * are sent anew. After any other failure all fail that are under way, and what follows goes in another stream.
         */
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
                boolean single = error.code() == ErrorCode.MESSAGE_TOO_LARGE;
                failed.addAll(single ? all.subList(0, one) : all);
                if (single) {
                    all.subList(one, all.size()).forEach(this::emit);
                }
                notifyAll();
            }
            failed.forEach(sent -> sent.fail(KafkaErrors.of(error)));
        }

        synchronized void flush() {
            try {
                while (!underWay.isEmpty()) {
                    wait();
                }
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
        }

        void close(long end) {
            synchronized (this) {
                notifyAll();
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
                failed(
                        left,
                        new LevadaException(ErrorCode.OUTCOME_UNKNOWN, "the producer was closed before it was known"));
            }
        }
    }
}
