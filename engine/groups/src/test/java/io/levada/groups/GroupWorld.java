package io.levada.groups;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Random commands to a coordinator, from members that answer late, wrongly or not at all. */
final class GroupWorld {
    private static final GroupConfig CONFIG = GroupConfig.defaults();
    private static final List<String> TOPICS = List.of("a", "b", "c");

    /** An assignment as a member remembers it, also when it is over. */
    private record Held(String group, String member, int handle, TopicPartition partition, long generation) {}

    private final SplittableRandom random;
    private final Assignor assignor;
    private final UnaryOperator<Decision> sabotage;
    private final boolean guarded;
    private final GroupChecker checker = new GroupChecker();
    private final Map<String, TopicShape> topics = new TreeMap<>();
    private final Map<TopicPartition, Long> ends = new HashMap<>();
    private final List<Held> held = new ArrayList<>();
    private final List<Held> revoking = new ArrayList<>();
    private final List<Effect.FindStart> starting = new ArrayList<>();
    private final Map<String, String> instances = new HashMap<>();
    private GroupCoordinator coordinator;
    private long nowMs = 1_000_000;
    private int members;

    GroupWorld(long seed, Assignor assignor, UnaryOperator<Decision> sabotage, boolean guarded) {
        this.random = new SplittableRandom(seed);
        this.assignor = assignor;
        this.sabotage = sabotage;
        this.guarded = guarded;
        this.coordinator = new GroupCoordinator(CONFIG, assignor);
        TOPICS.forEach(topic -> topics.put(topic, new TopicShape(uuid(), 1 + random.nextInt(6))));
        decided(coordinator.topicsChanged(topics, nowMs));
    }

    private UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    void run(int steps) {
        for (int i = 0; i < steps; i++) {
            step(random.nextInt(100));
            if (i % 32 == 0) {
                checker.checkReplay(coordinator);
            }
        }
        settle();
        checker.checkReplay(coordinator);
    }

    private void step(int dice) {
        if (dice < 14) {
            join();
        } else if (dice < 20) {
            leave();
        } else if (dice < 24) {
            command(() -> coordinator.disconnected(group(), member(), nowMs));
        } else if (dice < 27) {
            rejoin();
        } else if (dice < 46) {
            answerRevoking();
        } else if (dice < 66) {
            answerFindStart();
        } else if (dice < 87) {
            commit();
        } else if (dice < 91) {
            advance(random.nextInt(6_000));
        } else if (dice < 92) {
            restart();
        } else if (dice < 94) {
            changeTopics();
        } else if (dice < 96) {
            command(() -> coordinator.delete(group()));
        } else if (dice < 97) {
            reset();
        } else {
            settle();
        }
    }

    private String group() {
        return random.nextInt(4) == 0 ? "h" : "g";
    }

    private String member() {
        return "m" + (1 + random.nextInt(members + 1));
    }

    private static long secret(String member) {
        return 1L + member.hashCode();
    }

    /** Now and then somebody who pretends, or comes too late. */
    private void rejoin() {
        String member = member();
        long secret = secret(random.nextInt(8) == 0 ? member() : member);
        String group = group();
        GroupState state = coordinator.state(group);
        Member known = state == null ? null : state.members().get(member);
        boolean valid = known != null && known.secret() != Member.NO_SECRET && secret == secret(member);
        Decision decision = command(() -> coordinator.rejoin(group, member, secret, nowMs));
        boolean back = decision.effects().stream().anyMatch(Effect.Rejoined.class::isInstance);
        GroupChecker.require(back == valid, "came back, or was kept out, wrongly", member, group);
    }

    private void join() {
        String group = group();
        TreeSet<String> names = new TreeSet<>(TOPICS);
        if (random.nextInt(3) == 0) {
            names = new TreeSet<>(List.of("*"));
        } else if (group.equals("h")) { // here subscriptions differ
            names.removeIf(topic -> random.nextBoolean());
        }
        GroupState live = coordinator.state(group);
        GroupState before = live == null || !resting(live) ? null : live.copy();
        String member = "m" + ++members;
        String instance = random.nextInt(4) == 0 ? "i" + random.nextInt(3) : null;
        String former = instance == null ? null : instances.get(group + "/" + instance);
        Joining joining = new Joining(member, secret(member), instance, names, Position.earliest());
        Decision decision = joined(group, joining, former);
        if (before != null && !decision.events().isEmpty() && group.equals("g")) {
            checkFewMoves(before, decision);
        }
    }

    private Decision joined(String group, Joining joining, @Nullable String former) {
        GroupState live = coordinator.state(group);
        Member place = live == null || former == null ? null : live.members().get(former);
        boolean taken = place != null && place.connected();
        boolean isStatic = joining.instanceId() != null;
        Decision decision = command(() -> coordinator.join(group, joining, nowMs));
        GroupChecker.require(!taken || decision.events().isEmpty(), "an instance is there twice", joining, former);
        if (isStatic && !decision.events().isEmpty()) {
            instances.put(group + "/" + joining.instanceId(), joining.member());
            GroupChecker.require(
                    place == null || decision.effects().contains(new Effect.Expired(group, place.id())),
                    "did not take the place that was kept",
                    joining,
                    place);
        }
        return decision;
    }

    /** When one of equals leaves, nobody else has to give anything back. */
    private void leave() {
        String group = group();
        String member = member();
        GroupState live = coordinator.state(group);
        boolean calm = live != null && group.equals("g") && resting(live);
        Decision decision = command(() -> coordinator.leave(group, member, nowMs));
        GroupChecker.require(
                !calm || decision.effects().stream().noneMatch(Effect.Revoking.class::isInstance),
                "others were disturbed by one who left",
                decision);
    }

    private static boolean resting(GroupState state) {
        return !state.members().isEmpty()
                && state.members().values().stream().allMatch(Member::connected)
                && state.ownerships().keySet().stream().noneMatch(state::pending)
                && state.ownerships().values().stream().noneMatch(Ownership::revoking);
    }

    /** One more member among equals: as many partitions move as its share, and not one more. */
    private static void checkFewMoves(GroupState before, Decision decision) {
        int partitions = before.ownerships().size();
        int share = partitions / (before.members().size() + 1);
        long moves = decision.effects().stream()
                .filter(Effect.Revoking.class::isInstance)
                .count();
        GroupChecker.require(moves == share, "too many moves: made, needed, state", moves, share, before.toString());
    }

    private void answerRevoking() {
        if (!revoking.isEmpty()) {
            Held one = revoking.remove(random.nextInt(revoking.size()));
            command(() -> coordinator.revoked(one.group(), one.member(), one.handle(), one.generation(), nowMs));
        }
    }

    private void answerFindStart() {
        if (!starting.isEmpty()) {
            Effect.FindStart find = starting.remove(random.nextInt(starting.size()));
            long offset = random.nextLong(ends.getOrDefault(find.partition(), 0L) + 1);
            command(() -> coordinator.started(find.group(), find.member(), find.handle(), find.generation(), offset));
        }
    }

    /** Half of them right, the others late, invented, beyond the end, or behind the commit. */
    private void commit() {
        if (held.isEmpty()) {
            return;
        }
        Held one = held.get(random.nextInt(held.size()));
        long end = ends.merge(one.partition(), (long) random.nextInt(5), Long::sum);
        GroupState state = coordinator.state(one.group());
        GroupState.Commit commit = state == null ? null : state.commits().get(one.partition());
        long place = commit == null ? 0 : commit.offset();
        long generation = random.nextInt(8) == 0 ? one.generation() - 1 : one.generation();
        long offset =
                switch (random.nextInt(8)) {
                    case 0 -> end + 1;
                    case 1 -> Math.max(0, place - 1);
                    default -> Math.max(place, end - random.nextInt(3));
                };
        String member = random.nextInt(8) == 0 ? member() : one.member();
        CommitOffset spoken = new CommitOffset(one.handle(), generation, offset);
        boolean valid = state != null && mayCommit(state, member, one, generation);
        try {
            decided(coordinator.commit(one.group(), member, List.of(spoken), this::end));
            GroupChecker.require(valid, "accepted a commit of one who is not the owner", spoken, member, state);
        } catch (LevadaException refused) {
            GroupChecker.require(
                    !valid || offset < place || offset > end, "refused without need", refused.getMessage());
            if (!guarded) {
                decided(new Decision(
                        List.of(new GroupEvent.Committed(one.group(), one.partition(), uuid(), offset)), List.of()));
            }
        }
    }

    private static boolean mayCommit(GroupState state, String member, Held one, long generation) {
        Ownership ownership = state.ownership(one.partition());
        return ownership != null
                && ownership.member().equals(member)
                && ownership.handle() == one.handle()
                && ownership.generation() == generation;
    }

    private long end(TopicPartition partition) {
        return ends.getOrDefault(partition, 0L);
    }

    private void advance(long ms) {
        nowMs += ms;
        for (String group : coordinator.list()) {
            command(() -> coordinator.tick(group, nowMs));
            GroupChecker.require(coordinator.deadlineMs(group) > nowMs, "overdue", group);
        }
    }

    private void restart() {
        coordinator = new GroupCoordinator(CONFIG, assignor);
        checker.events().forEach(coordinator::replay);
        revoking.clear();
        starting.clear();
        nowMs = random.nextInt(1_000_000); // another origin
        decided(coordinator.restored(topics, member -> false, nowMs));
    }

    private void reset() {
        String topic = TOPICS.get(random.nextInt(TOPICS.size()));
        Map<TopicPartition, Long> offsets = new HashMap<>();
        for (int i = 0; i < 3; i++) {
            TopicPartition partition = new TopicPartition(topic, random.nextInt(6));
            offsets.put(partition, random.nextLong(end(partition) + 1));
        }
        String group = group();
        if (!command(() -> coordinator.reset(group, offsets, nowMs)).events().isEmpty()) {
            offsets.forEach((partition, offset) -> {
                GroupState.Commit now = Objects.requireNonNull(coordinator.state(group))
                        .commits()
                        .get(partition);
                GroupChecker.require(now != null && now.offset() == offset, "not moved", partition, offset, now);
            });
        }
    }

    private void changeTopics() {
        String topic = TOPICS.stream()
                .filter(name -> !topics.containsKey(name))
                .findFirst()
                .orElse(TOPICS.get(random.nextInt(TOPICS.size())));
        TopicShape shape = topics.get(topic);
        if (shape == null || random.nextInt(3) == 0) {
            topics.put(topic, new TopicShape(uuid(), 1 + random.nextInt(6)));
            ends.keySet().removeIf(partition -> partition.topic().equals(topic));
        } else if (random.nextBoolean()) {
            topics.remove(topic);
            ends.keySet().removeIf(partition -> partition.topic().equals(topic));
        } else {
            topics.put(topic, new TopicShape(shape.id(), shape.partitions() + 1));
        }
        decided(coordinator.topicsChanged(topics, nowMs));
    }

    /** Everybody answers, and whatever is due happens, until nothing is left to do. */
    private void settle() {
        for (int i = 0; i < 1_000; i++) {
            while (!starting.isEmpty()) {
                answerFindStart();
            }
            if (!revoking.isEmpty()) {
                answerRevoking();
            } else if (coordinator.list().stream().anyMatch(group -> coordinator.deadlineMs(group) < Long.MAX_VALUE)) {
                advance(1_000);
            } else {
                coordinator.list().forEach(group -> {
                    GroupState state = coordinator.state(group);
                    GroupChecker.require(
                            state == null || state.members().isEmpty() || resting(state),
                            "does not come to rest",
                            state);
                });
                return;
            }
        }
        throw new AssertionError("does not come to rest");
    }

    /** Carries a command out; a refused one must be of the kinds that are foreseen. */
    private Decision command(Supplier<Decision> command) {
        try {
            Decision decision = command.get();
            decided(decision);
            return decision;
        } catch (LevadaException refused) {
            GroupChecker.require(refused.code() != ErrorCode.UNKNOWN_SERVER_ERROR, "refused strangely", refused.line());
            return Decision.NOTHING;
        }
    }

    private void decided(Decision real) {
        Decision decision = sabotage.apply(real);
        decision.events().forEach(coordinator::replay);
        checker.decided(decision, this::end);
        for (Effect effect : decision.effects()) {
            if (effect instanceof Effect.Assigned assigned) {
                held.add(new Held(
                        assigned.group(),
                        assigned.member(),
                        assigned.handle(),
                        assigned.partition(),
                        assigned.generation()));
            } else if (effect instanceof Effect.FindStart find) {
                starting.add(find);
            } else if (effect instanceof Effect.Revoking asked) {
                held.stream()
                        .filter(one ->
                                one.handle() == asked.handle() && one.member().equals(asked.member()))
                        .forEach(revoking::add);
            }
        }
        for (String group : coordinator.list()) {
            GroupState state = coordinator.state(group);
            if (state != null) {
                checker.checkState(state, topics);
            }
        }
    }
}
