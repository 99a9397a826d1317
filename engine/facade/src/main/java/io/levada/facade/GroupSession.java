package io.levada.facade;

import java.util.Map;
import reactor.core.publisher.Mono;

/** A membership. Safe for any thread. */
public interface GroupSession {
    /** Opens a reader without partitions and without credit; partitions are added as they are assigned. */
    AssignedReader read(BatchSink sink);

    /** Commits by handle, all or none; completes when durable, fails when fenced. */
    Mono<Void> commit(Map<Integer, CommitPoint> points);

    /** Answers {@link MemberSink#onRevoking}: everything wanted is committed, the partition may go. */
    void revoked(int handle);

    /** Gives back all partitions and leaves; {@link MemberSink#onLeft} follows. */
    void leave();

    /** Vanishes as a broken connection does: partitions stay until the grace period ends. No call to the sink follows. */
    void abort();

    /** A reader of owned partitions, with one credit for all of them. */
    interface AssignedReader extends BatchReader {
        /** Starts a partition at the offset given; of a handle that is not owned, {@code onPartitionEnd} tells. */
        void add(int handle, long offset);

        /** Stops a partition; {@code onPartitionEnd} without error is the last of it. */
        void remove(int handle);
    }
}
