package io.levada.groups;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.TopicPartition;
import io.levada.groups.GroupEvent.Epoch;
import io.levada.groups.GroupEvent.PartitionSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The promises of groups under random commands; {@code -Dlevada.seed=N} runs one seed alone. */
class GroupSimulationTest {
    private static final int SEEDS = 100;
    private static final int STEPS = 300;

    /** Faults that a coordinator could have; each must be found. */
    enum Fault {
        UNEVEN_ASSIGNOR,
        RESTLESS_ASSIGNOR,
        HANDS_OVER_AT_ONCE,
        GENERATION_STANDS_STILL,
        ACCEPTS_EVERY_COMMIT,
        FORGETS_TO_WRITE_A_COMMIT,
        STARTS_BEHIND_THE_COMMIT,
        TELLS_NOBODY_TO_BE_IDLE,
        TELLS_NOBODY_OF_A_RESET,
        FORGETS_INSTANCES,
        FORGETS_SECRETS;

        GroupWorld world(long seed) {
            Assignor assignor =
                    switch (this) {
                        case UNEVEN_ASSIGNOR -> GroupSimulationTest::allToTheFirst;
                        case RESTLESS_ASSIGNOR -> GroupSimulationTest::dealtAnew;
                        default -> new StickyAssignor();
                    };
            return new GroupWorld(seed, assignor, this::sabotaged, this != ACCEPTS_EVERY_COMMIT);
        }

        private Decision sabotaged(Decision decision) {
            return switch (this) {
                case HANDS_OVER_AT_ONCE -> handedOverAtOnce(decision);
                case GENERATION_STANDS_STILL ->
                    mapped(
                            decision,
                            event -> event instanceof Epoch epoch
                                    ? new Epoch(epoch.group(), 1, epoch.lastHandle())
                                    : event,
                            effect -> effect);
                case FORGETS_TO_WRITE_A_COMMIT ->
                    new Decision(
                            decision.events().stream()
                                    .filter(event -> !(event instanceof GroupEvent.Committed))
                                    .toList(),
                            decision.effects());
                case STARTS_BEHIND_THE_COMMIT ->
                    mapped(
                            decision,
                            event -> event,
                            effect -> effect instanceof Effect.Assigned a
                                    ? new Effect.Assigned(
                                            a.group(),
                                            a.member(),
                                            a.handle(),
                                            a.partition(),
                                            a.generation(),
                                            a.start() + 1)
                                    : effect);
                case TELLS_NOBODY_TO_BE_IDLE ->
                    new Decision(
                            decision.events(),
                            decision.effects().stream()
                                    .filter(effect -> !(effect instanceof Effect.Idle))
                                    .toList());
                case TELLS_NOBODY_OF_A_RESET ->
                    new Decision(
                            decision.events(),
                            decision.effects().stream()
                                    .filter(effect -> !(effect instanceof Effect.Seeked))
                                    .toList());
                case FORGETS_INSTANCES ->
                    withMembers(
                            decision,
                            m -> new Member(
                                    m.id(),
                                    m.secret(),
                                    null,
                                    m.topics(),
                                    m.from(),
                                    m.joined(),
                                    m.goneAtMs(),
                                    m.idle()));
                case FORGETS_SECRETS ->
                    withMembers(
                            decision,
                            m -> new Member(
                                    m.id(),
                                    1,
                                    m.instanceId(),
                                    m.topics(),
                                    m.from(),
                                    m.joined(),
                                    m.goneAtMs(),
                                    m.idle()));
                case UNEVEN_ASSIGNOR, RESTLESS_ASSIGNOR, ACCEPTS_EVERY_COMMIT -> decision;
            };
        }
    }

    @Test
    void promises_hold_under_random_commands() {
        Long only = Long.getLong("levada.seed");
        long first = only == null ? 1 : only;
        long last = only == null ? SEEDS : only;
        for (long seed = first; seed <= last; seed++) {
            try {
                new GroupWorld(seed, new StickyAssignor(), decision -> decision, true).run(STEPS);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + " (again with -Dlevada.seed=" + seed + "): " + e, e);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void control_every_fault_is_found(Fault fault) {
        List<Long> found = new ArrayList<>();
        for (long seed = 1; seed <= 20; seed++) {
            try {
                fault.world(seed).run(STEPS);
            } catch (AssertionError | IllegalStateException e) {
                found.add(seed);
            }
        }
        assertTrue(found.size() >= 10, fault + " was found with seeds " + found + " of 1 to 20 only");
    }

    private static SortedMap<TopicPartition, String> allToTheFirst(
            List<Member> members, Map<TopicPartition, String> owned, SortedSet<TopicPartition> open) {
        SortedMap<TopicPartition, String> result = new TreeMap<>(owned);
        for (TopicPartition partition : open) {
            members.stream()
                    .filter(member -> member.topics().contains(partition.topic()))
                    .findFirst()
                    .ifPresent(member -> result.put(partition, member.id()));
        }
        return result;
    }

    /** Even, but without regard to who has what. */
    private static SortedMap<TopicPartition, String> dealtAnew(
            List<Member> members, Map<TopicPartition, String> owned, SortedSet<TopicPartition> open) {
        SortedSet<TopicPartition> all = new TreeSet<>(owned.keySet());
        all.addAll(open);
        return new StickyAssignor().assign(members, Map.of(), all);
    }

    private static Decision withMembers(Decision decision, UnaryOperator<Member> change) {
        return mapped(
                decision,
                event -> event instanceof GroupEvent.MemberSet set
                        ? new GroupEvent.MemberSet(set.group(), change.apply(set.member()))
                        : event,
                effect -> effect);
    }

    private static Decision mapped(Decision decision, UnaryOperator<GroupEvent> events, UnaryOperator<Effect> effects) {
        return new Decision(
                decision.events().stream().map(events).toList(),
                decision.effects().stream().map(effects).toList());
    }

    /** Gives what should be asked back to another at once, as a group without a handshake would. */
    private static Decision handedOverAtOnce(Decision decision) {
        List<GroupEvent> events = new ArrayList<>();
        List<Effect> effects = new ArrayList<>();
        decision.effects().stream()
                .filter(effect -> !(effect instanceof Effect.Revoking))
                .forEach(effects::add);
        int handle = 1_000_000;
        for (GroupEvent event : decision.events()) {
            if (event instanceof PartitionSet set && set.ownership().revoking()) {
                String other = decision.effects().stream()
                        .filter(Effect.Joined.class::isInstance)
                        .map(Effect::member)
                        .findFirst()
                        .orElse(set.ownership().member());
                long generation = ((Epoch) decision.events().get(0)).generation();
                Ownership ownership = new Ownership(other, ++handle, generation, Ownership.KEPT);
                events.add(new PartitionSet(set.group(), set.partition(), ownership));
                effects.add(new Effect.Assigned(set.group(), other, handle, set.partition(), generation, 0));
            } else {
                events.add(event);
            }
        }
        return new Decision(events, effects);
    }
}
