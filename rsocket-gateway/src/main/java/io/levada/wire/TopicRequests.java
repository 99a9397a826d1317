package io.levada.wire;

import io.levada.TopicDescription;
import io.levada.TopicSpec;
import io.levada.Topics;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** What topics are asked to become, whichever way it is asked. Stateless. */
public final class TopicRequests {
    private TopicRequests() {}

    /** A topic to be created, from {@code name, partitions?, replicationFactor?, config?}. */
    public static TopicSpec spec(Json wanted) {
        wanted.only("name", "partitions", "replicationFactor", "config");
        Integer partitions = wanted.integerOrNull("partitions");
        Integer replicationFactor = wanted.integerOrNull("replicationFactor");
        return new TopicSpec(
                wanted.text("name"),
                partitions == null ? 1 : partitions,
                replicationFactor == null ? 1 : replicationFactor,
                wanted.settings("config"));
    }

    /** Changes settings and adds partitions; the settings first: if one of them is refused, nothing has changed. */
    public static Mono<TopicDescription> alter(
            Topics topics, String name, Map<String, String> config, @Nullable Integer partitions) {
        Mono<TopicDescription> altered = topics.alter(name, config);
        if (partitions == null) {
            return altered;
        }
        Mono<TopicDescription> grown = topics.addPartitions(name, partitions);
        return config.isEmpty() ? grown : altered.then(grown);
    }
}
