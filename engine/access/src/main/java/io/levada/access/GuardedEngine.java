package io.levada.access;

import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.Topics;
import io.levada.access.Caller.Need;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.BatchWriter;
import io.levada.facade.CommitPoint;
import io.levada.facade.Engine;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.facade.ProducerId;
import io.levada.facade.ReadTotals;
import io.levada.facade.WriterSink;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * An engine as one caller may use it: the one place where permissions are asked for, whatever the transport, and before
 * anything is looked at, so that what is forbidden and what does not exist look alike.
 */
final class GuardedEngine implements Engine {
    private final Engine engine;
    private final Caller caller;

    GuardedEngine(Engine engine, Caller caller) {
        this.engine = engine;
        this.caller = caller;
    }

    @Override
    public Topics topics() {
        return new GuardedTopics(engine.topics(), caller);
    }

    @Override
    public Groups groups() {
        return new GuardedGroups(engine.groups(), caller);
    }

    /** An id without a name is of no use but to publish; a name fences whoever had it. */
    @Override
    public Mono<ProducerId> openProducer(@Nullable String name) {
        if (name != null) {
            return caller.allowed(
                    List.of(new Need(Operation.PUBLISH, ResourceType.PRODUCER, name)), () -> engine.openProducer(name));
        }
        return Mono.defer(() -> {
            LevadaException denied = caller.denialOfProducer();
            return denied == null ? engine.openProducer(null) : Mono.error(denied);
        });
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        return write(topic, sink, to -> engine.write(topic, to));
    }

    @Override
    public BatchWriter write(String topic, ExpectedPlace place, WriterSink sink) {
        return write(topic, sink, to -> engine.write(topic, place, to));
    }

    private BatchWriter write(String topic, WriterSink sink, Function<WriterSink, BatchWriter> open) {
        Standing standing = caller.standing(List.of(new Need(Operation.PUBLISH, ResourceType.TOPIC, topic)));
        LevadaException denied = standing.lost();
        if (denied != null) {
            later(() -> sink.onError(denied));
            return NoWriter.INSTANCE;
        }
        return new GuardedWriter(caller.open(sink, open), sink, standing);
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        Standing standing = caller.standing(List.of(new Need(Operation.READ, ResourceType.TOPIC, spec.topic())));
        LevadaException refused = refusal(standing);
        if (refused != null) {
            return refuse(sink, refused);
        }
        GuardedSink guarded = new GuardedSink(sink, standing, lost -> {}, caller::unsubscribe);
        return new GuardedReader(guarded.of(engine.read(spec, guarded)), guarded);
    }

    /** Why there may not be one more subscription; null where it is counted now. */
    private @Nullable LevadaException refusal(Standing standing) {
        LevadaException denied = standing.lost();
        return denied == null ? caller.subscribe() : denied;
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        List<Need> needs = new ArrayList<>();
        needs.add(new Need(Operation.COMMIT, ResourceType.GROUP, spec.group()));
        spec.topics().forEach(topic -> needs.add(new Need(Operation.READ, ResourceType.TOPIC, topic)));
        Standing standing = caller.standing(needs);
        LevadaException denied = standing.lost();
        if (denied != null) {
            later(() -> sink.onError(denied));
            return new NoSession(denied);
        }
        GuardedMemberSink guarded = new GuardedMemberSink(sink);
        return new GuardedMember(engine.join(spec, guarded), guarded, standing, caller);
    }

    @Override
    public ReadTotals readTotals() {
        return engine.readTotals();
    }

    /** The engine is others' as well. */
    @Override
    public Mono<Void> shutdown() {
        return Mono.empty();
    }

    @Override
    public void close() {}

    /** Never at once, as engines do it. */
    static void later(Runnable tell) {
        Schedulers.parallel().schedule(tell);
    }

    /** A reader of nothing, whose sink hears why. */
    static NoReader refuse(BatchSink sink, LevadaException why) {
        later(() -> sink.onError(why));
        return NoReader.INSTANCE;
    }

    private enum NoWriter implements BatchWriter {
        INSTANCE;

        @Override
        public void write(int partition, long sequence, ByteBuf batch) {
            batch.release();
        }

        @Override
        public void complete() {}

        @Override
        public void cancel() {}
    }

    enum NoReader implements GroupSession.AssignedReader {
        INSTANCE;

        @Override
        public void credit(long records, long bytes) {}

        @Override
        public void cancel() {}

        @Override
        public void add(int handle, long offset) {}

        @Override
        public void remove(int handle) {}
    }

    private record NoSession(LevadaException why) implements GroupSession {
        @Override
        public AssignedReader read(BatchSink sink) {
            return refuse(sink, why);
        }

        @Override
        public Mono<Void> commit(Map<Integer, CommitPoint> points) {
            return Mono.error(why);
        }

        @Override
        public void revoked(int handle) {}

        @Override
        public void leave() {}

        @Override
        public void abort() {}
    }
}
