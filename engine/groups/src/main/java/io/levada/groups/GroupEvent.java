package io.levada.groups;

import io.levada.TopicPartition;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A change of a group, in the form in which it is kept. Each sets or removes one thing that has a name, so of several
 * events of the same name only the last counts: a compacted log of them is the group's state.
 */
public sealed interface GroupEvent {
    String group();

    /**
     * The group's counters; it exists from the first of these on.
     *
     * @param generation grows with every change of members or assignment
     * @param lastHandle the last handle given out
     */
    record Epoch(String group, long generation, int lastHandle) implements GroupEvent {}

    record MemberSet(String group, Member member) implements GroupEvent {}

    record MemberGone(String group, String member) implements GroupEvent {}

    record PartitionSet(String group, TopicPartition partition, Ownership ownership) implements GroupEvent {}

    record PartitionFreed(String group, TopicPartition partition) implements GroupEvent {}

    /**
     * The group's place in a partition: a commit of its owner, where the first owner started, or what it was reset to.
     *
     * @param topicId the topic that the offset belongs to
     * @param offset the next offset to be read
     * @param reset whether somebody asked for it from outside, so that it may lie before the place there was
     * @param metadata what its owner said with it, or null
     */
    record Committed(
            String group,
            TopicPartition partition,
            UUID topicId,
            long offset,
            boolean reset,
            @Nullable String metadata) implements GroupEvent {
        Committed(String group, TopicPartition partition, UUID topicId, long offset) {
            this(group, partition, topicId, offset, false, null);
        }
    }

    record CommitGone(String group, TopicPartition partition) implements GroupEvent {}

    /** The group is gone; everything it had was removed before. */
    record GroupGone(String group) implements GroupEvent {}
}
