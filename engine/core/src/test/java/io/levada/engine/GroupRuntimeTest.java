package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.GroupDescription.GroupOffset;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.env.MemoryDisk;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Groups of a whole engine, on a disk in memory and in virtual time. */
class GroupRuntimeTest {
    private final VirtualTime time = new VirtualTime(7);
    private final MemoryDisk disk = new MemoryDisk();
    private EmbeddedEngine engine = EmbeddedEngine.open(time.env(disk), EngineConfig.memory());

    @AfterEach
    void close() {
        engine.close();
        time.close();
    }

    private <T> T get(Mono<T> mono) {
        return time.await(mono.toFuture());
    }

    private void topic(String name, int partitions) {
        get(engine.topics().create(TopicSpec.of(name).partitions(partitions)));
    }

    private TestWriter writer(String topic) {
        return TestWriter.open(engine, time, topic);
    }

    private TestMember join(String name) {
        return new TestMember(engine::join, "g", name, Position.earliest(), "t");
    }

    private GroupDescription group() {
        return get(engine.groups().describe("g"));
    }

    private static Set<TestMember.Read> distinct(TestMember... members) {
        Set<TestMember.Read> all = new HashSet<>();
        Stream.of(members).forEach(member -> all.addAll(member.reads));
        return all;
    }

    @Test
    void partitions_move_while_records_flow_and_each_record_is_read_once() {
        topic("t", 4);
        TestWriter writer = writer("t");
        TestMember a = join("a");
        List<TestMember> members = new ArrayList<>(List.of(a));
        for (int round = 0; round < 12; round++) {
            for (int partition = 0; partition < 4; partition++) {
                writer.publish(partition, 5);
            }
            if (round == 2 || round == 4) {
                members.add(join("m" + round));
            } else if (round == 8) {
                members.get(1).leave();
            }
            time.advanceMs(1);
        }
        time.advanceMs(100);
        TestMember[] all = members.toArray(TestMember[]::new);
        assertEquals(240, distinct(all).size());
        assertEquals(
                240, members.stream().mapToInt(member -> member.reads.size()).sum(), "duplicates");
        members.forEach(member -> assertEquals(List.of(), member.heard("OUT OF ORDER")));
        assertEquals(2, group().members().size());
        assertEquals("Stable", group().state());
        group().members().forEach(member -> assertEquals(2, member.partitions().size()));
    }

    @Test
    void a_member_is_back_before_its_loss_is_noticed_and_nothing_moves() {
        topic("t", 2);
        TestWriter writer = writer("t");
        TestMember a = join("a");
        writer.publish(0, 5);
        time.await(() -> a.reads.size() == 5);
        a.commit();
        time.advanceMs(1);
        TestMember b = a.back(engine::join);
        time.await(() -> !b.heard("rejoined").isEmpty());
        assertEquals(List.of("rejoined 1 with [1, 2]"), b.heard("rejoined"));
        assertEquals(List.of("assigned t-0 from 5", "assigned t-1 from 0"), b.heard("assigned"));
        assertEquals("error FENCED_MEMBER_EPOCH", a.heard.get(a.heard.size() - 1));
        a.session.abort(); // what is noticed late is not held against the member
        writer.publish(1, 5);
        time.await(() -> b.reads.size() == 5);
        time.advanceMs(60_000);
        assertEquals(1, group().generation());
        assertEquals(2, group().members().get(0).partitions().size());
    }

    @Test
    void a_member_comes_back_within_its_grace_period_but_not_later() {
        topic("t", 1);
        TestMember a = join("a");
        time.await(() -> !a.heard("assigned").isEmpty());
        a.session.abort();
        time.advanceMs(9_000);
        TestMember b = a.back(engine::join);
        time.await(() -> !b.heard("rejoined").isEmpty());
        b.session.abort();
        time.advanceMs(11_000);
        TestMember late = a.back(engine::join);
        time.await(() -> !late.heard.isEmpty());
        assertEquals(List.of("error UNKNOWN_MEMBER_ID"), late.heard);
    }

    @Test
    void control_records_are_read_twice_when_a_partition_is_given_back_without_a_commit() {
        topic("t", 2);
        TestWriter writer = writer("t");
        TestMember a = join("a");
        a.careful = false;
        writer.publish(1, 5);
        time.await(() -> a.reads.size() == 5);
        TestMember b = join("b");
        time.advanceMs(100);
        assertEquals(5, distinct(a, b).size());
        assertEquals(10, a.reads.size() + b.reads.size());
    }

    @Test
    void partitions_of_a_broken_connection_wait_for_its_grace_period_and_go_on_at_the_commit() {
        topic("t", 1);
        TestWriter writer = writer("t");
        TestMember a = join("a");
        writer.publish(0, 10);
        time.await(() -> a.reads.size() == 10);
        a.commit();
        time.await(() -> !a.heard("committed").isEmpty());
        writer.publish(0, 5);
        time.await(() -> a.reads.size() == 15);
        TestMember b = join("b");
        time.advanceMs(10);
        int heard = a.heard.size();
        a.session.abort();
        time.advanceMs(9_999);
        assertEquals(List.of(), b.heard("assigned"));
        time.advanceMs(2);
        assertEquals(List.of("assigned t-0 from 10"), b.heard("assigned"));
        time.await(() -> b.reads.size() == 5);
        assertEquals(heard, a.heard.size(), "one that vanished hears nothing more");
    }

    @Test
    void member_that_does_not_answer_loses_the_partition_at_the_deadline_and_is_fenced() {
        topic("t", 2);
        TestWriter writer = writer("t");
        TestMember a = join("a");
        writer.publish(0, 3);
        writer.publish(1, 3);
        time.await(() -> a.reads.size() == 6);
        a.commit();
        time.await(() -> !a.heard("committed").isEmpty());
        a.obedient = false;
        TestMember b = join("b");
        time.advanceMs(9_000);
        assertEquals(List.of("revoking t-1 within 10000"), a.heard("revoking"));
        assertEquals(List.of(), b.heard("assigned"));
        writer.publish(1, 1);
        time.advanceMs(1_100);
        assertEquals(List.of("lost t-1"), a.heard("lost"));
        assertEquals(List.of("end t-1 FENCED_MEMBER_EPOCH"), a.heard("end"));
        assertEquals(List.of("assigned t-1 from 3"), b.heard("assigned"));
        a.commit(Map.of(2, 4L), () -> {});
        time.advanceMs(10);
        assertEquals(List.of("commit FENCED_MEMBER_EPOCH"), a.heard("commit "));
        assertEquals(3, group().offsets().get(1).committed());
        assertEquals(1, b.reads.size());
    }

    @Test
    void member_without_a_partition_is_told_so_and_is_first_in_line() {
        topic("t", 1);
        TestMember a = join("a");
        time.advanceMs(10);
        TestMember b = join("b");
        time.advanceMs(10);
        assertEquals(1, b.heard("idle").size());
        assertEquals(
                List.of(false, true),
                group().members().stream().map(member -> member.idle()).toList());
        a.leave();
        time.advanceMs(10);
        assertEquals(List.of("left"), a.heard("left"));
        assertEquals(List.of("assigned t-0 from 0"), b.heard("assigned"));
    }

    @Test
    void restart_keeps_commits_and_the_generation_grows_on() {
        topic("t", 2);
        TestWriter writer = writer("t");
        TestMember a = join("a");
        writer.publish(0, 4);
        time.await(() -> a.reads.size() == 4);
        a.commit();
        time.await(() -> !a.heard("committed").isEmpty());
        long before = group().generation();
        engine.close();
        assertTrue(a.heard.contains("error GOING_AWAY"), a.heard.toString());
        engine = EmbeddedEngine.open(time.env(disk), EngineConfig.memory());
        assertEquals("Empty", group().state());
        assertEquals(
                List.of(4L, 0L),
                group().offsets().stream().map(GroupOffset::committed).toList());
        TestMember b = join("b");
        time.advanceMs(10);
        assertTrue(group().generation() > before);
        assertEquals(List.of("assigned t-0 from 4", "assigned t-1 from 0"), b.heard("assigned"));
    }

    @Test
    void start_at_the_latest_is_found_once_for_the_group() {
        topic("t", 1);
        TestWriter writer = writer("t");
        writer.publish(0, 3);
        time.advanceMs(10);
        TestMember a = new TestMember(engine::join, "g", "a", Position.latest(), "t");
        time.advanceMs(10);
        assertEquals(List.of("assigned t-0 from 3"), a.heard("assigned"));
        writer.publish(0, 2);
        a.session.abort(); // read or not, nothing was committed
        TestMember b = new TestMember(engine::join, "g", "b", Position.latest(), "t");
        time.advanceMs(11_000);
        assertEquals(List.of("assigned t-0 from 3"), b.heard("assigned"));
        assertEquals(2, b.reads.size());
    }

    @Test
    void commit_is_answered_with_its_error_and_changes_nothing() {
        topic("t", 1);
        TestWriter writer = writer("t");
        TestMember a = join("a");
        writer.publish(0, 3);
        time.await(() -> a.reads.size() == 3);
        a.commit(Map.of(1, 4L), () -> {});
        a.commit(Map.of(1, 2L), () -> {});
        a.commit(Map.of(1, 1L), () -> {});
        time.advanceMs(10);
        assertEquals(List.of("commit OFFSET_OUT_OF_RANGE", "committed", "commit INVALID_REQUEST"), a.heard("commit"));
        assertEquals(2, group().offsets().get(0).committed());
    }

    @Test
    void description_says_lag_in_records_and_in_time() {
        topic("t", 2);
        TestWriter writer = writer("t");
        TestMember a = join("a");
        writer.publish(0, 3);
        time.await(() -> a.reads.size() == 3);
        a.commit(Map.of(1, 1L), () -> {});
        time.advanceMs(2_500);
        GroupDescription group = group();
        assertEquals("Stable", group.state());
        assertEquals(
                List.of(new TopicPartition("t", 0), new TopicPartition("t", 1)),
                group.members().get(0).partitions());
        GroupOffset first = group.offsets().get(0);
        assertEquals(1, first.committed());
        assertEquals(3, first.end());
        assertEquals(2, first.lag());
        assertTrue(first.lagMs() >= 2_500 && first.lagMs() < 3_000, "lag is " + first.lagMs());
        assertEquals(new GroupOffset("t", 1, 0, 0, 0, 0), group.offsets().get(1));
    }

    @Test
    void groups_are_listed_and_deleted_when_they_are_empty() {
        topic("t", 1);
        TestMember a = join("a");
        time.advanceMs(10);
        assertEquals(List.of("g"), get(engine.groups().list().collectList()));
        assertEquals(ErrorCode.NON_EMPTY_GROUP, refused(engine.groups().delete("g")));
        a.leave();
        time.advanceMs(10);
        time.await(engine.groups().delete("g").toFuture());
        assertEquals(List.of(), get(engine.groups().list().collectList()));
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, refused(engine.groups().describe("g")));
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, refused(engine.groups().delete("g")));
    }

    private ErrorCode refused(Mono<?> mono) {
        RuntimeException error = assertThrows(RuntimeException.class, () -> time.await(mono.toFuture()));
        return LevadaException.of(error.getCause() == null ? error : error.getCause())
                .code();
    }

    @Test
    void joining_fails_with_the_reason() {
        topic("t", 1);
        writer("t").publish(0, 1);
        time.advanceMs(10);
        TestMember unknown = new TestMember(engine::join, "g", "a", Position.earliest(), "u");
        TestMember internal = new TestMember(engine::join, "g", "a", Position.earliest(), "__groups");
        TestMember badGroup = new TestMember(engine::join, "g g", "a", Position.earliest(), "t");
        TestMember badName = new TestMember(engine::join, "g", "a a", Position.earliest(), "t");
        TestMember beyond = new TestMember(engine::join, "g", "a", Position.offset(99), "t");
        time.advanceMs(10);
        assertTrue(unknown.heard.contains("error UNKNOWN_TOPIC_OR_PARTITION"), unknown.heard.toString());
        assertTrue(internal.heard.contains("error UNKNOWN_TOPIC_OR_PARTITION"), internal.heard.toString());
        assertTrue(badGroup.heard.contains("error INVALID_GROUP_ID"), badGroup.heard.toString());
        assertTrue(badName.heard.contains("error INVALID_REQUEST"), badName.heard.toString());
        assertTrue(beyond.heard.contains("error OFFSET_OUT_OF_RANGE"), beyond.heard.toString());
        assertEquals("Empty", group().state());
    }

    @Test
    void deleted_topic_is_lost_and_one_made_anew_starts_anew() {
        topic("t", 1);
        writer("t").publish(0, 5);
        TestMember a = join("a");
        time.await(() -> a.reads.size() == 5);
        a.commit();
        time.advanceMs(10);
        time.await(engine.topics().delete("t").toFuture());
        time.advanceMs(10);
        assertEquals(List.of("lost t-0"), a.heard("lost"));
        assertEquals(1, a.heard("idle").size());
        topic("t", 1);
        time.advanceMs(10);
        assertEquals(List.of("assigned t-0 from 0", "assigned t-0 from 0"), a.heard("assigned"));
    }

    @Test
    void reader_of_a_partition_that_is_not_owned_is_fenced() {
        topic("t", 1);
        TestMember a = join("a");
        time.advanceMs(10);
        TestMember b = join("b");
        time.advanceMs(10);
        b.session.read(b).add(1, 0);
        time.advanceMs(10);
        assertEquals(List.of("end null FENCED_MEMBER_EPOCH"), b.heard("end"));
        assertEquals(List.of(), a.heard("end"));
    }
}
