package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicSpec;
import io.levada.env.MemoryDisk;
import io.levada.facade.JoinSpec;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Members that leave records untaken, with and without a limit to it, in virtual time. */
class GroupStallTest {
    private static final Duration LIMIT = Duration.ofSeconds(8);

    private final VirtualTime time = new VirtualTime(7);
    private final EmbeddedEngine engine = EmbeddedEngine.open(time.env(new MemoryDisk()), EngineConfig.memory());
    private final TestWriter writer;

    GroupStallTest() {
        time.await(engine.topics().create(TopicSpec.of("t").partitions(2)).toFuture());
        writer = TestWriter.open(engine, time, "t");
    }

    @AfterEach
    void close() {
        engine.close();
        time.close();
    }

    private TestMember join(String name, @Nullable Duration maxStall, long records) {
        JoinSpec spec = new JoinSpec("g", List.of("t"), name, Position.earliest()).withMaxStall(maxStall);
        TestMember member = new TestMember(engine::join, spec, records);
        time.advanceMs(1);
        return member;
    }

    /** Each as its session and its reader were told, alike. */
    private static List<String> errors(TestMember member) {
        return member.heard("error").stream().distinct().toList();
    }

    @Test
    void who_takes_nothing_is_out_after_its_limit_and_others_go_on() {
        TestMember stalling = join("a", LIMIT, 3);
        TestMember other = join("b", LIMIT, Long.MAX_VALUE);
        writer.publish(0, 5);
        writer.publish(1, 5);
        time.advanceMs(LIMIT.toMillis());
        assertEquals(List.of(), errors(stalling));
        assertEquals(3, stalling.reads.size());

        time.advanceMs(LIMIT.toMillis() / 4);
        assertEquals(List.of("error MEMBER_STALLED"), errors(stalling));
        assertEquals(List.of(), errors(other));
        assertEquals(10, other.reads.size(), "all of one partition, and of the other what was not committed");
    }

    @Test
    void control_without_a_limit_it_keeps_its_partitions() {
        TestMember stalling = join("a", null, 0);
        TestMember other = join("b", null, Long.MAX_VALUE);
        writer.publish(0, 5);
        time.advanceMs(3_600_000);
        assertEquals(List.of(), errors(stalling));
        assertEquals(0, other.reads.size());
    }

    @Test
    void who_has_nothing_to_take_or_takes_little_stays() {
        TestMember idle = join("a", LIMIT, 0);
        time.advanceMs(60_000);
        assertEquals(List.of(), errors(idle));

        writer.publish(0, 20);
        for (int i = 0; i < 20; i++) {
            time.advanceMs(LIMIT.toMillis() - 1_000);
            idle.take(1);
        }
        time.advanceMs(60_000);
        assertEquals(20, idle.reads.size());
        assertEquals(List.of(), errors(idle));
    }

    @Test
    void what_was_taken_is_work_under_way_however_long_it_takes_and_over_connections_too() {
        TestMember slow = join("a", LIMIT, Long.MAX_VALUE);
        writer.publish(0, 5);
        time.advanceMs(60_000);
        assertEquals(5, slow.reads.size());
        assertEquals(List.of(), errors(slow));

        TestMember back = slow.resumed(engine::join);
        time.advanceMs(60_000);
        assertEquals(List.of("assigned t-0 from 0", "assigned t-1 from 0"), back.heard("assigned"));
        assertEquals(0, back.reads.size(), "it has them all");
        assertEquals(List.of(), errors(back));
    }

    @Test
    void a_partition_that_is_asked_back_is_not_waited_for() {
        TestMember stubborn = join("a", Duration.ofSeconds(2), 0);
        stubborn.obedient = false;
        TestMember other = join("b", LIMIT, Long.MAX_VALUE);
        int going = stubborn.heard("revoking t-0").isEmpty() ? 1 : 0;
        assertEquals(1, stubborn.heard("revoking t-" + going).size());
        writer.publish(going, 5);
        time.advanceMs(60_000);
        assertEquals(1, stubborn.heard("lost t-" + going).size());
        assertEquals(List.of(), errors(stubborn));
        assertEquals(5, other.reads.size());
    }

    @Test
    void a_limit_that_cannot_be_kept_is_refused_of_one_that_comes_back_too() {
        TestMember member = join("a", null, 1);
        for (Duration wrong : List.of(Duration.ZERO, Duration.ofMillis(999), Duration.ofMillis(Long.MAX_VALUE))) {
            assertRefused(new JoinSpec("g", List.of("t"), "b", Position.earliest()).withMaxStall(wrong));
            assertRefused(member.specToComeBack().withMaxStall(wrong));
        }
    }

    private void assertRefused(JoinSpec spec) {
        LevadaException refused = assertThrows(LevadaException.class, () -> new TestMember(engine::join, spec, 1));
        assertEquals(ErrorCode.INVALID_REQUEST, refused.code(), refused.line());
    }
}
