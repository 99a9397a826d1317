package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.delivery.Feed;
import io.levada.delivery.OwnedPartitions;
import io.levada.facade.BatchSink;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.groups.Effect;
import io.levada.protocol.RecordFilter;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
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

    private final GroupRuntime runtime;
    private final JoinSpec spec;
    private final String member;
    private final MemberSink sink;
    private final OwnedPartitions owned;

    /** Handles that the owner has given back, which is not durable yet; confined to the loop of groups. */
    private final Set<Integer> givenBack = new HashSet<>();

    private volatile @Nullable LevadaException over;

    MemberSession(GroupRuntime runtime, JoinSpec spec, String member, MemberSink sink) {
        this.runtime = runtime;
        this.spec = spec;
        this.member = member;
        this.sink = sink;
        this.owned = new OwnedPartitions(runtime.delivery(), RecordFilter.of(spec.filter()));
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
        return owned.generation(handle);
    }

    @Override
    public AssignedReader read(BatchSink batches) {
        return owned.read(batches, over);
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
        owned.cancelReaders();
        runtime.aborted(this);
    }

    /** A partition may be read from here on; that it is assigned is told after. */
    void hold(Effect.Assigned assigned, Feed feed) {
        owned.hold(assigned.handle(), assigned.partition(), feed, assigned.generation(), assigned.start());
    }

    void assigned(Effect.Assigned assigned) {
        if (owned.holds(assigned.handle())) {
            tell(to -> to.onAssigned(assigned.handle(), assigned.partition(), assigned.generation(), assigned.start()));
        }
    }

    void revoking(int handle, long withinMs) {
        owned.revoking(handle);
        tell(to -> to.onRevoking(handle, withinMs));
    }

    /** A partition whose records the owner has not taken for as long, or null. To be asked regularly. */
    @Nullable
    TopicPartition stalled(Duration limit, long nowNanos) {
        return owned.stalled(limit, nowNanos);
    }

    /** The owner has handed a partition over. */
    void handedOver(int handle) {
        owned.release(handle);
    }

    /** A partition was taken away. */
    void lost(int handle) {
        owned.lose(handle, OwnedPartitions.taken(handle, member));
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
        owned.cancelReaders();
    }

    void failed(LevadaException error) {
        tell(to -> to.onError(error));
        end(error);
        owned.failReaders(error);
    }

    private void end(LevadaException why) {
        if (over == null) {
            over = why;
        }
        owned.clear();
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
}
