package io.levada.kafka;

import io.levada.Position;
import io.levada.delivery.Positions;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Where positions are in the cluster's topics, as leaders say when they are asked for. Safe for any thread; does not block. */
record ClusterPositions(ClusterTopics topics, ClusterOffsets offsets, Positions meaning) {
    /**
     * The topic, when the partition that is asked for, or each where it is null, knows where it begins and ends now. One that there
     * is not is left to who uses it.
     */
    CompletionStage<ClusterTopic> fresh(ClusterTopic topic, @Nullable Integer only) {
        List<ClusterPartition> asked = topic.partitions();
        if (only != null) {
            asked = only >= 0 && only < asked.size() ? List.of(asked.get(only)) : List.of();
        }
        return offsets.refresh(asked).thenApply(done -> topic);
    }

    /** Offsets by partition, of one or of all; fails as {@link io.levada.Topics#offsets} does. */
    CompletionStage<SortedMap<Integer, Long>> find(String topic, @Nullable Integer only, Position at) {
        return topics.load(topic)
                .thenCompose(found -> fresh(found, only))
                .thenCompose(fresh -> meaning.offsetsOf(fresh, only, at));
    }
}
