package io.levada.connect;

import io.levada.Levada;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;

/**
 * A producer over the facade: one stream of records for each topic, acknowledged in their order. What is not acknowledged is
 * bounded in records and bytes; whoever sends more waits. A topic that is missing is made when something is first sent to it.
 *
 * <p>Safe for any thread; callbacks come from threads of the log's.
 */
final class LevadaProducer extends PartialProducer {

    private final Levada levada;
    private final Runnable acknowledged;
    private final Map<String, PublishLane> lanes = new HashMap<>(); // guarded by itself
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
        if (closed) {
            throw new KafkaException("this producer was closed");
        }
        PublishLane lane;
        synchronized (lanes) {
            lane = lanes.get(record.topic());
        }
        if (lane == null) {
            MissingTopic.provide(levada, record.topic());
            synchronized (lanes) {
                lane = lanes.computeIfAbsent(record.topic(), this::lane);
            }
        }
        return lane.send(record, callback);
    }

    private PublishLane lane(String topic) {
        return new PublishLane(
                PublishLane.AfterFailure.GO_ON, records -> levada.publish(topic, records), ack -> acknowledged.run());
    }

    /** Waits until all that was sent is acknowledged or has failed. */
    @Override
    public void flush() {
        open().forEach(PublishLane::flush);
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
        List<PublishLane> all = open();
        all.forEach(PublishLane::refuse);
        all.forEach(lane -> lane.close(end));
    }

    private List<PublishLane> open() {
        synchronized (lanes) {
            return new ArrayList<>(lanes.values());
        }
    }
}
