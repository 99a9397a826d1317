package io.levada.engine;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.TopicPartition;
import io.levada.delivery.Feed;
import io.levada.delivery.Subscription;
import io.levada.facade.BatchSink;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.facade.ReaderStatus;
import io.levada.groups.Effect;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordFilter;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * One membership as its owner holds it: passes on what the owner says, and what the owner is told. What it owns is known
 * here by handle, for its readers; whether it still does, the coordinator decides.
 */
final class MemberSession implements GroupSession {
    private static final Logger LOG = LoggerFactory.getLogger(MemberSession.class);

    /** An assignment that the owner was told of, and that stands as far as known. */
    private record Held(TopicPartition partition, Feed feed, long generation, Uptake uptake) {}

    private final GroupRuntime runtime;
    private final JoinSpec spec;
    private final String member;
    private final MemberSink sink;
    private final @Nullable RecordFilter filter;
    private final Map<Integer, Held> held = new ConcurrentHashMap<>();
    private final Set<Subscription> readers = ConcurrentHashMap.newKeySet();

    /** Handles that the owner has given back, which is not durable yet; confined to the loop of groups. */
    private final Set<Integer> givenBack = new HashSet<>();

    private volatile @Nullable LevadaException over;

    MemberSession(GroupRuntime runtime, JoinSpec spec, String member, MemberSink sink) {
        this.runtime = runtime;
        this.spec = spec;
        this.member = member;
        this.sink = sink;
        this.filter = RecordFilter.of(spec.filter());
    }

    JoinSpec spec() {
        return spec;
    }

    String group() {
        return spec.group();
    }

    String member() {
        return member;
    }

    Set<Integer> givenBack() {
        return givenBack;
    }

    /** The generation of an assignment, as the owner was told; 0, which is none, for one it does not have. */
    long generation(int handle) {
        Held assignment = held.get(handle);
        return assignment == null ? 0 : assignment.generation();
    }

    @Override
    public AssignedReader read(BatchSink batches) {
        Reader reader = new Reader(batches);
        LevadaException ended = over;
        if (ended != null) {
            reader.subscription.fail(ended);
        }
        return reader;
    }

    @Override
    public Mono<Void> commit(Map<Integer, CommitPoint> points) {
        Map<Integer, CommitPoint> copy = Map.copyOf(points);
        return Mono.create(reply -> runtime.commit(this, copy, reply::success, reply::error));
    }

    @Override
    public void revoked(int handle) {
        runtime.revoked(this, handle);
    }

    @Override
    public void leave() {
        runtime.leave(this);
    }

    @Override
    public void abort() {
        end(new LevadaException(ErrorCode.UNKNOWN_MEMBER_ID, "member '" + member + "' was aborted"));
        readers.forEach(Subscription::cancel);
        runtime.aborted(this);
    }

    /** A partition may be read from here on; that it is assigned is told after. */
    void hold(Effect.Assigned assigned, Feed feed) {
        held.put(
                assigned.handle(),
                new Held(assigned.partition(), feed, assigned.generation(), new Uptake(assigned.start())));
    }

    void assigned(Effect.Assigned assigned) {
        if (held.containsKey(assigned.handle())) {
            tell(to -> to.onAssigned(assigned.handle(), assigned.partition(), assigned.generation(), assigned.start()));
        }
    }

    void revoking(int handle, long withinMs) {
        Held assignment = held.get(handle);
        if (assignment != null) {
            assignment.uptake().stop();
        }
        tell(to -> to.onRevoking(handle, withinMs));
    }

    /** A partition whose records the owner has not taken for as long, or null. To be asked regularly. */
    @Nullable
    TopicPartition stalled(Duration limit, long nowNanos) {
        TopicPartition stalled = null;
        for (Held assignment : held.values()) {
            long nanos = assignment.uptake().stalledNanos(assignment.feed().durable(), nowNanos);
            stalled = nanos >= limit.toNanos() ? assignment.partition() : stalled;
        }
        return stalled;
    }

    /** The owner has handed a partition over. */
    void handedOver(int handle) {
        held.remove(handle);
        readers.forEach(reader -> reader.remove(handle));
    }

    /** A partition was taken away. */
    void lost(int handle) {
        held.remove(handle);
        LevadaException error = new LevadaException(
                ErrorCode.FENCED_MEMBER_EPOCH,
                "assignment " + handle + " of member '" + member + "' has ended; its partition may have another owner");
        readers.forEach(reader -> reader.end(handle, error));
        tell(to -> to.onLost(handle));
    }

    /** The group's place was moved; what is anew follows. */
    void seeked(int handle, long offset) {
        handedOver(handle);
        tell(to -> to.onSeeked(handle, offset));
    }

    void left() {
        tell(MemberSink::onLeft);
        end(new LevadaException(ErrorCode.UNKNOWN_MEMBER_ID, "member '" + member + "' has left"));
        readers.forEach(Subscription::cancel);
    }

    void failed(LevadaException error) {
        tell(to -> to.onError(error));
        end(error);
        readers.forEach(reader -> reader.fail(error));
    }

    private void end(LevadaException why) {
        if (over == null) {
            over = why;
        }
        held.clear();
    }

    /** Tells the owner something, unless the session has ended; an owner that throws is treated as broken. */
    void tell(Consumer<MemberSink> what) {
        if (over == null) {
            try {
                what.accept(sink);
            } catch (RuntimeException e) {
                LOG.error("a member's callback failed; the member is dropped", e);
                abort();
            }
        }
    }

    /** A reader of this member, known to it until it ends. */
    private final class Reader implements AssignedReader, BatchSink {
        private final BatchSink batches;

        /** Not there yet when what delivers has closed, and refuses it at once. */
        private final Subscription subscription;

        private Reader(BatchSink batches) {
            this.batches = batches;
            this.subscription = runtime.delivery().subscribe(this, filter, Overflow.pause(), this::owned);
            readers.add(subscription);
        }

        private @Nullable Feed owned(int handle) {
            Held assignment = held.get(handle);
            return assignment == null ? null : assignment.feed();
        }

        @Override
        public void add(int handle, long offset) {
            took(handle, offset);
            subscription.add(handle, offset);
        }

        private void took(int handle, long upTo) {
            Held assignment = held.get(handle);
            if (assignment != null) {
                assignment.uptake().took(upTo);
            }
        }

        @Override
        public void remove(int handle) {
            subscription.remove(handle);
        }

        @Override
        public void credit(long records, long bytes) {
            subscription.credit(records, bytes);
        }

        @Override
        public void cancel() {
            readers.remove(subscription);
            subscription.cancel();
        }

        @Override
        public CompletionStage<ReaderStatus> status() {
            return subscription.status();
        }

        @Override
        public boolean accepts(Compression codec) {
            return batches.accepts(codec);
        }

        @Override
        public void onBatch(int handle, int records, ByteBuf batch) {
            took(handle, RecordBatch.nextOffset(batch));
            batches.onBatch(handle, records, batch);
        }

        @Override
        public void onGap(int handle, long from, long to) {
            took(handle, to);
            batches.onGap(handle, from, to);
        }

        @Override
        public void onPassed(int handle, long offset) {
            took(handle, offset);
            batches.onPassed(handle, offset);
        }

        @Override
        public void onPartitionEnd(int handle, @Nullable LevadaException error) {
            batches.onPartitionEnd(handle, error);
        }

        @Override
        public void onComplete() {
            batches.onComplete();
        }

        @Override
        public void onError(Throwable error) {
            readers.removeIf(each -> each == subscription);
            batches.onError(error);
        }
    }
}
