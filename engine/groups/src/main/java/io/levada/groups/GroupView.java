package io.levada.groups;

import io.levada.GroupDescription.MemberDescription;
import io.levada.TopicPartition;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A group as it is now, without what only the log knows.
 *
 * @param state {@code Empty} (no members), {@code Reconciling} (a partition is on its way to its owner) or {@code Stable}
 * @param places for each partition subscribed to or committed, what was committed
 */
public record GroupView(
        String group,
        String state,
        long generation,
        List<MemberDescription> members,
        SortedMap<TopicPartition, Place> places) {
    public GroupView {
        members = List.copyOf(members);
    }

    /**
     * What was committed of a partition.
     *
     * @param offset the next offset to be read, or -1 for nothing yet
     * @param metadata what was said with it, or null
     */
    public record Place(long offset, @Nullable String metadata) {
        static final Place NONE = new Place(-1, null);
    }
}
