package io.levada.connect;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.apache.kafka.connect.errors.DataException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * A compacted topic of one partition as a map in memory that follows it: the latest value of each key.
 *
 * <p>Safe for any thread. Listeners are told under the table's lock, in the order of the log; they must not block.
 */
final class LogTable implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LogTable.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private final Levada levada;
    private final String topic;
    private final BiConsumer<String, byte @Nullable []> listener;
    private final Map<String, byte[]> values = new LinkedHashMap<>(); // guarded by this
    private final Disposable.Swap following = Disposables.swap();
    private long next; // guarded by this: the offset of the first record not seen

    /**
     * @param listener told of each record, after the map has it; the value is null where the key is deleted. A {@link
     *     DataException} leaves the record out
     */
    LogTable(Levada levada, String topic, BiConsumer<String, byte @Nullable []> listener) {
        this.levada = levada;
        this.topic = topic;
        this.listener = listener;
    }

    String topic() {
        return topic;
    }

    /** Makes the topic where it is missing, reads what it holds, and follows it from there. Blocks. */
    void start() {
        Map<String, String> config = Map.of("cleanup.policy", "compact", "retention.ms", "-1");
        if (MissingTopic.make(levada, TopicSpec.of(topic).config(config))) {
            log.info("created topic {}", topic);
        }
        refresh();
        following.update(Flux.defer(() -> levada.read(ReadSpec.of(topic).from(from())))
                .doOnNext(this::apply)
                .doOnError(error -> log.warn("{} is not followed for the moment: {}", topic, error.getMessage()))
                .retryWhen(Retry.backoff(Long.MAX_VALUE, FIRST_PAUSE).maxBackoff(LONGEST_PAUSE))
                .subscribe());
    }

    /** Takes in what was published before this was called. Blocks. */
    void refresh() {
        refreshing().block();
    }

    /** The same without blocking. */
    CompletableFuture<Void> refreshed() {
        return refreshing().toFuture();
    }

    /** To the end as it is now, where there need not be a record: what was there may be compacted away. */
    private Mono<Void> refreshing() {
        return levada.topics().describe(topic).flatMap(found -> {
            long end = found.partitions().get(0).durable();
            return end <= next()
                    ? Mono.empty()
                    : levada.read(ReadSpec.of(topic).from(from()).to(End.offset(end)))
                            .doOnNext(this::apply)
                            .then()
                            .doOnSuccess(nothing -> reached(end));
        });
    }

    private Position from() {
        long place = next();
        return place == 0 ? Position.earliest() : Position.offset(place);
    }

    private synchronized void reached(long end) {
        next = Math.max(next, end);
    }

    private synchronized long next() {
        return next;
    }

    private synchronized void apply(StoredRecord read) {
        if (read.offset() < next) {
            return; // seen by who follows, or who refreshes, before
        }
        next = read.offset() + 1;
        String key = read.keyUtf8();
        if (key == null) {
            return;
        }
        byte[] value = read.value();
        if (value == null) {
            values.remove(key);
        } else {
            values.put(key, value);
        }
        try {
            listener.accept(key, value);
        } catch (DataException e) { // what follows is not to be lost for it
            log.error("{} of {} is left out: {}", key, read.topicPartition(), e.getMessage());
        }
    }

    synchronized byte @Nullable [] get(String key) {
        return values.get(key);
    }

    /** What it holds now, in the order in which keys came. */
    synchronized Map<String, byte[]> snapshot() {
        return new LinkedHashMap<>(values);
    }

    /** Publishes values, null to delete; done once they are durable and this table has them. */
    CompletableFuture<Void> put(Map<String, byte @Nullable []> changes) {
        List<Record> records = new ArrayList<>();
        changes.forEach((key, value) -> records.add(record(key, value)));
        return levada.publish(topic, Flux.fromIterable(records))
                .then(refreshing())
                .toFuture();
    }

    /**
     * Publishes one value if nobody published anything since this table's place, which it then has. Blocks.
     *
     * @return false where somebody did; look again, after {@link #refresh}
     */
    boolean putIfUnchanged(long expected, String key, byte @Nullable [] value) {
        try {
            levada.publishAt(topic, 0, expected, Flux.just(record(key, value))).blockLast();
        } catch (LevadaException e) {
            if (e.code() == ErrorCode.OFFSET_MISMATCH) {
                return false;
            }
            throw e;
        }
        refresh();
        return true;
    }

    /** The place that {@link #putIfUnchanged} goes by. */
    long place() {
        return next();
    }

    private static Record record(String key, byte @Nullable [] value) {
        return Record.of(key.getBytes(StandardCharsets.UTF_8), value);
    }

    @Override
    public void close() {
        following.dispose();
    }
}
