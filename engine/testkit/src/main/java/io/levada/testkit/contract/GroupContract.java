package io.levada.testkit.contract;

import static io.levada.testkit.contract.ContractBase.assertFails;
import static io.levada.testkit.contract.ContractBase.fill;
import static io.levada.testkit.contract.ContractBase.get;
import static io.levada.testkit.contract.ContractBase.group;
import static io.levada.testkit.contract.ContractBase.list;
import static io.levada.testkit.contract.ContractBase.numbers;
import static io.levada.testkit.contract.ContractBase.readNow;
import static io.levada.testkit.contract.ContractBase.records;
import static io.levada.testkit.contract.ContractBase.run;
import static io.levada.testkit.contract.ContractBase.topic;
import static io.levada.testkit.contract.ContractBase.values;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Ack;
import io.levada.Assignment;
import io.levada.ByKey;
import io.levada.DeadLetters;
import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.GroupDescription;
import io.levada.GroupDescription.GroupOffset;
import io.levada.GroupDescription.MemberDescription;
import io.levada.Header;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Match;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import io.levada.Position;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.testkit.Probe;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Groups: fan-out, sharing, handing over, acknowledging, and what is said of them. */
interface GroupContract extends ContractBase {
    @Test
    default void every_group_gets_every_record(Levada log) {
        String name = topic(log, 3);
        list(log.publish(name, records(0, 0, 100)));
        List<TestMember> groups = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            groups.add(TestMember.join(log, group(), name));
        }
        list(log.publish(name, records(1, 100, 200)));
        list(log.publish(name, records(2, 200, 300)));
        for (TestMember member : groups) {
            member.deliveries().await(300);
            assertEquals(sorted(numbers(0, 300)), sorted(member.values()));
            member.close();
        }
    }

    @Test
    default void a_group_that_deletion_overtakes_is_told_once_and_goes_on_behind(Levada log) {
        String name = topic(log, 1);
        String group = group();
        fill(log, name, 0, 0, 5);
        TestMember first = TestMember.join(log, group, name);
        first.deliveries().await(5);
        first.close();
        fill(log, name, 0, 5, 10);
        get(log.topics().deleteRecords(name, 0, 8));

        LevadaException error =
                TestMember.join(log, group, name).deliveries().awaitError(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertTrue(error.line().contains("offsets 5 to 7") && error.line().contains("offset:8"), error.line());

        TestMember third = TestMember.join(log, group, name);
        third.deliveries().await(2);
        assertEquals(numbers(8, 10), third.values());
        third.close();
    }

    @Test
    default void members_share_evenly_and_who_is_too_many_is_told_and_first_in_line(Levada log) {
        String name = topic(log, 2);
        String group = group();
        TestMember first = TestMember.join(log, group, name);
        first.await(MemberEvent.Joined.class);
        awaitGroup(log, group, g -> owned(g).equals(List.of(2)));
        TestMember second = TestMember.join(log, group, name);
        awaitGroup(log, group, g -> owned(g).equals(List.of(1, 1)));
        TestMember third = TestMember.join(log, group, name);
        assertFalse(third.await(MemberEvent.Idle.class).reason().isBlank());
        GroupDescription described = awaitGroup(log, group, g -> owned(g).equals(List.of(0, 1, 1)));
        assertEquals(
                1, described.members().stream().filter(MemberDescription::idle).count());

        first.close();
        awaitGroup(log, group, g -> owned(g).equals(List.of(1, 1)));
        fill(log, name, 0, 0, 10);
        fill(log, name, 1, 10, 20);
        second.deliveries().await(10);
        third.deliveries().await(10);
        assertEquals(sorted(numbers(0, 20)), sorted(all(second, third)));
        second.close();
        third.close();
    }

    @Test
    default void partitions_change_hands_without_loss_or_duplicates(Levada log) {
        String name = topic(log, 6);
        String group = group();
        TestMember first = TestMember.join(log, group, name);
        Probe<Ack> publishing = Probe.of(
                log.publish(name, Flux.range(0, 3_000).map(i -> Record.ofValue("" + i)
                        .withPartition(i % 6))),
                1_000);
        publishing.await(1_000);
        awaitGroup(log, group, g -> owned(g).equals(List.of(6)));
        TestMember second = TestMember.join(log, group, name);
        publishing.more(500);
        first.await(MemberEvent.Revoked.class);
        TestMember third = TestMember.join(log, group, name);
        publishing.more(500);
        publishing.await(2_000);
        first.close();
        publishing.more(Long.MAX_VALUE);
        publishing.awaitComplete();

        awaitTotal(3_000, first, second, third);
        assertEquals(sorted(numbers(0, 3_000)), sorted(all(first, second, third)));
        for (TestMember member : List.of(first, second, third)) {
            Map<Integer, Long> last = new HashMap<>();
            for (Delivery delivery : member.deliveries().received()) {
                Long before = last.put(
                        delivery.record().partition(), delivery.record().offset());
                assertTrue(before == null || before < delivery.record().offset(), "out of order");
            }
        }
        second.close();
        third.close();
        awaitGroup(log, group, g -> g.members().isEmpty());
        assertEquals(
                3_000,
                get(log.groups().describe(group)).offsets().stream()
                        .mapToLong(GroupOffset::committed)
                        .sum());
    }

    @Test
    default void only_what_was_not_acknowledged_is_delivered_again(Levada log) {
        String name = topic(log, 1);
        String group = group();
        fill(log, name, 0, 0, 10);
        TestMember first = TestMember.manual(log, group, name, Long.MAX_VALUE);
        List<Delivery> got = first.deliveries().await(10);
        for (int acked : new int[] {3, 1, 0, 5, 2, 5}) {
            got.get(acked).ack();
        }
        first.close();

        TestMember second = TestMember.join(log, group, name);
        second.deliveries().await(6);
        assertEquals(numbers(4, 10), second.values());
        second.close();
        TestMember third = TestMember.join(log, group, name);
        fill(log, name, 0, 10, 12);
        third.deliveries().await(2);
        assertEquals(numbers(10, 12), third.values());
        third.close();
    }

    @Test
    default void acknowledgements_are_committed_without_leaving(Levada log) {
        String name = topic(log, 1);
        String group = group();
        fill(log, name, 0, 0, 20);
        try (TestMember member = TestMember.join(log, group, name)) {
            member.deliveries().await(20);
            GroupDescription described =
                    awaitGroup(log, group, g -> g.offsets().stream().anyMatch(o -> o.committed() == 20));
            GroupOffset offset = described.offsets().get(0);
            assertEquals(name, offset.topic());
            assertEquals(20, offset.end());
            assertEquals(0, offset.lag());
        }
    }

    @Test
    default void a_description_tells_members_assignment_and_lag(Levada log) {
        String name = topic(log, 1);
        String group = group();
        fill(log, name, 0, 0, 20);
        try (TestMember member = TestMember.manual(log, group, name, 5)) {
            member.deliveries().await(5).forEach(Delivery::ack);
            GroupDescription described =
                    awaitGroup(log, group, g -> g.offsets().stream().anyMatch(o -> o.committed() == 5));
            assertEquals(group, described.group());
            assertEquals("Stable", described.state());
            assertTrue(described.generation() >= 1);
            assertEquals(
                    List.of(new TopicPartition(name, 0)),
                    described.members().get(0).partitions());
            assertFalse(described.members().get(0).idle());
            GroupOffset offset = described.offsets().get(0);
            assertEquals(15, offset.lag());
            assertTrue(offset.lagMs() >= 0);
            assertTrue(list(log.groups().list()).contains(group));
        }
    }

    @Test
    default void a_group_is_moved_while_its_members_are_active_and_goes_on_from_there(Levada log) {
        String name = topic(log, 2);
        String group = group();
        fill(log, name, 0, 0, 10);
        fill(log, name, 1, 0, 10);
        try (TestMember member = TestMember.join(log, group, name)) {
            member.deliveries().await(20);
            awaitGroup(log, group, g -> g.offsets().stream().allMatch(offset -> offset.lag() == 0));
            get(log.groups().reset(group, name, 1, Position.offset(7)));
            assertEquals(
                    new MemberEvent.Seeked(new TopicPartition(name, 1), 7), member.await(MemberEvent.Seeked.class));
            List<Long> again = member.deliveries().await(23).subList(20, 23).stream()
                    .map(delivery -> delivery.record().offset())
                    .toList();
            assertEquals(List.of(7L, 8L, 9L), again);
        }
    }

    @Test
    default void a_commit_that_is_asked_for_is_found_with_what_was_said_with_it(Levada log) {
        String name = topic(log, 1);
        String group = group();
        fill(log, name, 0, 0, 10);
        Assignment[] assigned = new Assignment[1];
        Disposable member = log.group(group).subscribe(name).subscribe(assignment -> assigned[0] = assignment);
        awaitGroup(log, group, g -> assigned[0] != null);
        run(assigned[0].commit(7, "half way"));
        GroupOffset offset = get(log.groups().describe(group)).offsets().get(0);
        assertEquals("7 half way", offset.committed() + " " + offset.metadata());
        assertFails(ErrorCode.INVALID_REQUEST, assigned[0].commit(6, null));
        assertFails(ErrorCode.OFFSET_OUT_OF_RANGE, assigned[0].commit(11, null));
        assertFails(ErrorCode.OFFSET_METADATA_TOO_LARGE, assigned[0].commit(8, "x".repeat(4_097)));
        member.dispose();
        awaitGroup(log, group, g -> g.members().isEmpty());
        assertFails(ErrorCode.FENCED_MEMBER_EPOCH, assigned[0].commit(8, null));
    }

    @Test
    default void an_instance_goes_on_with_its_partitions_and_is_there_only_once(Levada log) {
        String name = topic(log, 2);
        String group = group();
        MemberOptions instance = MemberOptions.defaults().withInstanceId("i-1");
        try (TestMember other = TestMember.join(log, group, name)) {
            TestMember former = TestMember.as(instance, log, group, name);
            awaitGroup(log, group, g -> owned(g).equals(List.of(1, 1)));
            fill(log, name, 0, 0, 5);
            fill(log, name, 1, 0, 5);
            awaitGroup(log, group, g -> g.offsets().stream().allMatch(offset -> offset.committed() == 5));
            TestMember.as(instance, log, group, name).deliveries().awaitError(ErrorCode.UNRELEASED_INSTANCE_ID);

            former.close();
            fill(log, name, 0, 5, 10);
            fill(log, name, 1, 5, 10);
            try (TestMember again = TestMember.onceReleased(instance, log, group, name)) {
                awaitGroup(log, group, g -> g.offsets().stream().allMatch(offset -> offset.committed() == 10));
                assertEquals(5, again.values().size());
                assertEquals(10, other.values().size(), "nothing was moved to another");
            }
        }
    }

    @Test
    default void a_pattern_stands_for_the_topics_there_are_and_those_that_come(Levada log) {
        String first = topic(log, 1);
        String group = group();
        fill(log, first, 0, 0, 3);
        try (TestMember member = TestMember.join(log, group, first + "*")) {
            member.deliveries().await(3);
            get(log.topics().create(TopicSpec.of(first + "-2")));
            fill(log, first + "-2", 0, 3, 6);
            member.deliveries().await(6);
            assertEquals(numbers(0, 6), member.values());
        }
    }

    @Test
    default void a_topic_is_given_partitions_which_a_running_group_reads_from_their_beginning(Levada log) {
        String name = topic(log, 1);
        String group = group();
        try (TestMember one = TestMember.from(Position.latest(), log, group, name);
                TestMember other = TestMember.from(Position.latest(), log, group, name)) {
            one.await(MemberEvent.Joined.class);
            other.await(MemberEvent.Joined.class);
            fill(log, name, 0, 0, 1);
            assertEquals(
                    3, get(log.topics().addPartitions(name, 3)).partitions().size());
            assertEquals(
                    3, get(log.topics().addPartitions(name, 3)).partitions().size());
            assertFails(ErrorCode.INVALID_PARTITIONS, log.topics().addPartitions(name, 2));
            assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.topics().addPartitions("none", 2));
            fill(log, name, 1, 10, 20);
            fill(log, name, 2, 20, 30);
            fill(log, name, 0, 1, 5);
            awaitGroup(
                    log,
                    group,
                    g -> g.offsets().stream().mapToLong(GroupOffset::committed).sum() == 25);
            List<String> got = new ArrayList<>(all(one, other));
            got.remove("0"); // it may lie before where they started
            List<String> published = new ArrayList<>(numbers(1, 5));
            published.addAll(numbers(10, 30));
            assertEquals(sorted(published), sorted(got));
        }
    }

    @Test
    default void what_fails_every_time_is_put_aside_with_its_cause_and_replayed(Levada log) {
        String name = topic(log, 2);
        String dead = topic(log, 1);
        DeadLetters letters = DeadLetters.in(log, dead).after(3, Duration.ofMillis(5));
        fill(log, name, 0, 0, 10);
        fill(log, name, 1, 10, 20);
        String group = group();
        AtomicBoolean broken = new AtomicBoolean(true);
        Queue<String> worked = new ConcurrentLinkedQueue<>();
        Disposable working = log.group(group)
                .receive(name)
                .transform(ByKey.flatMap(4, letters.<String>around(delivery -> {
                    String value = String.valueOf(delivery.record().valueUtf8());
                    worked.add(value);
                    return broken.get() && value.equals("13")
                            ? Mono.error(new IllegalStateException("unlucky"))
                            : Mono.just(value);
                })))
                .subscribe();
        awaitGroup(log, group, g -> g.offsets().stream().allMatch(offset -> offset.committed() == 10));
        assertEquals(3, Collections.frequency(worked, "13"), "tried three times");
        List<StoredRecord> aside = readNow(log, dead);
        assertEquals(List.of("13"), values(aside));
        assertEquals(
                Map.of(
                        DeadLetters.TOPIC, name,
                        DeadLetters.PARTITION, "1",
                        DeadLetters.OFFSET, "3",
                        DeadLetters.TIMESTAMP,
                                Long.toString(readNow(log, name).stream()
                                        .filter(record -> "13".equals(record.valueUtf8()))
                                        .findFirst()
                                        .orElseThrow()
                                        .timestampMs()),
                        DeadLetters.ATTEMPTS, "3",
                        DeadLetters.ERROR, "java.lang.IllegalStateException: unlucky"),
                aside.get(0).headers().stream().collect(Collectors.toMap(Header::key, GroupContract::text)));

        broken.set(false);
        assertEquals(1L, get(letters.replay()));
        awaitGroup(log, group, g -> g.offsets().get(1).committed() == 11);
        assertEquals(4, Collections.frequency(worked, "13"));
        assertEquals(List.of(), values(readNow(log, dead)), "what was replayed is not there any more");
        assertEquals(0L, get(letters.replay()));
        working.dispose();
        fill(log, dead, 0, 5, 6);
        assertFails(ErrorCode.INVALID_REQUEST, letters.replay());
    }

    private static String text(Header header) {
        byte[] value = header.value();
        return value == null ? "" : new String(value, StandardCharsets.UTF_8);
    }

    @Test
    default void a_group_without_members_is_moved_to_any_position_that_is_kept(Levada log) {
        String name = topic(log, 1);
        String group = group();
        fill(log, name, 0, 0, 10);
        try (TestMember member = TestMember.join(log, group, name)) {
            member.deliveries().await(10);
            awaitGroup(log, group, g -> g.offsets().stream().allMatch(offset -> offset.lag() == 0));
        }
        awaitGroup(log, group, g -> g.members().isEmpty());
        assertEquals(0, committed(log.groups().reset(group, name, null, Position.earliest())));
        assertEquals(10, committed(log.groups().reset(group, name, null, Position.latest())));
        assertEquals(0, committed(log.groups().reset(group, name, null, Position.time(Instant.EPOCH))));
        assertEquals(4, committed(log.groups().reset(group, name, 0, Position.offset(4))));
        assertFails(ErrorCode.OFFSET_OUT_OF_RANGE, log.groups().reset(group, name, 0, Position.offset(11)));
        assertFails(ErrorCode.INVALID_REQUEST, log.groups().reset(group, name, 0, Position.committed()));
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.groups().reset(group, name, 1, Position.earliest()));
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.groups().reset(group, "none", 0, Position.earliest()));
        assertFails(ErrorCode.GROUP_ID_NOT_FOUND, log.groups().reset("none", name, 0, Position.earliest()));
        assertEquals(4, committed(log.groups().describe(group)), "what is refused changes nothing");
        try (TestMember member = TestMember.join(log, group, name)) {
            assertEquals(4, member.deliveries().await(6).get(0).record().offset());
        }
    }

    private static long committed(Mono<GroupDescription> description) {
        return get(description).offsets().get(0).committed();
    }

    @Test
    default void a_group_is_deleted_only_without_members(Levada log) {
        String name = topic(log, 1);
        String group = group();
        fill(log, name, 0, 0, 3);
        TestMember member = TestMember.join(log, group, name);
        member.deliveries().await(3);
        assertFails(ErrorCode.NON_EMPTY_GROUP, log.groups().delete(group));
        member.close();
        awaitGroup(log, group, g -> g.members().isEmpty());

        run(log.groups().delete(group));
        assertFails(ErrorCode.GROUP_ID_NOT_FOUND, log.groups().describe(group));
        assertFails(ErrorCode.GROUP_ID_NOT_FOUND, log.groups().delete(group));
        try (TestMember anew = TestMember.join(log, group, name)) {
            anew.deliveries().await(3);
        }
    }

    @Test
    default void who_cannot_join_is_told_why(Levada log) {
        String name = topic(log, 1);
        Probe.all(log.group("no group").receive(name)).awaitError(ErrorCode.INVALID_GROUP_ID);
        Probe.all(log.group(group()).receive("nowhere")).awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        Probe.all(log.group(group()).subscribe("nowhere")).awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }

    @Test
    default void a_group_without_commit_starts_where_its_member_says(Levada log) {
        String name = topic(log, 1);
        fill(log, name, 0, 0, 10);
        try (TestMember member = TestMember.from(Position.offset(7), log, group(), name);
                TestMember early = TestMember.from(Position.earliest(), log, group(), name)) {
            member.deliveries().await(3);
            assertEquals(numbers(7, 10), member.values());
            early.deliveries().await(10);
        }
    }

    @Test
    default void demand_is_shared_by_the_partitions_and_never_exceeded(Levada log) {
        String name = topic(log, 4);
        for (int partition = 0; partition < 4; partition++) {
            fill(log, name, partition, 0, 50);
        }
        try (TestMember member = TestMember.manual(log, group(), name, 5);
                TestMember other = TestMember.join(log, group(), name)) {
            member.deliveries().await(5);
            other.deliveries().await(200);
            assertEquals(5, member.deliveries().received().size());
            member.deliveries().more(1);
            member.deliveries().await(6);
            member.deliveries().more(Long.MAX_VALUE);
            member.deliveries().await(200);
        }
    }

    @Test
    default void several_topics_are_one_assignment(Levada log) {
        String one = topic(log, 1);
        String two = topic(log, 2);
        String group = group();
        fill(log, one, 0, 0, 10);
        fill(log, two, 1, 10, 20);
        try (TestMember member = TestMember.join(log, group, one, two)) {
            member.deliveries().await(20);
            assertEquals(sorted(numbers(0, 20)), sorted(member.values()));
            awaitGroup(log, group, g -> owned(g).equals(List.of(3)));
        }
    }

    @Test
    default void each_assignment_has_its_own_demand_and_completes_when_handed_over(Levada log) {
        String name = topic(log, 2);
        String group = group();
        fill(log, name, 0, 0, 10);
        fill(log, name, 1, 0, 10);
        Probe<Assignment> assignments = Probe.all(log.group(group).subscribe(name));
        List<Assignment> owned = assignments.await(2);
        Probe<Delivery> first = Probe.of(owned.get(0).deliveries(), 3);
        Probe<Delivery> second = Probe.of(owned.get(1).deliveries(), 1);
        assertEquals(
                2, owned.stream().map(Assignment::topicPartition).distinct().count());
        first.await(3).forEach(Delivery::ack);
        second.await(1).forEach(Delivery::ack);

        try (TestMember other = TestMember.join(log, group, name)) {
            int gone = awaitOneEnds(first, second);
            (gone == 0 ? first : second).awaitComplete();
            other.deliveries().await(gone == 0 ? 7 : 9);
            assertEquals(numbers(gone == 0 ? 3 : 1, 10), other.values());
            Probe<Delivery> kept = gone == 0 ? second : first;
            kept.more(1);
            kept.await(gone == 0 ? 2 : 4);
            assertTrue(kept.isOpen());
            assignments.cancel();
            kept.awaitComplete();
        }
    }

    @Test
    default void an_assignment_that_nobody_reads_hinders_nobody(Levada log) {
        String name = topic(log, 2);
        String group = group();
        fill(log, name, 0, 0, 10);
        fill(log, name, 1, 10, 20);
        Probe<Assignment> assignments = Probe.all(log.group(group).subscribe(name));
        assignments.await(2);
        try (TestMember other = TestMember.join(log, group, name)) {
            other.deliveries().await(10);
            assignments.cancel();
            other.deliveries().await(20);
            assertEquals(sorted(numbers(0, 20)), sorted(other.values()));
        }
    }

    @Test
    default void a_group_gets_past_what_its_filter_leaves_out(Levada log) {
        String name = topic(log, 1);
        String group = group();
        MemberOptions wanting = MemberOptions.defaults().withFilter(Filter.byKey(Match.is("wanted")));
        list(log.publish(name, Flux.range(0, 500).map(i -> Record.of(i % 100 == 50 ? "wanted" : "other", "" + i))));
        try (TestMember member = TestMember.as(wanting, log, group, name)) {
            member.deliveries().await(5);
            awaitGroup(log, group, g -> g.offsets().stream().allMatch(offset -> offset.lag() == 0));
            list(log.publish(name, Flux.range(500, 500).map(i -> Record.of("other", "" + i))));
            awaitGroup(log, group, g -> g.offsets().get(0).committed() == 1_000);
            assertEquals(List.of("50", "150", "250", "350", "450"), member.values());
        }
        list(log.publish(name, Flux.just(Record.of("wanted", "last"))));
        try (TestMember next = TestMember.as(wanting, log, group, name)) {
            next.deliveries().await(1);
            assertEquals(List.of("last"), next.values());
        }
        Probe.all(log.group(group())
                        .receive(List.of(name), wanting.withFilter(Filter.byKey(new Match.AnyOf(Set.of())))))
                .awaitError(ErrorCode.INVALID_REQUEST);
    }

    @Test
    default void who_takes_nothing_for_longer_than_it_may_is_out_and_another_goes_on(Levada log) {
        String name = topic(log, 2);
        String group = group();
        fill(log, name, 0, 0, 10);
        fill(log, name, 1, 10, 20);
        MemberOptions impatient = MemberOptions.defaults().withMaxStall(Duration.ofSeconds(1));
        Probe<Delivery> stalling = Probe.of(log.group(group).receive(List.of(name), impatient), 3);
        stalling.await(3);
        stalling.awaitError(ErrorCode.MEMBER_STALLED);
        try (TestMember other = TestMember.as(impatient, log, group, name)) {
            other.deliveries().await(20);
            assertEquals(
                    sorted(numbers(0, 20)), sorted(other.values()), "also what was delivered and not acknowledged");
        }
    }

    @Test
    default void a_group_that_stands_still_holds_no_other_up(Levada log) {
        String name = topic(log, 2);
        try (TestMember asleep = TestMember.manual(log, group(), name, 0);
                TestMember halfway = TestMember.manual(log, group(), name, 3);
                TestMember awake = TestMember.join(log, group(), name)) {
            list(log.publish(
                    name, Flux.range(0, 4_000).map(i -> Record.ofValue("" + i).withPartition(i % 2))));
            awake.deliveries().await(4_000);
            assertEquals(sorted(numbers(0, 4_000)), sorted(awake.values()));
            assertEquals(0, asleep.values().size());
            assertEquals(3, halfway.deliveries().await(3).size());
        }
    }

    private static List<String> all(TestMember... members) {
        return Stream.of(members).flatMap(member -> member.values().stream()).toList();
    }

    private static List<String> sorted(List<String> values) {
        List<String> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted;
    }

    /** How many partitions each member owns, the fewest first. */
    private static List<Integer> owned(GroupDescription group) {
        return group.members().stream()
                .map(member -> member.partitions().size())
                .sorted()
                .toList();
    }

    /** Waits until a group, which may come to be meanwhile, is as it should. */
    private static GroupDescription awaitGroup(Levada log, String group, Predicate<GroupDescription> condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        Mono<GroupDescription> asking = log.groups()
                .describe(group)
                .onErrorResume(
                        LevadaException.class,
                        error -> error.code() == ErrorCode.GROUP_ID_NOT_FOUND ? Mono.empty() : Mono.error(error));
        GroupDescription described;
        do {
            described = asking.block(PATIENCE);
            if (described != null && condition.test(described)) {
                return described;
            }
            Thread.onSpinWait();
        } while (System.nanoTime() < deadline);
        throw new AssertionError("waited in vain, the group stays " + described);
    }

    private static void awaitTotal(int total, TestMember... members) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (all(members).size() < total) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("only " + all(members).size() + " of " + total + " came");
            }
            Thread.onSpinWait();
        }
    }

    private static int awaitOneEnds(Probe<?> first, Probe<?> second) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (first.isOpen() && second.isOpen()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("neither was handed over");
            }
            Thread.onSpinWait();
        }
        return first.isOpen() ? 1 : 0;
    }
}
