package io.levada.groups;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.groups.Effect.Assigned;
import io.levada.groups.Effect.FindStart;
import io.levada.groups.Effect.HandedOver;
import io.levada.groups.Effect.Idle;
import io.levada.groups.Effect.Joined;
import io.levada.groups.Effect.Left;
import io.levada.groups.Effect.Lost;
import io.levada.groups.Effect.Rejoined;
import io.levada.groups.Effect.Revoking;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class GroupCoordinatorTest {
    private static final UUID ID = new UUID(1, 2);
    private static final long SECRET = 99;
    private static final TopicPartition T0 = new TopicPartition("t", 0);
    private static final TopicPartition T1 = new TopicPartition("t", 1);
    private final GroupCoordinator groups = new GroupCoordinator(new GroupConfig(10_000, 5_000));

    private List<Effect> run(Supplier<Decision> command) {
        Decision decision = command.get();
        decision.events().forEach(groups::replay);
        return decision.effects();
    }

    private void topic(int partitions) {
        run(() -> groups.topicsChanged(Map.of("t", new TopicShape(ID, partitions)), 0));
    }

    private List<Effect> join(String member, long nowMs) {
        return run(() -> groups.join("g", new Joining(member, SECRET, null, List.of("t"), Position.latest()), nowMs));
    }

    /** Joins, and starts what is assigned at offset 0. */
    private void joinAndStart(String member) {
        for (Effect effect : join(member, 0)) {
            if (effect instanceof FindStart find) {
                run(() -> groups.started("g", member, find.handle(), find.generation(), 0));
            }
        }
    }

    private static GroupView.Place place(long offset) {
        return new GroupView.Place(offset, null);
    }

    private static void refused(ErrorCode code, Executable command) {
        assertEquals(code, assertThrows(LevadaException.class, command).code());
    }

    @Test
    void first_member_is_told_of_a_partition_once_its_start_is_found() {
        topic(1);
        assertEquals(
                List.of(new Joined("g", "a", SECRET, 1), new FindStart("g", "a", 1, T0, 1, Position.latest())),
                join("a", 0));
        assertEquals("Reconciling", groups.describe("g").state());
        assertEquals(List.of(new Assigned("g", "a", 1, T0, 1, 42)), run(() -> groups.started("g", "a", 1, 1, 42)));
        assertEquals("Stable", groups.describe("g").state());
        assertEquals(Map.of(T0, place(42)), groups.describe("g").places());
        assertEquals(List.of(), run(() -> groups.started("g", "a", 1, 1, 50)), "a start is found once");
    }

    @Test
    void second_owner_starts_at_the_place_of_the_first_even_if_that_committed_nothing() {
        topic(1);
        joinAndStart("a");
        run(() -> groups.leave("g", "a", 0));
        assertEquals(List.of(new Joined("g", "b", SECRET, 3), new Assigned("g", "b", 2, T0, 3, 0)), join("b", 0));
    }

    @Test
    void partition_moves_only_when_its_owner_has_given_it_back() {
        topic(2);
        joinAndStart("a");
        assertEquals(List.of(new Joined("g", "b", SECRET, 2), new Revoking("g", "a", 2, 5_000)), join("b", 0));
        assertEquals("Reconciling", groups.describe("g").state());
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(2, 1, 7)), partition -> 7));
        assertEquals(
                List.of(new HandedOver("g", "a", 2), new Assigned("g", "b", 3, T1, 3, 7)),
                run(() -> groups.revoked("g", "a", 2, 1, 1_000)));
        assertEquals("Stable", groups.describe("g").state());
        refused(ErrorCode.FENCED_MEMBER_EPOCH, () -> groups.revoked("g", "a", 2, 1, 1_000));
    }

    @Test
    void partition_is_taken_at_the_deadline_and_the_old_owner_is_fenced() {
        topic(2);
        joinAndStart("a");
        join("b", 100);
        assertEquals(5_100, groups.deadlineMs("g"));
        assertEquals(List.of(), run(() -> groups.tick("g", 5_099)));
        assertEquals(
                List.of(new Lost("g", "a", 2), new Assigned("g", "b", 3, T1, 3, 0)),
                run(() -> groups.tick("g", 5_100)));
        refused(
                ErrorCode.FENCED_MEMBER_EPOCH,
                () -> groups.commit("g", "a", List.of(new CommitOffset(2, 1, 1)), partition -> 9));
        assertEquals(place(0), groups.describe("g").places().get(T1));
    }

    @Test
    void commits_are_checked_against_the_assignment_and_all_or_nothing() {
        topic(2);
        joinAndStart("a");
        refused(
                ErrorCode.STALE_MEMBER_EPOCH,
                () -> groups.commit("g", "a", List.of(new CommitOffset(1, 0, 1)), partition -> 9));
        refused(
                ErrorCode.UNKNOWN_MEMBER_ID,
                () -> groups.commit("g", "x", List.of(new CommitOffset(1, 1, 1)), partition -> 9));
        refused(
                ErrorCode.INVALID_REQUEST,
                () -> groups.commit("g", "a", List.of(new CommitOffset(77, 1, 1)), partition -> 9));
        refused(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                () -> groups.commit(
                        "g", "a", List.of(new CommitOffset(1, 1, 9), new CommitOffset(2, 1, 10)), partition -> 9));
        assertEquals(Map.of(T0, place(0), T1, place(0)), groups.describe("g").places());
        run(() ->
                groups.commit("g", "a", List.of(new CommitOffset(1, 1, 9), new CommitOffset(2, 1, 3)), partition -> 9));
        assertEquals(Map.of(T0, place(9), T1, place(3)), groups.describe("g").places());
        refused(
                ErrorCode.INVALID_REQUEST,
                () -> groups.commit("g", "a", List.of(new CommitOffset(1, 1, 8)), partition -> 9));
        assertEquals(
                List.of(),
                groups.commit("g", "a", List.of(new CommitOffset(1, 1, 9)), partition -> 9)
                        .events(),
                "the same again changes nothing");
    }

    @Test
    void surplus_members_are_told_so_and_the_longest_waiting_is_first_in_line() {
        topic(1);
        joinAndStart("a");
        List<Effect> told = join("b", 0);
        assertTrue(told.get(1) instanceof Idle idle && idle.reason().contains("all 1 partitions"), told.toString());
        join("aa", 0);
        assertTrue(groups.describe("g").members().get(2).idle());
        assertEquals(
                List.of(new Left("g", "a"), new Assigned("g", "b", 2, T0, 4, 0)), run(() -> groups.leave("g", "a", 0)));
        assertFalse(groups.describe("g").members().get(1).idle());
    }

    @Test
    void broken_connection_keeps_its_partitions_for_the_grace_period() {
        topic(2);
        joinAndStart("a");
        run(() -> groups.disconnected("g", "a", 1_000));
        List<Effect> told = join("b", 2_000);
        assertTrue(told.get(1) instanceof Idle idle && idle.reason().contains("connection broke"), told.toString());
        assertEquals(List.of(), run(() -> groups.tick("g", 10_999)));
        assertEquals(
                List.of(
                        new Effect.Expired("g", "a"),
                        new Assigned("g", "b", 3, T0, 3, 0),
                        new Assigned("g", "b", 4, T1, 3, 0)),
                run(() -> groups.tick("g", 11_000)));
    }

    @Test
    void after_a_restart_old_members_count_as_disconnected_and_commits_and_generation_stay() {
        topic(1);
        joinAndStart("a");
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(1, 1, 5)), partition -> 5));
        run(() -> groups.restored(Map.of("t", new TopicShape(ID, 1)), member -> false, 50));
        assertEquals(10_050, groups.deadlineMs("g"));
        join("b", 60);
        assertEquals(
                List.of(new Effect.Expired("g", "a"), new Assigned("g", "b", 2, T0, 3, 5)),
                run(() -> groups.tick("g", 10_050)));
    }

    @Test
    void start_that_was_not_found_is_asked_for_again_of_a_member_that_lives() {
        topic(1);
        join("a", 0);
        assertEquals(
                List.of(new FindStart("g", "a", 2, T0, 2, Position.latest())),
                run(() -> groups.restored(Map.of("t", new TopicShape(ID, 1)), member -> true, 50)));
        refused(ErrorCode.FENCED_MEMBER_EPOCH, () -> groups.started("g", "a", 1, 1, 0));
    }

    @Test
    void deleted_topic_is_lost_with_its_commits_even_if_another_takes_its_name() {
        topic(1);
        joinAndStart("a");
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(1, 1, 5)), partition -> 5));
        assertEquals(
                List.of(new Lost("g", "a", 1), new Assigned("g", "a", 2, T0, 2, 0)),
                run(() -> groups.topicsChanged(Map.of("t", new TopicShape(new UUID(3, 4), 1)), 0)));
    }

    @Test
    void partitions_that_a_topic_gains_are_assigned_from_their_beginning_even_to_who_starts_at_the_end() {
        topic(1);
        joinAndStart("a");
        assertEquals(
                List.of(new Assigned("g", "a", 2, T1, 2, 0)),
                run(() -> groups.topicsChanged(Map.of("t", new TopicShape(ID, 2)), 0)));
    }

    @Test
    void group_is_deleted_only_without_members_and_is_unknown_then() {
        topic(1);
        refused(ErrorCode.GROUP_ID_NOT_FOUND, () -> groups.delete("g"));
        joinAndStart("a");
        refused(ErrorCode.NON_EMPTY_GROUP, () -> groups.delete("g"));
        run(() -> groups.leave("g", "a", 0));
        assertEquals("Empty", groups.describe("g").state());
        assertEquals(List.of("g"), groups.list());
        run(() -> groups.delete("g"));
        assertEquals(List.of(), groups.list());
    }

    @Test
    void joining_is_refused_for_bad_names_and_unknown_topics() {
        topic(1);
        refused(
                ErrorCode.INVALID_GROUP_ID,
                () -> groups.join("a b", new Joining("m", SECRET, null, List.of("t"), Position.earliest()), 0));
        refused(
                ErrorCode.INVALID_GROUP_ID,
                () -> groups.join("__g", new Joining("m", SECRET, null, List.of("t"), Position.earliest()), 0));
        refused(
                ErrorCode.INVALID_REQUEST,
                () -> groups.join("g", new Joining("m", SECRET, null, List.of(), Position.earliest()), 0));
        List<String> many = IntStream.range(0, 2_000).mapToObj(i -> "topic" + i).toList();
        refused(
                ErrorCode.INVALID_REQUEST,
                () -> groups.join("g", new Joining("m", SECRET, null, many, Position.earliest()), 0));
        refused(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                () -> groups.join("g", new Joining("m", SECRET, null, List.of("t", "u"), Position.earliest()), 0));
        join("a", 0);
        refused(
                ErrorCode.INVALID_REQUEST,
                () -> groups.join("g", new Joining("a", SECRET, null, List.of("t"), Position.earliest()), 0));
    }

    @Test
    void two_hundred_members_share_four_hundred_partitions_of_ten_topics() {
        List<String> topics = IntStream.range(0, 10).mapToObj(i -> "topic-" + i).toList();
        Map<String, TopicShape> shapes = new HashMap<>();
        topics.forEach(topic -> shapes.put(topic, new TopicShape(ID, 40)));
        run(() -> groups.topicsChanged(shapes, 0));
        for (int i = 0; i < 200; i++) {
            String member = "m" + i;
            answerAll(run(() -> groups.join("g", new Joining(member, SECRET, null, topics, Position.earliest()), 0)));
        }
        assertEquals("Stable", groups.describe("g").state());
        groups.describe("g")
                .members()
                .forEach(member -> assertEquals(2, member.partitions().size()));
    }

    private void answerAll(List<Effect> effects) {
        List<Effect> open = new ArrayList<>(effects);
        while (!open.isEmpty()) {
            Effect effect = open.remove(0);
            if (effect instanceof FindStart find) {
                run(() -> groups.started("g", find.member(), find.handle(), find.generation(), 0));
            } else if (effect instanceof Revoking asked) {
                GroupState state = groups.state("g");
                TopicPartition partition = state == null ? null : state.byHandle(asked.handle());
                Ownership ownership = state == null || partition == null ? null : state.ownership(partition);
                long generation = ownership == null ? 0 : ownership.generation();
                open.addAll(run(() -> groups.revoked("g", asked.member(), asked.handle(), generation, 0)));
            }
        }
    }

    @Test
    void a_member_that_comes_back_in_time_keeps_what_it_has_and_moves_nothing() {
        topic(2);
        joinAndStart("a");
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(2, 1, 7)), partition -> 7));
        run(() -> groups.disconnected("g", "a", 0));
        assertEquals(10_000, groups.deadlineMs("g"));
        assertEquals(
                List.of(
                        new Rejoined("g", "a", 1, Set.of(1, 2)),
                        new Assigned("g", "a", 1, T0, 1, 0),
                        new Assigned("g", "a", 2, T1, 1, 7)),
                run(() -> groups.rejoin("g", "a", SECRET, 9_999)));
        assertEquals(GroupCoordinator.NEVER, groups.deadlineMs("g"));
        assertEquals(1, groups.describe("g").generation(), "nothing moved");
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(1, 1, 3)), partition -> 7));
    }

    @Test
    void a_member_may_come_back_before_it_is_known_that_it_was_gone_and_hears_what_it_is_asked_for_again() {
        topic(2);
        joinAndStart("a");
        join("b", 1_000);
        assertEquals(
                List.of(
                        new Rejoined("g", "a", 2, Set.of(1, 2)),
                        new Assigned("g", "a", 1, T0, 1, 0),
                        new Assigned("g", "a", 2, T1, 1, 0),
                        new Revoking("g", "a", 2, 3_000)),
                run(() -> groups.rejoin("g", "a", SECRET, 3_000)));
        join("c", 3_000);
        List<Effect> effects = run(() -> groups.rejoin("g", "c", SECRET, 3_000));
        assertEquals(new Rejoined("g", "c", 3, Set.of()), effects.get(0));
        assertEquals(
                List.of(Idle.class),
                effects.stream().skip(1).map(Object::getClass).toList(),
                "why it has nothing is told again");
    }

    @Test
    void a_start_that_is_not_found_yet_is_asked_for_again_for_who_came_back() {
        topic(1);
        join("a", 0);
        assertEquals(
                List.of(new Rejoined("g", "a", 1, Set.of()), new FindStart("g", "a", 1, T0, 1, Position.latest())),
                run(() -> groups.rejoin("g", "a", SECRET, 1)));
    }

    @Test
    void nobody_comes_back_too_late_or_as_somebody_else() {
        topic(1);
        joinAndStart("a");
        run(() -> groups.disconnected("g", "a", 0));
        refused(ErrorCode.UNKNOWN_MEMBER_ID, () -> groups.rejoin("g", "a", SECRET + 1, 1));
        refused(ErrorCode.UNKNOWN_MEMBER_ID, () -> groups.rejoin("g", "a", Member.NO_SECRET, 1));
        refused(ErrorCode.UNKNOWN_MEMBER_ID, () -> groups.rejoin("g", "b", SECRET, 1));
        refused(ErrorCode.UNKNOWN_MEMBER_ID, () -> groups.rejoin("h", "a", SECRET, 1));
        run(() -> groups.tick("g", 10_000));
        refused(ErrorCode.UNKNOWN_MEMBER_ID, () -> groups.rejoin("g", "a", SECRET, 10_000));
    }

    @Test
    void a_reset_leaves_the_partition_with_its_owner_anew_from_there_and_nothing_said_before_counts() {
        topic(2);
        joinAndStart("a");
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(2, 1, 9)), partition -> 9));
        assertEquals(
                List.of(new Effect.Seeked("g", "a", 2, 4), new Assigned("g", "a", 3, T1, 2, 4)),
                run(() -> groups.reset("g", Map.of(T1, 4L), 0)));
        assertEquals(Map.of(T0, place(0), T1, place(4)), groups.describe("g").places());
        refused(
                ErrorCode.FENCED_MEMBER_EPOCH,
                () -> groups.commit("g", "a", List.of(new CommitOffset(2, 1, 9)), partition -> 9));
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(3, 2, 5)), partition -> 9));
        run(() -> groups.leave("g", "a", 0));
        assertEquals(List.of(), run(() -> groups.reset("g", Map.of(T0, 1L, T1, 2L), 0)), "nobody is there to be told");
        assertEquals(Map.of(T0, place(1), T1, place(2)), groups.describe("g").places());
    }

    @Test
    void a_reset_is_refused_for_what_is_not_there_and_changes_nothing() {
        topic(1);
        joinAndStart("a");
        refused(ErrorCode.GROUP_ID_NOT_FOUND, () -> groups.reset("h", Map.of(T0, 1L), 0));
        refused(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                () -> groups.reset("g", Map.of(T0, 1L, new TopicPartition("u", 0), 1L), 0));
        assertEquals(Map.of(T0, place(0)), groups.describe("g").places());
    }

    @Test
    void a_start_found_too_late_for_a_reset_does_not_undo_it() {
        topic(1);
        FindStart find = (FindStart) join("a", 0).get(1);
        assertEquals(List.of(new Assigned("g", "a", 2, T0, 2, 7)), run(() -> groups.reset("g", Map.of(T0, 7L), 0)));
        refused(ErrorCode.FENCED_MEMBER_EPOCH, () -> groups.started("g", "a", find.handle(), find.generation(), 50));
    }

    private List<Effect> joinAs(String instance, String member, long nowMs) {
        return run(() ->
                groups.join("g", new Joining(member, SECRET, instance, List.of("t"), Position.earliest()), nowMs));
    }

    private void answerFirst(List<Effect> effects) {
        answerAll(effects.stream().filter(FindStart.class::isInstance).toList());
    }

    @Test
    void an_instance_that_starts_again_in_time_has_its_partitions_anew_and_disturbs_nobody() {
        topic(2);
        answerFirst(joinAs("i", "a1", 0));
        answerAll(joinAs("j", "b1", 0));
        run(() -> groups.commit("g", "a1", List.of(new CommitOffset(1, 1, 7)), partition -> 7));
        long generation = groups.describe("g").generation();
        assertEquals(List.of(new Left("g", "a1")), run(() -> groups.leave("g", "a1", 1_000)));
        refused(ErrorCode.UNKNOWN_MEMBER_ID, () -> groups.rejoin("g", "a1", SECRET, 2_000));
        assertEquals(
                List.of(
                        new Effect.Expired("g", "a1"),
                        new Joined("g", "a2", SECRET, generation + 2),
                        new Assigned("g", "a2", 4, T0, generation + 2, 7)),
                joinAs("i", "a2", 10_999));
        refused(
                ErrorCode.UNKNOWN_MEMBER_ID,
                () -> groups.commit("g", "a1", List.of(new CommitOffset(1, 1, 9)), partition -> 9));
        run(() -> groups.disconnected("g", "a2", 11_000));
        assertTrue(joinAs("i", "a3", 11_001).contains(new Assigned("g", "a3", 5, T0, generation + 3, 7)));
    }

    @Test
    void an_instance_is_refused_while_it_is_there_and_its_place_goes_to_others_after_the_grace_period() {
        topic(2);
        answerFirst(joinAs("i", "a1", 0));
        answerAll(joinAs("j", "b1", 0));
        refused(ErrorCode.UNRELEASED_INSTANCE_ID, () -> joinAs("i", "a2", 0));
        refused(ErrorCode.INVALID_REQUEST, () -> joinAs("an instance", "a2", 0));
        run(() -> groups.leave("g", "a1", 1_000));
        assertEquals(11_000, groups.deadlineMs("g"));
        List<Effect> effects = run(() -> groups.tick("g", 11_000));
        assertEquals(
                List.of(Effect.Expired.class, Assigned.class),
                effects.stream().map(Object::getClass).toList());
        assertEquals(2, groups.describe("g").members().get(0).partitions().size());
    }

    @Test
    void topics_that_match_a_pattern_are_assigned_as_they_come_and_go() {
        TopicPartition other = new TopicPartition("t-2", 0);
        topic(1);
        answerFirst(run(() -> groups.join("g", new Joining("a", SECRET, null, List.of("t*"), Position.latest()), 0)));
        Map<String, TopicShape> two = Map.of("t", new TopicShape(ID, 1), "t-2", new TopicShape(new UUID(5, 6), 1));
        assertEquals(List.of(new Assigned("g", "a", 2, other, 2, 0)), run(() -> groups.topicsChanged(two, 0)));
        assertEquals(List.of(T0, other), groups.describe("g").members().get(0).partitions());
        topic(1);
        assertEquals(List.of(T0), groups.describe("g").members().get(0).partitions());
        refused(
                ErrorCode.INVALID_REQUEST,
                () -> groups.join("g", new Joining("b", SECRET, null, List.of("t/*"), Position.latest()), 0));
        List<Effect> none =
                run(() -> groups.join("g", new Joining("b", SECRET, null, List.of("x*"), Position.latest()), 0));
        assertTrue(none.get(1) instanceof Idle idle && idle.reason().contains("no partition of x*"), none.toString());
    }

    @Test
    void what_is_said_with_a_commit_is_found_with_it_until_the_next() {
        topic(1);
        joinAndStart("a");
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(1, 1, 3, "half")), partition -> 9));
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(1, 1, 3)), partition -> 9));
        assertEquals(
                new GroupView.Place(3, "half"),
                groups.describe("g").places().get(T0),
                "the same offset changes nothing");
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(1, 1, 3, "more")), partition -> 9));
        assertEquals(
                new GroupView.Place(3, "more"), groups.describe("g").places().get(T0));
        run(() -> groups.commit("g", "a", List.of(new CommitOffset(1, 1, 4)), partition -> 9));
        assertEquals(place(4), groups.describe("g").places().get(T0));
        String large = "\u00e4".repeat(2_049);
        refused(
                ErrorCode.OFFSET_METADATA_TOO_LARGE,
                () -> groups.commit("g", "a", List.of(new CommitOffset(1, 1, 5, large)), partition -> 9));
    }
}
