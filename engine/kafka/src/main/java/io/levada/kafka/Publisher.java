package io.levada.kafka;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Loop;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordCursor;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * Sends the batches of all writers, by an idempotent producer for each codec. What is on its way to one partition is bounded,
 * so that one without a leader takes no more than its share of the producers' memory, and sending blocks nobody. All state is
 * the loop's.
 */
final class Publisher {
    private static final int LANES_THAT_FILL_THE_MEMORY = 16;

    private final Function<Compression, Producer<byte[], byte[]>> opener;
    private final Limits limits;
    private final Loop loop;
    private final long laneBytes;

    /** For all partitions: less than producers have, so that they never wait for memory. */
    private final long mostBytes;

    private long allBytes;
    private final Map<Compression, Producer<byte[], byte[]>> producers = new EnumMap<>(Compression.class);
    private final Map<TopicPartition, Lane> lanes = new HashMap<>();

    /** Those in which something waits, the first to wait first. */
    private final Set<Lane> waitingLanes = new LinkedHashSet<>();

    /**
     * What is on its way to one partition, and what waits. As long as anything is, it goes through the producer of one codec, so
     * that nothing overtakes; a batch without compression goes along with the others.
     */
    private final class Lane {
        private final Deque<OutgoingBatch> waiting = new ArrayDeque<>();
        private Compression codec = Compression.NONE;
        private long bytes;

        private boolean takes(OutgoingBatch batch) {
            if (allBytes + cost(batch) > mostBytes) {
                return false;
            }
            boolean fits = bytes + batch.bytes() <= laneBytes;
            return bytes == 0 || (fits && (batch.codec() == codec || batch.codec() == Compression.NONE));
        }
    }

    Publisher(Function<Compression, Producer<byte[], byte[]>> opener, ClusterConfig config, Loop loop) {
        this.opener = opener;
        this.limits = config.limits();
        this.loop = loop;
        this.laneBytes = config.publishBytes() / LANES_THAT_FILL_THE_MEMORY;
        this.mostBytes = config.publishBytes() / 4 * 3;
    }

    /** Where all of it happens, and what became of batches is told. */
    Loop loop() {
        return loop;
    }

    /** Sends a batch, or has it wait until there is room; in the loop. */
    void send(OutgoingBatch batch) {
        Lane lane = lanes.computeIfAbsent(batch.partition(), partition -> new Lane());
        if (lane.waiting.isEmpty() && lane.takes(batch)) {
            sendNow(lane, batch);
        } else {
            lane.waiting.add(batch);
            waitingLanes.add(lane);
        }
    }

    /** What a batch takes of a producer's memory at most: one of its own batches, if it is alone there. */
    private static long cost(OutgoingBatch batch) {
        return Math.max(batch.bytes(), ClusterClients.PRODUCER_BATCH_BYTES);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the batch is told the same
    private void sendNow(Lane lane, OutgoingBatch batch) {
        if (lane.bytes == 0) {
            lane.codec = batch.codec();
        }
        lane.bytes += batch.bytes();
        allBytes += cost(batch);
        try {
            if (!batch.isAwaited()) {
                throw new LevadaException(ErrorCode.GOING_AWAY, "its stream has ended");
            }
            Producer<byte[], byte[]> producer = producers.computeIfAbsent(lane.codec, opener);
            try (RecordCursor record = RecordCursor.open(batch.buffer(), limits)) {
                batch.begin(record.count());
                while (record.next() && !batch.isOver()) {
                    producer.send(record(batch.partition(), record), batch);
                }
            }
        } catch (RuntimeException e) {
            batch.failed(KafkaErrors.of(e));
        } finally {
            batch.release();
        }
    }

    private static ProducerRecord<byte[], byte[]> record(TopicPartition partition, RecordCursor record) {
        return new ProducerRecord<>(
                partition.topic(),
                partition.partition(),
                record.timestampMs(),
                record.key(),
                record.value(),
                headers(record));
    }

    private static List<Header> headers(RecordCursor record) {
        if (record.headerCount() == 0) {
            return List.of();
        }
        List<Header> headers = new ArrayList<>(record.headerCount());
        record.headers().forEach(header -> headers.add(new RecordHeader(header.key(), header.value())));
        return headers;
    }

    /** The outcome of a batch is known; in the loop. */
    void done(OutgoingBatch batch) {
        Lane lane = lanes.get(batch.partition());
        if (lane == null) {
            return;
        }
        lane.bytes -= batch.bytes();
        allBytes -= cost(batch);
        sendWaiting();
        if (lane.bytes == 0 && lane.waiting.isEmpty()) {
            lanes.remove(batch.partition());
        }
    }

    private void sendWaiting() {
        for (Iterator<Lane> each = waitingLanes.iterator(); each.hasNext(); ) {
            Lane lane = each.next();
            while (!lane.waiting.isEmpty() && lane.takes(lane.waiting.element())) {
                sendNow(lane, lane.waiting.remove());
            }
            if (lane.waiting.isEmpty()) {
                each.remove();
            }
        }
    }

    /** Ends the producers; what is still on its way fails with {@link ErrorCode#OUTCOME_UNKNOWN}. */
    CompletableFuture<Void> close(Duration patience) {
        return CompletableFuture.runAsync(
                () -> {
                    LevadaException closed = new LevadaException(ErrorCode.GOING_AWAY, "the log is closed");
                    lanes.values()
                            .forEach(lane -> lane.waiting.forEach(batch -> {
                                batch.release();
                                batch.failed(closed);
                            }));
                    lanes.clear();
                    waitingLanes.clear();
                    producers.values().forEach(producer -> producer.close(patience));
                    producers.clear();
                },
                loop);
    }
}
