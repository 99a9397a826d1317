package io.levada.connect;

import io.levada.End;
import io.levada.Header;
import io.levada.Levada;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import io.levada.TopicDescription.PartitionDescription;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.connect.errors.ConnectException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a source is, as its records themselves tell it: each has the source's offset in its headers, and so becomes durable
 * together with it. The offsets' topic has a note for each connector of where to look: the places from which on there may be
 * records whose offsets are not in that topic yet. It is written before anything is published to a partition, and moves on behind
 * the offsets.
 *
 * <p>Everything is for the thread that publishes, but for {@link #flush} and {@link #reached}, which are for any. All but the
 * latter may block.
 */
final class SourceTrail {
    /** Header: the source's partition, as a key of the offsets' topic, {@code ["connector", {partition}]}. */
    static final String PARTITION = "levada.source.partition";
    /** Header: the source's offset, as a value of that topic. */
    static final String OFFSET = "levada.source.offset";
    /** Header: which record of the connector's it is, from 0 on, in decimal. */
    static final String NUMBER = "levada.source.number";

    private static final Logger log = LoggerFactory.getLogger(SourceTrail.class);
    private static final long LIMIT_S = 30;
    private static final long PAUSE_MS = 20;
    /** Records without a key that go to the same partition. */
    private static final long TOGETHER = 1_000;

    private final Levada levada;
    private final OffsetTable offsets;
    private final String connector;
    private final ByteBuffer noteKey;
    private final Map<String, Integer> partitionCounts = new HashMap<>();
    private final Map<TopicPartition, Long> ends =
            new ConcurrentHashMap<>(); // of what the task has heard that it is durable
    private final Deque<Map<TopicPartition, Long>> flushes = new ArrayDeque<>(); // guarded by this, as noted
    private Map<TopicPartition, Long> noted = new HashMap<>();
    private volatile long number; // changed by the thread that publishes

    /**
     * What is kept of a connector.
     *
     * @param number that no record before the places has, nor a higher one
     * @param places by topic and partition
     */
    private record Note(long number, Map<String, Map<Integer, Long>> places) {}

    /** What the last record that was found says. */
    private record Found(long number, byte[] offset) {}

    SourceTrail(Levada levada, OffsetTable offsets, String connector) {
        this.levada = levada;
        this.offsets = offsets;
        this.connector = connector;
        this.noteKey = ByteBuffer.wrap(Json.write(List.of(connector)));
    }

    /** Makes the offsets that records tell the connector's. To be called before anything else. */
    void recover() {
        Map<String, Found> found = new LinkedHashMap<>();
        if (look((now, partition, place) -> read(partition, now, place, found))) {
            Map<ByteBuffer, ByteBuffer> values = new LinkedHashMap<>();
            found.forEach((key, last) ->
                    values.put(ByteBuffer.wrap(key.getBytes(StandardCharsets.UTF_8)), ByteBuffer.wrap(last.offset())));
            write(values, ends);
            log.info("{} goes on where its records say, {} of them", connector, number);
        }
    }

    /** After somebody changed the connector's offsets: what records tell counts no more. */
    void forget() {
        if (look((now, partition, place) -> {})) {
            write(Map.of(), ends);
        }
    }

    /** What is done with each partition of the note. */
    private interface Looking {
        void at(PartitionDescription now, TopicPartition partition, long place);
    }

    /** Whether there was a note. */
    private boolean look(Looking looking) {
        ByteBuffer value = await(offsets.get(List.of(noteKey))).get(noteKey);
        if (value == null) {
            return false;
        }
        Note note = Json.read(StandardCharsets.UTF_8.decode(value.duplicate()).toString(), Note.class);
        number = note.number();
        note.places()
                .forEach((topic, places) -> places.forEach((partition, place) -> {
                    TopicPartition at = new TopicPartition(topic, partition);
                    PartitionDescription now = settled(at);
                    if (now != null) {
                        looking.at(now, at, place);
                        ends.put(at, now.end());
                    }
                }));
        return true;
    }

    /** A partition, once all that was appended to it is durable; null where it is gone. */
    private @Nullable PartitionDescription settled(TopicPartition partition) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (MissingTopic.isThere(levada, partition.topic())) {
            PartitionDescription now = levada.blocking().describeTopic(partition.topic()).partitions().stream()
                    .filter(each -> each.partition() == partition.partition())
                    .findFirst()
                    .orElse(null);
            if (now == null || now.durable() >= now.end()) {
                return now;
            }
            if (System.nanoTime() > limit) {
                throw new ConnectException("what is in " + partition + " does not become durable");
            }
            pause();
        }
        return null;
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConnectException("interrupted", e);
        }
    }

    private void read(TopicPartition partition, PartitionDescription now, long place, Map<String, Found> found) {
        long from = Math.max(place, now.start());
        if (from < now.end()) {
            levada.read(ReadSpec.of(partition.topic())
                            .partition(partition.partition())
                            .from(Position.offset(from))
                            .to(End.offset(now.end())))
                    .doOnNext(record -> note(record, found))
                    .then()
                    .block();
        }
    }

    private void note(StoredRecord record, Map<String, Found> found) {
        byte[] partition = header(record, PARTITION);
        byte[] offset = header(record, OFFSET);
        byte[] which = header(record, NUMBER);
        if (partition == null || offset == null || which == null || !isOurs(partition)) {
            return;
        }
        long value = Long.parseLong(new String(which, StandardCharsets.US_ASCII));
        number = Math.max(number, value + 1);
        found.merge(
                new String(partition, StandardCharsets.UTF_8),
                new Found(value, offset),
                (one, other) -> one.number() > other.number() ? one : other);
    }

    private static byte @Nullable [] header(StoredRecord record, String key) {
        for (Header header : record.headers()) {
            if (header.key().equals(key)) {
                return header.value();
            }
        }
        return null;
    }

    private boolean isOurs(byte[] partition) {
        List<?> parts = Json.read(partition, List.class);
        return !parts.isEmpty() && connector.equals(parts.get(0));
    }

    /** Writes offsets, and behind them the note. One at a time, so that the note that is written last is the last one. */
    private synchronized void write(Map<ByteBuffer, ByteBuffer> values, Map<TopicPartition, Long> places) {
        Map<String, Map<Integer, Long>> byTopic = new TreeMap<>();
        places.forEach((partition, place) -> byTopic.computeIfAbsent(partition.topic(), topic -> new TreeMap<>())
                .put(partition.partition(), place));
        Map<ByteBuffer, ByteBuffer> all = new LinkedHashMap<>(values);
        all.put(noteKey, ByteBuffer.wrap(Json.write(new Note(number, byTopic))));
        await(offsets.set(all, null));
        noted = new HashMap<>(places);
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.get(LIMIT_S, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConnectException("interrupted", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new ConnectException("the topic of offsets does not answer: " + e, e);
        }
    }

    /** Where a record belongs, as Kafka's producers choose it; of those without a key so many go together. */
    TopicPartition partitionOf(ProducerRecord<byte[], byte[]> record) {
        int count = partitionCounts.computeIfAbsent(record.topic(), topic -> {
            MissingTopic.provide(levada, topic);
            return levada.blocking().describeTopic(topic).partitions().size();
        });
        Integer chosen = record.partition();
        if (chosen == null) {
            chosen = record.key() == null
                    ? (int) (number / TOGETHER % count)
                    : BuiltInPartitioner.partitionForKey(record.key(), count);
        }
        return new TopicPartition(record.topic(), chosen);
    }

    /** The place of the next record there; noted before there is one. */
    long endOf(TopicPartition partition) {
        Long known = ends.get(partition);
        if (known != null) {
            return known;
        }
        PartitionDescription now = settled(partition);
        if (now == null) {
            throw new ConnectException(partition + " is not there");
        }
        synchronized (this) {
            flushes.forEach(flush -> flush.put(partition, now.end()));
            Map<TopicPartition, Long> places = new HashMap<>(noted);
            places.put(partition, now.end());
            write(Map.of(), places);
        }
        ends.put(partition, now.end());
        return now.end();
    }

    /** Numbers the next record. */
    void number(Headers headers) {
        headers.remove(NUMBER);
        long mine = number;
        headers.add(NUMBER, Long.toString(mine).getBytes(StandardCharsets.US_ASCII));
        number = mine + 1;
    }

    /** Told of a record that is durable, after the task has heard of it. */
    void reached(TopicPartition partition, long next) {
        ends.put(partition, next);
    }

    /**
     * Writes offsets, and a note that moves on behind them. The task may have heard of more records than these are the offsets of;
     * but of all it had heard of two flushes ago they are, since it looked between that and this.
     */
    synchronized void flush(Map<ByteBuffer, ByteBuffer> values) {
        Map<TopicPartition, Long> places = flushes.size() < 2 ? noted : flushes.getFirst();
        write(values, places);
        flushes.addLast(new HashMap<>(ends));
        if (flushes.size() > 2) {
            flushes.removeFirst();
        }
    }
}
