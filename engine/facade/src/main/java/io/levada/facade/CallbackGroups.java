package io.levada.facade;

import io.levada.GroupDescription;
import io.levada.Groups;
import io.levada.Position;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** An engine's groups, with answers where users' callbacks run; as {@link CallbackTopics}. */
record CallbackGroups(Groups engine, Scheduler callbacks) implements Groups {
    @Override
    public Flux<String> list() {
        return engine.list().publishOn(callbacks);
    }

    @Override
    public Mono<GroupDescription> describe(String group) {
        return engine.describe(group).publishOn(callbacks);
    }

    @Override
    public Mono<GroupDescription> reset(String group, String topic, @Nullable Integer partition, Position to) {
        return engine.reset(group, topic, partition, to).publishOn(callbacks);
    }

    @Override
    public Mono<Void> delete(String group) {
        return engine.delete(group).publishOn(callbacks);
    }
}
