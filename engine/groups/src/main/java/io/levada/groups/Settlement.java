package io.levada.groups;

import io.levada.TopicPartition;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Brings a group nearer to the assignment it should have: free partitions are assigned, partitions of others are asked
 * back, and members without any are told. Partitions of a broken connection stay where they are.
 */
final class Settlement {
    private final Draft draft;
    private final Map<String, TopicShape> topics;
    private final List<Member> members;
    private final Map<String, Member> byId = new HashMap<>();
    private final Map<TopicPartition, String> owned = new HashMap<>();
    private final SortedSet<TopicPartition> open = new TreeSet<>();

    Settlement(Draft draft, Map<String, TopicShape> topics) {
        this.draft = draft;
        this.topics = topics;
        this.members = draft.state().connected().stream()
                .map(member -> member.expanded(topics.keySet()))
                .toList();
        members.forEach(member -> byId.put(member.id(), member));
    }

    void settle(Assignor assignor, long nowMs, long withinMs) {
        survey();
        SortedMap<TopicPartition, String> target = assignor.assign(members, owned, open);
        target.forEach((partition, id) -> {
            Ownership ownership = draft.state().ownership(partition);
            Member owner = byId.get(id);
            if (owner == null) {
                throw new IllegalStateException("no member " + id);
            } else if (ownership == null) {
                draft.assign(partition, owner);
            } else if (!ownership.revoking() && !ownership.member().equals(id)) {
                move(partition, ownership, owner, nowMs, withinMs);
            }
        });
        noteIdle(new HashSet<>(target.values()));
    }

    private void survey() {
        Set<String> subscribed = new TreeSet<>();
        members.forEach(member -> subscribed.addAll(member.topics()));
        for (String topic : subscribed) {
            TopicShape shape = topics.get(topic);
            for (int i = 0; shape != null && i < shape.partitions(); i++) {
                TopicPartition partition = new TopicPartition(topic, i);
                Ownership ownership = draft.state().ownership(partition);
                if (ownership == null || ownership.revoking()) {
                    open.add(partition);
                } else if (byId.containsKey(ownership.member())) {
                    owned.put(partition, ownership.member());
                }
            }
        }
    }

    private void move(TopicPartition partition, Ownership ownership, Member to, long nowMs, long withinMs) {
        if (draft.state().pending(partition)) {
            draft.free(partition);
            draft.assign(partition, to);
        } else {
            draft.revoke(partition, ownership, nowMs, withinMs);
        }
    }

    private void noteIdle(Set<String> provided) {
        Set<String> owners = new HashSet<>();
        draft.state().ownerships().values().forEach(ownership -> owners.add(ownership.member()));
        for (Member expanded : members) {
            Member member = draft.state().members().getOrDefault(expanded.id(), expanded);
            boolean idle = !provided.contains(member.id()) && !owners.contains(member.id());
            if (idle && !member.idle()) {
                draft.tell(new Effect.Idle(draft.group(), member.id(), reason(expanded, member.topics())));
            }
            if (idle != member.idle()) {
                draft.set(member.idle(idle));
            }
        }
    }

    private String reason(Member member, List<String> subscribed) {
        String names = String.join(", ", subscribed);
        int partitions = 0;
        int ofBroken = 0;
        for (String topic : member.topics()) {
            TopicShape shape = topics.get(topic);
            for (int i = 0; shape != null && i < shape.partitions(); i++) {
                partitions++;
                Ownership ownership = draft.state().ownership(new TopicPartition(topic, i));
                Member owner =
                        ownership == null ? null : draft.state().members().get(ownership.member());
                ofBroken += owner != null && !owner.connected() ? 1 : 0;
            }
        }
        if (partitions == 0) {
            return "there is no partition of " + names;
        }
        String broken = ofBroken == 0 ? "" : " (" + ofBroken + " of them of members whose connection broke)";
        return "all " + partitions + " partitions of " + names + " have owners" + broken
                + "; first in line when one frees up";
    }
}
