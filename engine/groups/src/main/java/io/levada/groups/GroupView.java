package io.levada.groups;

import io.levada.GroupDescription.MemberDescription;
import io.levada.TopicPartition;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * A group as it is now, without what only the log knows.
 *
 * @param state {@code Empty} (no members), {@code Reconciling} (a partition is on its way to its owner) or {@code Stable}
 * @param places for each partition subscribed to or committed, the commit if there is one
 */
public record GroupView(
        String group,
        String state,
        long generation,
        List<MemberDescription> members,
        SortedMap<TopicPartition, Optional<Long>> places) {
    public GroupView {
        members = List.copyOf(members);
    }
}
