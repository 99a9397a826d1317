package io.levada.facade;

import io.levada.TopicPartition;
import java.util.Set;

/** What a member of a group hears. */
public interface MemberSink {
    /**
     * The member is in the group.
     *
     * @param secret what {@link JoinSpec.Rejoin} wants; 0 where nobody can come back
     */
    void onJoined(String member, long secret, long generation);

    /**
     * The member that {@link JoinSpec#rejoin} names is back. What it owns is told again as if it were new, and may have
     * been told just before: {@link #onAssigned}, with the group's commit as the start, and {@link #onRevoking}.
     *
     * @param handles what it was told of on an earlier connection, or should have been, and still owns; the rest is lost
     */
    default void onRejoined(long generation, Set<Integer> handles) {}

    /**
     * The member owns the partition from now on.
     *
     * @param handle its number in this session, never used again for another assignment
     * @param start the offset to read from: the commit, or what the join asked for where there is none
     */
    void onAssigned(int handle, TopicPartition partition, long generation, long start);

    /** The partition is to be handed over: commit, then answer {@link GroupSession#revoked}, within so many ms. */
    void onRevoking(int handle, long withinMs);

    /** The partition was taken away. */
    void onLost(int handle);

    /**
     * Somebody moved the group's place in the partition: this assignment has ended, nothing said of it counts any more, and
     * one anew follows, from there.
     *
     * @param offset the next offset to be read
     */
    void onSeeked(int handle, long offset);

    void onIdle(String reason);

    /** The session has ended after {@link GroupSession#leave}. */
    void onLeft();

    void onError(Throwable error);
}
