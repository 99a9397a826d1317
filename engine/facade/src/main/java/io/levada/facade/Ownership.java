package io.levada.facade;

import io.levada.TopicPartition;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * A partition that a member owns, from its assignment to its going. The tracker and the holds are safe for any thread, the
 * rest is {@link Membership}'s own.
 */
final class Ownership {
    final int handle;
    final TopicPartition partition;
    final long generation;
    final long start;
    final AckTracker tracker;
    final AtomicInteger holds = new AtomicInteger();

    /** The position last committed with success. */
    long committed;

    /** A commit was refused for good; what is acknowledged stays uncommitted. */
    boolean refused;

    boolean revoking;

    /** The time for acknowledgements is over. */
    boolean overdue;

    @Nullable
    Disposable deadline;

    Ownership(int handle, TopicPartition partition, long generation, long start) {
        this.handle = handle;
        this.partition = partition;
        this.generation = generation;
        this.start = start;
        this.tracker = new AckTracker(start);
        this.committed = start;
    }

    boolean hasNews() {
        return !refused && tracker.position() > committed;
    }

    /** Nothing of it is in the user's hands, or nothing is waited for any more. */
    boolean isSettled() {
        return overdue || (holds.get() == 0 && tracker.isDrained());
    }

    void cancelDeadline() {
        if (deadline != null) {
            deadline.dispose();
            deadline = null;
        }
    }
}
