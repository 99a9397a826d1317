package io.levada;

import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Administration of topics. */
public interface Topics {
    /**
     * Creates a topic; durable when it completes. Fails with {@link ErrorCode#TOPIC_ALREADY_EXISTS}, {@link
     * ErrorCode#INVALID_TOPIC_EXCEPTION}, {@link ErrorCode#INVALID_PARTITIONS}, {@link
     * ErrorCode#INVALID_REPLICATION_FACTOR} or {@link ErrorCode#INVALID_CONFIG}.
     */
    Mono<TopicDescription> create(TopicSpec spec);

    /** Names of all topics in order, internal ones left out. */
    Flux<String> list();

    /** What a topic is and holds now; fails with {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}. */
    Mono<TopicDescription> describe(String name);

    /**
     * Where a position is just now: the offset at which reading from there would begin, by partition in their order. A time
     * behind all records is at the durable end. Fails with {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}, and as a read from
     * there would: with {@link ErrorCode#OFFSET_OUT_OF_RANGE}, {@link ErrorCode#LOG_CHANGED}, or {@link
     * ErrorCode#INVALID_REQUEST} for {@link Position#committed}.
     *
     * @param partition the one that is asked for, or null for all
     */
    Mono<SortedMap<Integer, Long>> offsets(String name, @Nullable Integer partition, Position at);

    /**
     * Changes settings of a topic, named as in {@link TopicSpec#config}; the others stay. Durable and in force when it
     * completes. Fails with {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}, and with {@link ErrorCode#INVALID_CONFIG} for a
     * setting that is none, has no such value, or cannot be changed.
     */
    Mono<TopicDescription> alter(String name, Map<String, String> config);

    /**
     * Raises the number of partitions of a topic; durable when it completes. Members of groups come to own the new ones and
     * read them from their beginning; who reads without a group, and who publishes, keeps to those there were when it began.
     * Records with a key may go to another partition from then on, as with Kafka. Fails with {@link
     * ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}, and with {@link ErrorCode#INVALID_PARTITIONS} for fewer than there are.
     *
     * @param count how many there are to be; as many as there are changes nothing
     */
    Mono<TopicDescription> addPartitions(String name, int count);

    /**
     * Deletes the records of a partition that lie before an offset, which becomes its start; durable when it completes.
     * Gives the start, which is behind that offset if it was before. Whoever reads before it is told of the gap. Fails
     * with {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}, and with {@link ErrorCode#OFFSET_OUT_OF_RANGE} for an offset
     * above the durable end.
     */
    Mono<Long> deleteRecords(String name, int partition, long beforeOffset);

    /** Deletes a topic and its records; its readers end with {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}. */
    Mono<Void> delete(String name);
}
