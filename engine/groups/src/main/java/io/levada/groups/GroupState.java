package io.levada.groups;

import io.levada.TopicPartition;
import io.levada.groups.GroupEvent.CommitGone;
import io.levada.groups.GroupEvent.Committed;
import io.levada.groups.GroupEvent.Epoch;
import io.levada.groups.GroupEvent.GroupGone;
import io.levada.groups.GroupEvent.MemberGone;
import io.levada.groups.GroupEvent.MemberSet;
import io.levada.groups.GroupEvent.PartitionFreed;
import io.levada.groups.GroupEvent.PartitionSet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One group, changed by {@link #apply} alone. */
final class GroupState {
    /** A place in a partition of the topic of this id. */
    record Commit(UUID topicId, long offset, @Nullable String metadata) {}

    private final String name;
    private long generation;
    private int lastHandle;
    private final NavigableMap<String, Member> members;
    private final NavigableMap<TopicPartition, Ownership> ownerships;
    private final NavigableMap<TopicPartition, Commit> commits;
    private final Map<Integer, TopicPartition> byHandle;

    GroupState(String name) {
        this.name = name;
        this.members = new TreeMap<>();
        this.ownerships = new TreeMap<>();
        this.commits = new TreeMap<>();
        this.byHandle = new HashMap<>();
    }

    private GroupState(GroupState other) {
        this.name = other.name;
        this.generation = other.generation;
        this.lastHandle = other.lastHandle;
        this.members = new TreeMap<>(other.members);
        this.ownerships = new TreeMap<>(other.ownerships);
        this.commits = new TreeMap<>(other.commits);
        this.byHandle = new HashMap<>(other.byHandle);
    }

    GroupState copy() {
        return new GroupState(this);
    }

    void apply(GroupEvent event) {
        if (event instanceof Epoch epoch) {
            generation = epoch.generation();
            lastHandle = epoch.lastHandle();
        } else if (event instanceof MemberSet set) {
            members.put(set.member().id(), set.member());
        } else if (event instanceof MemberGone gone) {
            members.remove(gone.member());
        } else if (event instanceof PartitionSet set) {
            forgetHandle(ownerships.put(set.partition(), set.ownership()));
            byHandle.put(set.ownership().handle(), set.partition());
        } else if (event instanceof PartitionFreed freed) {
            forgetHandle(ownerships.remove(freed.partition()));
        } else if (event instanceof Committed committed) {
            commits.put(
                    committed.partition(), new Commit(committed.topicId(), committed.offset(), committed.metadata()));
        } else if (event instanceof CommitGone gone) {
            commits.remove(gone.partition());
        } else if (event instanceof GroupGone) {
            throw new IllegalArgumentException("a group does not outlive " + event);
        }
    }

    private void forgetHandle(@Nullable Ownership ownership) {
        if (ownership != null) {
            byHandle.remove(ownership.handle());
        }
    }

    String name() {
        return name;
    }

    long generation() {
        return generation;
    }

    int lastHandle() {
        return lastHandle;
    }

    NavigableMap<String, Member> members() {
        return members;
    }

    NavigableMap<TopicPartition, Ownership> ownerships() {
        return ownerships;
    }

    NavigableMap<TopicPartition, Commit> commits() {
        return commits;
    }

    @Nullable
    Ownership ownership(TopicPartition partition) {
        return ownerships.get(partition);
    }

    @Nullable
    TopicPartition byHandle(int handle) {
        return byHandle.get(handle);
    }

    /** Whether the owner has not been told yet, since the group has no place in the partition. */
    boolean pending(TopicPartition partition) {
        return ownerships.containsKey(partition) && !commits.containsKey(partition);
    }

    List<TopicPartition> ownedBy(String member) {
        List<TopicPartition> owned = new ArrayList<>();
        ownerships.forEach((partition, ownership) -> {
            if (ownership.member().equals(member)) {
                owned.add(partition);
            }
        });
        return owned;
    }

    /** Those whose connection stands, the longest waiting first. */
    List<Member> connected() {
        return members.values().stream()
                .filter(Member::connected)
                .sorted(Comparator.comparingLong(Member::joined).thenComparing(Member::id))
                .toList();
    }

    /** Everything there is to compare or print. */
    @Override
    public String toString() {
        return name + " generation " + generation + " lastHandle " + lastHandle + " " + members.values() + " "
                + ownerships + " " + commits;
    }
}
