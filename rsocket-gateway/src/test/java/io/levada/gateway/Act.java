package io.levada.gateway;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Something that a client may ask for, whatever the transport.
 *
 * @param topic which topic, where one matters, or a pattern of them
 * @param group which group, or which producer, where one matters
 */
record Act(Kind kind, @Nullable String topic, @Nullable String group) {
    /** What there is to be asked. */
    enum Kind {
        LIST_TOPICS,
        DESCRIBE_TOPIC,
        FIND_OFFSETS,
        CREATE_TOPIC,
        ALTER_TOPIC,
        ADD_PARTITIONS,
        DELETE_RECORDS,
        DELETE_TOPIC,
        LIST_GROUPS,
        DESCRIBE_GROUP,
        RESET_GROUP,
        DELETE_GROUP,
        OPEN_PRODUCER,
        OPEN_NAMED_PRODUCER,
        PUBLISH,
        PUBLISH_AT,
        PUBLISH_BATCHES,
        PUBLISH_BATCHES_AT,
        PUBLISH_ENTRIES,
        READ,
        READ_BATCHES,
        JOIN,
        CLAIM
    }

    static final List<String> TOPICS = List.of("orders", "orders-eu", "secret");
    /** What is not there, and what is not there and may be seen by those with a prefix. */
    static final List<String> GHOSTS = List.of("ghost", "orders-ghost");

    private static final List<String> GROUPS = List.of("g", "g-eu", "h");

    /** Every kind with everything that matters to it. */
    static List<Act> all() {
        List<Act> acts = new ArrayList<>();
        List<String> topics = Stream.concat(TOPICS.stream(), GHOSTS.stream()).toList();
        for (Kind kind : Kind.values()) {
            switch (kind) {
                case LIST_TOPICS, LIST_GROUPS, OPEN_PRODUCER -> acts.add(new Act(kind, null, null));
                case OPEN_NAMED_PRODUCER ->
                    List.of("p", "p-eu", "q").forEach(name -> acts.add(new Act(kind, null, name)));
                case DESCRIBE_GROUP, DELETE_GROUP -> GROUPS.forEach(group -> acts.add(new Act(kind, null, group)));
                case RESET_GROUP -> acts.addAll(pairs(kind, topics));
                case JOIN, CLAIM -> {
                    acts.addAll(pairs(kind, TOPICS));
                    acts.addAll(pairs(kind, List.of("orders-*", "orders*", "*")));
                }
                default -> topics.forEach(topic -> acts.add(new Act(kind, topic, null)));
            }
        }
        return acts;
    }

    private static List<Act> pairs(Kind kind, List<String> topics) {
        return GROUPS.stream()
                .flatMap(group -> topics.stream().map(topic -> new Act(kind, topic, group)))
                .toList();
    }
}
