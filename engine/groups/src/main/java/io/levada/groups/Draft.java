package io.levada.groups;

import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.groups.GroupEvent.Committed;
import io.levada.groups.GroupEvent.Epoch;
import io.levada.groups.GroupEvent.MemberGone;
import io.levada.groups.GroupEvent.MemberSet;
import io.levada.groups.GroupEvent.PartitionFreed;
import io.levada.groups.GroupEvent.PartitionSet;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A decision in the making: a copy of the group that its events have already changed, so that later steps of the same
 * command see earlier ones. Every change of members or assignment in a draft falls into one new generation.
 */
final class Draft {
    private final GroupState state;
    private final long generation;
    private int lastHandle;
    private boolean newGeneration;
    private final List<GroupEvent> events = new ArrayList<>();
    private final List<Effect> effects = new ArrayList<>();

    Draft(GroupState current) {
        this.state = current.copy();
        this.generation = current.generation() + 1;
        this.lastHandle = current.lastHandle();
    }

    GroupState state() {
        return state;
    }

    String group() {
        return state.name();
    }

    /** The generation that changes of this draft belong to. */
    long generation() {
        newGeneration = true;
        return generation;
    }

    void add(GroupEvent event) {
        state.apply(event);
        events.add(event);
    }

    void tell(Effect effect) {
        effects.add(effect);
    }

    void set(Member member) {
        add(new MemberSet(group(), member));
    }

    /** Removes a member; its partitions are free. */
    void remove(Member member) {
        newGeneration = true;
        for (TopicPartition partition : state.ownedBy(member.id())) {
            free(partition);
        }
        add(new MemberGone(group(), member.id()));
    }

    /** The place of a member whose process has ended is kept for a while; what it was to give back is free. */
    void vacate(Member leaver, long untilMs) {
        newGeneration = true;
        for (TopicPartition partition : state.ownedBy(leaver.id())) {
            Ownership ownership = state.ownership(partition);
            if (ownership != null && ownership.revoking()) {
                free(partition);
            }
        }
        set(leaver.vacantUntil(untilMs));
    }

    void free(TopicPartition partition) {
        newGeneration = true;
        add(new PartitionFreed(group(), partition));
    }

    /** Frees a partition against its owner's will; one that has not been told of it has nothing to lose. */
    void take(TopicPartition partition, Ownership ownership) {
        if (!state.pending(partition)) {
            tell(new Effect.Lost(group(), ownership.member(), ownership.handle()));
        }
        free(partition);
    }

    /** Moves the group's place; an owner that is to stay has the partition anew, from there. */
    void seek(TopicPartition partition, UUID topicId, long offset) {
        Ownership ownership = state.ownership(partition);
        boolean told = !state.pending(partition);
        add(new Committed(group(), partition, topicId, offset, true, null));
        if (ownership != null) {
            Member owner = state.members().get(ownership.member());
            if (told) {
                tell(new Effect.Seeked(group(), ownership.member(), ownership.handle(), offset));
            }
            free(partition);
            if (owner != null && !ownership.revoking()) {
                assign(partition, owner);
            }
        }
    }

    void assign(TopicPartition partition, Member owner) {
        lastHandle = Math.addExact(lastHandle, 1);
        Ownership ownership = new Ownership(owner.id(), lastHandle, generation(), Ownership.KEPT);
        add(new PartitionSet(group(), partition, ownership));
        GroupState.Commit commit = state.commits().get(partition);
        if (commit == null) {
            tell(findStart(partition, ownership, owner));
        } else {
            tell(new Effect.Assigned(group(), owner.id(), lastHandle, partition, generation, commit.offset()));
        }
    }

    /** Tells an owner of a partition, and whether it is asked back, once more. */
    void tellAgain(TopicPartition partition, Member owner, long nowMs) {
        Ownership ownership = state.ownership(partition);
        GroupState.Commit commit = state.commits().get(partition);
        if (ownership == null) {
            return;
        } else if (commit == null) {
            tell(findStart(partition, ownership, owner));
            return;
        }
        tell(new Effect.Assigned(
                group(), owner.id(), ownership.handle(), partition, ownership.generation(), commit.offset()));
        if (ownership.revoking()) {
            tell(new Effect.Revoking(
                    group(), owner.id(), ownership.handle(), Math.max(0, ownership.revokedAtMs() - nowMs)));
        }
    }

    private Effect findStart(TopicPartition partition, Ownership ownership, Member owner) {
        return new Effect.FindStart(
                group(),
                owner.id(),
                ownership.handle(),
                partition,
                ownership.generation(),
                Position.parse(owner.from()));
    }

    void revoke(TopicPartition partition, Ownership ownership, long nowMs, long withinMs) {
        newGeneration = true;
        add(new PartitionSet(group(), partition, ownership.revokedAt(nowMs + withinMs)));
        tell(new Effect.Revoking(group(), ownership.member(), ownership.handle(), withinMs));
    }

    Decision decide() {
        if (newGeneration) {
            events.add(0, new Epoch(group(), generation, lastHandle));
        }
        return new Decision(events, effects);
    }
}
