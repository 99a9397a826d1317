package io.levada.groups;

import static java.util.Objects.requireNonNull;

import io.levada.TopicPartition;
import io.levada.groups.Effect.Assigned;
import io.levada.groups.GroupEvent.Committed;
import io.levada.groups.GroupEvent.PartitionSet;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Watches decisions from outside and throws as soon as a promise of groups is broken. */
final class GroupChecker {
    private record Place(String group, TopicPartition partition) {}

    private record Written(byte[] key, byte @Nullable [] value) {
        Written(byte[] key, byte @Nullable [] value) {
            this.key = key;
            this.value = value;
        }
    }

    private final List<Written> log = new ArrayList<>();
    private final Map<Place, String> believers = new HashMap<>();
    private final Map<Place, Long> commits = new HashMap<>();
    private final Map<String, Long> generations = new HashMap<>();
    private final Map<String, Set<Integer>> handles = new HashMap<>();
    private final Set<String> toldIdle = new HashSet<>();

    /** Members whose process has ended, so that they believe nothing; the places of some are kept. */
    private final Set<String> ended = new HashSet<>();

    /** Takes note of a decision that was written and replayed. */
    void decided(Decision decision, ToLongFunction<TopicPartition> durable) {
        checkGenerations(decision);
        for (GroupEvent event : decision.events()) {
            log.add(new Written(GroupEventCodec.key(event), GroupEventCodec.value(event)));
            if (event instanceof Committed committed) {
                checkCommit(committed, durable);
            } else if (event instanceof GroupEvent.CommitGone gone) {
                commits.remove(new Place(gone.group(), gone.partition()));
            } else if (event instanceof GroupEvent.GroupGone gone) {
                generations.remove(gone.group());
                handles.remove(gone.group());
            }
        }
        decision.effects().forEach(this::told);
    }

    private void checkGenerations(Decision decision) {
        Map<String, Long> bumped = new HashMap<>();
        for (GroupEvent event : decision.events()) {
            if (event instanceof GroupEvent.Epoch epoch) {
                long before = generations.getOrDefault(epoch.group(), 0L);
                require(epoch.generation() > before, "generation does not grow: event, before", epoch, before);
                generations.put(epoch.group(), epoch.generation());
                bumped.put(epoch.group(), epoch.generation());
            }
        }
        for (GroupEvent event : decision.events()) {
            if (event instanceof PartitionSet set && !set.ownership().revoking()) {
                require(
                        bumped.getOrDefault(set.group(), 0L) == set.ownership().generation(),
                        "assigned outside a new generation",
                        set);
                require(
                        handles.computeIfAbsent(set.group(), any -> new HashSet<>())
                                .add(set.ownership().handle()),
                        "handle used again",
                        set);
            }
        }
    }

    private void checkCommit(Committed committed, ToLongFunction<TopicPartition> durable) {
        Place place = new Place(committed.group(), committed.partition());
        Long before = commits.put(place, committed.offset());
        require(
                before == null || before < committed.offset() || committed.reset(),
                "commit rewinds: event, before",
                committed,
                before);
        require(
                committed.offset() <= durable.applyAsLong(committed.partition()),
                "commit beyond the durable end",
                committed);
    }

    private void told(Effect effect) {
        if (effect instanceof Assigned assigned) {
            Place place = new Place(assigned.group(), assigned.partition());
            String other = believers.put(place, owner(assigned.member(), assigned.handle()));
            require(other == null, "two owners: the new one, and one who has not let go", assigned, other);
            Long commit = commits.get(place);
            require(
                    commit != null && commit == assigned.start(),
                    "does not start at the commit: effect, commit",
                    assigned,
                    commit);
            toldIdle.remove(assigned.member());
        } else if (effect instanceof Effect.Rejoined rejoined) {
            checkBack(rejoined);
        } else if (effect instanceof Effect.HandedOver over) {
            letGo(over.member(), over.handle());
        } else if (effect instanceof Effect.Lost lost) {
            letGo(lost.member(), lost.handle());
        } else if (effect instanceof Effect.Seeked seeked) {
            letGo(seeked.member(), seeked.handle());
        } else if (effect instanceof Effect.Left || effect instanceof Effect.Expired) {
            believers.values().removeIf(owner -> owner.startsWith(effect.member() + "/"));
            ended.add(effect.member());
        } else if (effect instanceof Effect.Idle idle) {
            require(!idle.reason().isEmpty(), "idle without a reason", idle);
            toldIdle.add(idle.member());
        }
    }

    /** Who came back keeps what it was told of before, all of which it is told again. */
    private void checkBack(Effect.Rejoined rejoined) {
        String member = rejoined.member();
        Set<String> kept = new HashSet<>();
        rejoined.handles().forEach(handle -> kept.add(owner(member, handle)));
        Set<String> before = new HashSet<>(believers.values());
        before.removeIf(owner -> !owner.startsWith(member + "/"));
        require(kept.equals(before), "came back to something else: told, before", kept, before);
        believers.values().removeAll(before);
        toldIdle.remove(member);
    }

    private static String owner(String member, int handle) {
        return member + "/" + handle;
    }

    private void letGo(String member, int handle) {
        require(
                believers.values().remove(owner(member, handle)) || ended.contains(member),
                "let go what was not held",
                member,
                handle);
    }

    /** Events written, replayed from nothing, give the state there is; so do the last ones of each name alone. */
    void checkReplay(GroupCoordinator live) {
        GroupCoordinator replayed = new GroupCoordinator(GroupConfig.defaults());
        log.forEach(written -> replayed.replay(GroupEventCodec.decode(written.key(), written.value())));
        Map<String, Written> last = new LinkedHashMap<>();
        for (Written written : log) {
            String key = new String(written.key(), StandardCharsets.UTF_8);
            last.remove(key);
            last.put(key, written);
        }
        GroupCoordinator compacted = new GroupCoordinator(GroupConfig.defaults());
        last.values().forEach(written -> compacted.replay(GroupEventCodec.decode(written.key(), written.value())));
        require(live.list().equals(replayed.list()), "groups differ: live, replayed", live.list(), replayed.list());
        for (String group : live.list()) {
            String state = String.valueOf(live.state(group));
            require(
                    state.equals(String.valueOf(replayed.state(group))),
                    "states differ: replayed, live",
                    replayed.state(group),
                    state);
            require(
                    state.equals(String.valueOf(compacted.state(group))),
                    "states differ: compacted, live",
                    compacted.state(group),
                    state);
        }
    }

    /** The events so far, for a coordinator that starts again. */
    List<GroupEvent> events() {
        return log.stream()
                .map(written -> GroupEventCodec.decode(written.key(), written.value()))
                .toList();
    }

    /** What members believe is what the coordinator holds; and if nothing is under way, shares are even. */
    void checkState(GroupState state, Map<String, TopicShape> topics) {
        state.ownerships().forEach((partition, ownership) -> {
            if (!state.pending(partition) && !ended.contains(ownership.member())) {
                String believer = believers.get(new Place(state.name(), partition));
                require(
                        owner(ownership.member(), ownership.handle()).equals(believer),
                        "wrong belief: believer, partition, truth",
                        believer,
                        partition,
                        ownership);
            }
        });
        boolean resting = state.members().values().stream().allMatch(Member::connected)
                && state.ownerships().entrySet().stream()
                        .noneMatch(entry -> entry.getValue().revoking() || state.pending(entry.getKey()));
        if (resting) {
            checkRest(state, topics);
        }
    }

    private void checkRest(GroupState state, Map<String, TopicShape> topics) {
        Map<String, Integer> shares = new TreeMap<>();
        state.members().keySet().forEach(member -> shares.put(member, 0));
        for (Member member : state.members().values()) {
            for (String topic : member.expanded(topics.keySet()).topics()) {
                TopicShape shape = topics.get(topic);
                for (int i = 0; shape != null && i < shape.partitions(); i++) {
                    require(
                            state.ownership(new TopicPartition(topic, i)) != null,
                            "no owner: topic, partition, state",
                            topic,
                            i,
                            state);
                }
            }
        }
        state.ownerships().values().forEach(ownership -> shares.merge(ownership.member(), 1, Integer::sum));
        state.ownerships().forEach((partition, ownership) -> {
            for (Member other : state.members().values()) {
                if (other.expanded(topics.keySet()).topics().contains(partition.topic())) {
                    require(
                            requireNonNull(shares.get(ownership.member())) - requireNonNull(shares.get(other.id())) < 2,
                            "uneven: who has more, who has less, state",
                            ownership.member(),
                            other.id(),
                            state);
                }
            }
        });
        shares.forEach((member, share) -> {
            require((share == 0) == toldIdle.contains(member), "idle but not told, or told wrongly", member, state);
        });
    }

    static void require(boolean holds, String message, @Nullable Object... about) {
        if (!holds) {
            throw new AssertionError(message + ": " + Arrays.asList(about));
        }
    }
}
