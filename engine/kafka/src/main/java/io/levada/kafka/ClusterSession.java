package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.delivery.Delivery;
import io.levada.delivery.OwnedPartitions;
import io.levada.facade.BatchSink;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.protocol.RecordFilter;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** A membership as its owner holds it on one connection: passes on what the owner says, and what the owner is told. */
final class ClusterSession implements GroupSession {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterSession.class);

    private final JoinSpec spec;
    private final MemberSink sink;
    private final OwnedPartitions owned;

    /** Null where nobody could be let in. */
    private volatile @Nullable ClusterMember member;

    private volatile @Nullable LevadaException over;

    private volatile boolean leaving;

    ClusterSession(JoinSpec spec, MemberSink sink, Delivery delivery) {
        this.spec = spec;
        this.sink = sink;
        this.owned = new OwnedPartitions(delivery, RecordFilter.of(spec.filter()));
    }

    JoinSpec spec() {
        return spec;
    }

    /** Has it belong to a member, which hears what the owner said before that. */
    void begin(ClusterMember who) {
        member = who;
        if (over != null) {
            who.orphaned(this);
        } else if (leaving) {
            who.leave(this);
        }
    }

    @Override
    public AssignedReader read(BatchSink batches) {
        return owned.read(batches, over);
    }

    @Override
    public Mono<Void> commit(Map<Integer, CommitPoint> points) {
        Map<Integer, CommitPoint> copy = Map.copyOf(points);
        ClusterMember who = member;
        return who == null
                ? Mono.error(ended("has not joined"))
                : Mono.create(reply -> who.commit(this, copy, reply::success, reply::error));
    }

    @Override
    public void revoked(int handle) {
        ClusterMember who = member;
        if (who != null) {
            who.givenBack(this, handle);
        }
    }

    @Override
    public void leave() {
        leaving = true;
        ClusterMember who = member;
        if (who != null) {
            who.leave(this);
        }
    }

    @Override
    public void abort() {
        if (end(ended("was aborted"))) {
            owned.cancelReaders();
        }
        ClusterMember who = member;
        if (who != null) {
            who.orphaned(this);
        }
    }

    private LevadaException ended(String how) {
        return new LevadaException(ErrorCode.UNKNOWN_MEMBER_ID, "the member of group '" + spec.group() + "' " + how);
    }

    void joined(String name, long secret, long generation) {
        tell(to -> to.onJoined(name, secret, generation));
    }

    void rejoined(long generation, Set<Integer> handles) {
        tell(to -> to.onRejoined(generation, handles));
    }

    void assigned(int handle, ClusterPartition partition, long generation, long start) {
        TopicPartition name = partition.feed().name();
        owned.hold(handle, name, partition.feed(), generation, start);
        tell(to -> to.onAssigned(handle, name, generation, start));
    }

    void revoking(int handle, long withinMs) {
        owned.revoking(handle);
        tell(to -> to.onRevoking(handle, withinMs));
    }

    void handedOver(int handle) {
        owned.release(handle);
    }

    void lost(int handle, String name) {
        owned.lose(handle, OwnedPartitions.taken(handle, name));
        tell(to -> to.onLost(handle));
    }

    void idle(String reason) {
        tell(to -> to.onIdle(reason));
    }

    @Nullable
    TopicPartition stalled(Duration limit, long nowNanos) {
        return owned.stalled(limit, nowNanos);
    }

    void left() {
        tell(MemberSink::onLeft);
        if (end(ended("has left"))) {
            owned.cancelReaders();
        }
    }

    void failed(LevadaException error) {
        tell(to -> to.onError(error));
        if (end(error)) {
            owned.failReaders(error);
        }
    }

    private synchronized boolean end(LevadaException why) {
        boolean first = over == null;
        if (first) {
            over = why;
            owned.clear();
        }
        return first;
    }

    /** Tells the owner something, unless the session has ended; an owner that throws is treated as broken. */
    private void tell(Consumer<MemberSink> what) {
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
