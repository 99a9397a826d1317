package io.levada;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Administration of topics. */
public interface Topics {
    /**
     * Creates a topic; durable when it completes. Fails with {@link ErrorCode#TOPIC_ALREADY_EXISTS}, {@link
     * ErrorCode#INVALID_TOPIC_EXCEPTION}, {@link ErrorCode#INVALID_PARTITIONS} or {@link
     * ErrorCode#INVALID_REPLICATION_FACTOR}.
     */
    Mono<TopicDescription> create(TopicSpec spec);

    /** Names of all topics in order, internal ones left out. */
    Flux<String> list();

    /** What a topic is and holds now; fails with {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}. */
    Mono<TopicDescription> describe(String name);

    /** Deletes a topic and its records; its readers end with {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}. */
    Mono<Void> delete(String name);
}
