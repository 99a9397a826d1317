package io.levada.connect;

import io.levada.Levada;
import java.time.Duration;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.connect.runtime.TaskFactory;
import org.jspecify.annotations.Nullable;

/**
 * A producer that publishes each record once, whatever becomes of it and its like: at the place where its trail says that the
 * partition ends, so that nothing is appended where anybody else was meanwhile, and to one partition at a time, so that nothing is
 * durable before what came before it. Whatever fails, fails it for good: what came behind must not be taken for all there was.
 *
 * <p>For one thread; {@link #close} and {@link #hasFailed} are for any.
 */
final class OnceProducer extends PartialProducer implements TaskFactory.Signature {
    private final Levada levada;
    private final SourceTrail trail;
    private final PublishLane.AfterFailure afterFailure;
    private final Runnable acknowledged;
    private @Nullable TopicPartition at;
    private volatile @Nullable PublishLane lane;
    private volatile @Nullable KafkaException failure;
    private volatile boolean closed;

    /**
     * A producer of its own.
     *
     * @param leavesOut whether a record that is too large fails by itself alone, and is to be left out
     * @param acknowledged called after each record that is durable; must not block
     */
    OnceProducer(Levada levada, SourceTrail trail, boolean leavesOut, Runnable acknowledged) {
        this.levada = levada;
        this.trail = trail;
        this.afterFailure = leavesOut ? PublishLane.AfterFailure.LEAVE_OUT_TOO_LARGE : PublishLane.AfterFailure.END;
        this.acknowledged = acknowledged;
    }

    boolean hasFailed() {
        return failure != null;
    }

    @Override
    public void sign(Headers headers, byte[] partition, byte[] offset) {
        headers.add(SourceTrail.PARTITION, partition);
        headers.add(SourceTrail.OFFSET, offset);
    }

    /** Fails where something has failed before. */
    @Override
    public void beforePoll() {
        failWhereItHas();
    }

    private void failWhereItHas() {
        KafkaException before = failure;
        if (before != null) {
            throw new KafkaException(before.getMessage(), before);
        }
    }

    @Override
    public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        TopicPartition to = trail.partitionOf(record);
        boolean turns = !to.equals(at);
        if (turns) {
            flush();
        }
        failWhereItHas();
        PublishLane open = lane;
        if (open == null || turns) {
            open = open(to);
        }
        trail.number(record.headers());
        return open.send(record, (place, error) -> {
            if (error instanceof KafkaException failed && !isLeftOut(failed)) {
                failure = failed;
            }
            callback.onCompletion(place, error);
        });
    }

    private boolean isLeftOut(KafkaException error) {
        return error instanceof RecordTooLargeException && afterFailure == PublishLane.AfterFailure.LEAVE_OUT_TOO_LARGE;
    }

    /** Once nothing is under way elsewhere. */
    private PublishLane open(TopicPartition to) {
        PublishLane before = lane;
        if (before != null) {
            before.close(System.nanoTime());
        }
        trail.endOf(to);
        PublishLane opened = new PublishLane(
                afterFailure,
                records -> levada.publishAt(to.topic(), to.partition(), trail.endOf(to), records),
                ack -> {
                    trail.reached(to, ack.offset() + 1);
                    acknowledged.run();
                });
        lane = opened;
        at = to;
        if (closed) {
            opened.refuse();
        }
        return opened;
    }

    @Override
    public void flush() {
        PublishLane open = lane;
        if (open != null) {
            open.flush();
        }
    }

    @Override
    public void close() {
        close(Duration.ofSeconds(30));
    }

    /** Fails what is not acknowledged in time. */
    @Override
    public void close(Duration limit) {
        closed = true;
        PublishLane open = lane;
        if (open != null) {
            open.close(System.nanoTime() + limit.toNanos());
        }
    }
}
