package io.levada.access;

import io.levada.Position;
import io.levada.TopicDescription;
import io.levada.TopicSpec;
import io.levada.Topics;
import io.levada.access.Caller.Need;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An engine's topics, as far as a caller may see and change them. */
record GuardedTopics(Topics topics, Caller caller) implements Topics {
    private static List<Need> may(Operation operation, String name) {
        return List.of(new Need(operation, ResourceType.TOPIC, name));
    }

    @Override
    public Mono<TopicDescription> create(TopicSpec spec) {
        return caller.administered(may(Operation.CREATE, spec.name()), () -> topics.create(spec));
    }

    @Override
    public Flux<String> list() {
        return topics.list().filter(name -> caller.allows(Operation.DESCRIBE, ResourceType.TOPIC, name));
    }

    @Override
    public Mono<TopicDescription> describe(String name) {
        return caller.allowed(may(Operation.DESCRIBE, name), () -> topics.describe(name));
    }

    @Override
    public Mono<SortedMap<Integer, Long>> offsets(String name, @Nullable Integer partition, Position at) {
        return caller.allowed(may(Operation.DESCRIBE, name), () -> topics.offsets(name, partition, at));
    }

    @Override
    public Mono<TopicDescription> alter(String name, Map<String, String> config) {
        return caller.administered(may(Operation.ALTER, name), () -> topics.alter(name, config));
    }

    @Override
    public Mono<TopicDescription> addPartitions(String name, int count) {
        return caller.administered(may(Operation.ALTER, name), () -> topics.addPartitions(name, count));
    }

    @Override
    public Mono<Long> deleteRecords(String name, int partition, long beforeOffset) {
        return caller.administered(
                may(Operation.DELETE, name), () -> topics.deleteRecords(name, partition, beforeOffset));
    }

    @Override
    public Mono<Void> delete(String name) {
        return caller.administered(may(Operation.DELETE, name), () -> topics.delete(name));
    }
}
