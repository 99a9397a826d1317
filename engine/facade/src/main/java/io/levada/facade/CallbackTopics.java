package io.levada.facade;

import io.levada.Position;
import io.levada.TopicDescription;
import io.levada.TopicSpec;
import io.levada.Topics;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** An engine's topics, with answers where users' callbacks run: whoever blocks on one holds up no loop of the engine. */
record CallbackTopics(Topics engine, Scheduler callbacks) implements Topics {
    @Override
    public Mono<TopicDescription> create(TopicSpec spec) {
        return engine.create(spec).publishOn(callbacks);
    }

    @Override
    public Flux<String> list() {
        return engine.list().publishOn(callbacks);
    }

    @Override
    public Mono<TopicDescription> describe(String name) {
        return engine.describe(name).publishOn(callbacks);
    }

    @Override
    public Mono<SortedMap<Integer, Long>> offsets(String name, @Nullable Integer partition, Position at) {
        return engine.offsets(name, partition, at).publishOn(callbacks);
    }

    @Override
    public Mono<TopicDescription> alter(String name, Map<String, String> config) {
        return engine.alter(name, config).publishOn(callbacks);
    }

    @Override
    public Mono<TopicDescription> addPartitions(String name, int count) {
        return engine.addPartitions(name, count).publishOn(callbacks);
    }

    @Override
    public Mono<Long> deleteRecords(String name, int partition, long beforeOffset) {
        return engine.deleteRecords(name, partition, beforeOffset).publishOn(callbacks);
    }

    @Override
    public Mono<Void> delete(String name) {
        return engine.delete(name).publishOn(callbacks);
    }
}
