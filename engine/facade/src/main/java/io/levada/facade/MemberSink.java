package io.levada.facade;

import io.levada.TopicPartition;

/** What a member of a group hears. */
public interface MemberSink {
    void onJoined(String member, long generation);

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

    void onIdle(String reason);

    /** The session has ended after {@link GroupSession#leave}. */
    void onLeft();

    void onError(Throwable error);
}
