package io.levada;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A group as it is now.
 *
 * @param state {@code Empty}, {@code Reconciling} (partitions are being handed over) or {@code Stable}
 * @param generation the epoch of its assignment; it only grows
 */
public record GroupDescription(
        String group, String state, long generation, List<MemberDescription> members, List<GroupOffset> offsets) {
    public GroupDescription {
        members = List.copyOf(members);
        offsets = List.copyOf(offsets);
    }

    /** A member and the partitions it owns; idle when it owns none because there are not enough. */
    public record MemberDescription(String member, List<TopicPartition> partitions, boolean idle) {
        public MemberDescription {
            partitions = List.copyOf(partitions);
        }
    }

    /**
     * A group's place in a partition.
     *
     * @param committed the next offset to be read, or -1 when nothing was committed
     * @param end the durable end
     * @param lag records between the two
     * @param lagMs now minus the timestamp of the next unread record, not below 0; -1 if that record cannot be read
     * @param metadata what {@link Assignment#commit} said with the commit, or null
     */
    public record GroupOffset(
            String topic,
            int partition,
            long committed,
            long end,
            long lag,
            long lagMs,
            @Nullable String metadata) {
        /** One whose commit has no metadata. */
        public GroupOffset(String topic, int partition, long committed, long end, long lag, long lagMs) {
            this(topic, partition, committed, end, lag, lagMs, null);
        }
    }
}
