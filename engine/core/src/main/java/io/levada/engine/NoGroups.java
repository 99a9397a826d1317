package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.facade.BatchSink;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An engine without groups: there are none, and joining fails. */
final class NoGroups implements GroupService, Groups, GroupSession {
    @Override
    public Groups admin() {
        return this;
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        sink.onError(none());
        return this;
    }

    @Override
    public void topicCreated(OpenTopic topic) {}

    @Override
    public void topicDeleted(String name) {}

    @Override
    public CompletionStage<Void> close() {
        return CompletableFuture.completedStage(null);
    }

    @Override
    public Flux<String> list() {
        return Flux.empty();
    }

    @Override
    public Mono<GroupDescription> describe(String group) {
        return Mono.error(none());
    }

    @Override
    public Mono<Void> delete(String group) {
        return Mono.error(none());
    }

    @Override
    public AssignedReader read(BatchSink sink) {
        throw none();
    }

    @Override
    public Mono<Void> commit(Map<Integer, Long> offsets) {
        return Mono.error(none());
    }

    @Override
    public void revoked(int handle) {}

    @Override
    public void leave() {}

    @Override
    public void abort() {}

    private static LevadaException none() {
        return new LevadaException(ErrorCode.GROUP_ID_NOT_FOUND, "this engine has no groups");
    }
}
