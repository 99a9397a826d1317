package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Where a group goes on in a topic when it is reset to a position. */
record ResetPlaces(GroupHost host, String name, @Nullable OpenTopic topic, Position to) {
    ResetPlaces(GroupHost host, String name, @Nullable OpenTopic topic, Position to) {
        this.host = host;
        this.name = name;
        this.topic = topic;
        this.to = to;
    }

    /**
     * Offsets by partition.
     *
     * @param only the one that is asked for, or null for all
     * @return fails with UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST, and as {@link GroupHost#offsetOf}
     */
    CompletionStage<Map<TopicPartition, Long>> find(@Nullable Integer only) {
        OpenTopic open = topic;
        if (open == null || TopicSpec.isInternal(name)) {
            return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic '" + name + "'");
        } else if (to instanceof Position.Committed) {
            return refused(ErrorCode.INVALID_REQUEST, "a group is where it committed already; use another position");
        }
        int count = open.partitions().size();
        if (only != null && (only < 0 || only >= count)) {
            return refused(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "topic '" + name + "' has partitions 0 to " + (count - 1) + ", not " + only);
        }
        CompletionStage<Map<TopicPartition, Long>> found = CompletableFuture.completedStage(new TreeMap<>());
        for (int partition = only == null ? 0 : only; partition < (only == null ? count : only + 1); partition++) {
            TopicPartition each = new TopicPartition(name, partition);
            found = found.thenCombine(host.offsetOf(open, partition, to), (places, offset) -> {
                places.put(each, offset);
                return places;
            });
        }
        return found;
    }

    private static <T> CompletionStage<T> refused(ErrorCode code, String why) {
        return CompletableFuture.failedStage(new LevadaException(code, why));
    }
}
