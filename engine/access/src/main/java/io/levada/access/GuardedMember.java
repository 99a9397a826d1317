package io.levada.access;

import io.levada.LevadaException;
import io.levada.facade.BatchSink;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import java.util.Map;
import reactor.core.publisher.Mono;

/** A membership that lasts as long as its rights do; without them it leaves, so that others get its partitions. */
record GuardedMember(GroupSession session, GuardedMemberSink sink, Standing standing, Caller caller)
        implements GroupSession {
    /** Ends the membership, which its sink hears. */
    private void lost(LevadaException why) {
        if (sink.lose(why)) {
            session.leave();
        }
    }

    @Override
    public AssignedReader read(BatchSink batches) {
        LevadaException refused = caller.subscribe();
        if (refused != null) {
            return GuardedEngine.refuse(batches, refused);
        }
        GuardedSink guarded = new GuardedSink(batches, standing, this::lost, caller::unsubscribe);
        return new GuardedReader.Assigned(guarded.of(session.read(guarded)), guarded);
    }

    @Override
    public Mono<Void> commit(Map<Integer, CommitPoint> points) {
        LevadaException why = standing.lost();
        if (why != null) {
            lost(why);
            return Mono.error(why);
        }
        return session.commit(points);
    }

    @Override
    public void revoked(int handle) {
        session.revoked(handle);
    }

    @Override
    public void leave() {
        session.leave();
    }

    @Override
    public void abort() {
        session.abort();
    }
}
