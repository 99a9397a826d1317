package io.levada;

/** What happens to a membership, beside the assignments themselves. */
public sealed interface MemberEvent {
    /** The member is in the group. */
    record Joined(String member, long generation) implements MemberEvent {}

    /** The member owns no partition, and why; it is first in line when one frees up. */
    record Idle(String reason) implements MemberEvent {}

    /** The partition goes to another member: no new records come, and what is acknowledged by then is committed. */
    record Revoking(TopicPartition topicPartition, long deadlineMs) implements MemberEvent {}

    /** The partition was handed over. */
    record Revoked(TopicPartition topicPartition) implements MemberEvent {}

    /**
     * Somebody moved the group's place in the partition, which goes on from there: its deliveries complete, what of them is
     * acknowledged later counts no more, and an assignment anew follows.
     *
     * @param offset the next offset to be read
     */
    record Seeked(TopicPartition topicPartition, long offset) implements MemberEvent {}

    /** The partition was taken away; what was not committed will be delivered to another member. */
    record Lost(TopicPartition topicPartition) implements MemberEvent {}
}
