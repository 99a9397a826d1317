package io.levada.groups;

import io.levada.Position;
import io.levada.TopicPartition;
import java.util.Set;

/** Something for a member to be told, once the events of the same decision are durable. */
public sealed interface Effect {
    String group();

    String member();

    /**
     * The member is in the group.
     *
     * @param secret to be told to nobody else
     */
    record Joined(String group, String member, long secret, long generation) implements Effect {}

    /**
     * The member is back; what it is to know of its assignments follows.
     *
     * @param handles assignments that it was told of before, or should have been, and that stand
     */
    record Rejoined(String group, String member, long generation, Set<Integer> handles) implements Effect {}

    /**
     * The member owns the partition, and reads from the group's place on.
     *
     * @param start the group's commit
     */
    record Assigned(String group, String member, int handle, TopicPartition partition, long generation, long start)
            implements Effect {}

    /**
     * The member owns the partition, but the group has no place in it. Whoever runs the coordinator finds the offset and
     * says it with {@link GroupCoordinator#started}; the member is told only then.
     */
    record FindStart(String group, String member, int handle, TopicPartition partition, long generation, Position from)
            implements Effect {}

    /** The member is to hand the partition over; no further records go to it. */
    record Revoking(String group, String member, int handle, long withinMs) implements Effect {}

    /** The member has handed the partition over. */
    record HandedOver(String group, String member, int handle) implements Effect {}

    /** The partition was taken away from the member. */
    record Lost(String group, String member, int handle) implements Effect {}

    /** The group's place in the partition was moved: the assignment has ended, and what is anew follows. */
    record Seeked(String group, String member, int handle, long offset) implements Effect {}

    record Idle(String group, String member, String reason) implements Effect {}

    /** The member is in the group no longer, as it asked for. */
    record Left(String group, String member) implements Effect {}

    /** The member was removed since its connection had been gone for too long. */
    record Expired(String group, String member) implements Effect {}
}
