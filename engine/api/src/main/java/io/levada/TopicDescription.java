package io.levada;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A topic as it is now.
 *
 * @param id its id, which a topic of the same name created later does not share
 * @param logId the incarnation of the log that holds it
 */
public record TopicDescription(
        String name, UUID id, UUID logId, List<PartitionDescription> partitions, Map<String, String> config) {
    public TopicDescription {
        partitions = List.copyOf(partitions);
        config = Map.copyOf(config);
    }

    /**
     * One partition.
     *
     * @param start the earliest offset that is kept
     * @param end the offset that the next record will get
     * @param durable the offset up to which records are durable, and so visible
     * @param bytes what its segments hold
     */
    public record PartitionDescription(int partition, long start, long end, long durable, long bytes) {}

    /** A token at the start of every partition, to be moved on by {@link Token#after}. */
    public Token startToken() {
        TreeMap<Integer, Long> next = new TreeMap<>();
        partitions.forEach(partition -> next.put(partition.partition(), partition.start()));
        return new Token(logId, id, next);
    }
}
