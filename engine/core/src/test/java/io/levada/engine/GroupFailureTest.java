package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.GroupDescription.GroupOffset;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.delivery.Delivery;
import io.levada.delivery.DeliveryLimits;
import io.levada.delivery.Positions;
import io.levada.env.Env;
import io.levada.env.MemoryDisk;
import io.levada.groups.GroupConfig;
import io.levada.groups.GroupEvent;
import io.levada.log.LogConfig;
import io.levada.log.LogStore;
import io.levada.protocol.Limits;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Groups whose events cannot be written for a while, or whose process dies. */
class GroupFailureTest {
    private final VirtualTime time = new VirtualTime(11);
    private final Env env = time.env(new MemoryDisk());
    private final LogStore store = LogStore.open(env, LogConfig.memory());
    private final Delivery delivery = new Delivery(time, time, DeliveryLimits.defaults(), Limits.DEFAULT);
    private final TopicRegistry topics = new TopicRegistry(delivery);
    private final Host host = new Host();
    private Flaky log;
    private GroupRuntime groups;

    GroupFailureTest() {
        topics.serve(store.createTopic("t", 2, Map.of()));
        topics.serve(store.createTopic(GroupTopic.NAME, 1, Map.of()));
        log = new Flaky();
        groups = start(log);
    }

    @AfterEach
    void close() {
        time.await(groups.close());
        time.await(delivery.close());
        store.close();
        time.close();
    }

    private GroupRuntime start(GroupLog events) {
        return new GroupRuntime(host, GroupConfig.defaults(), topics.all(), () -> events);
    }

    private final class Host implements GroupHost {
        private final Positions positions = new Positions(store.logId());

        @Override
        public Env env() {
            return env;
        }

        @Override
        public Delivery delivery() {
            return delivery;
        }

        @Override
        public @Nullable OpenTopic topic(String name) {
            return topics.find(name);
        }

        @Override
        public OpenTopic internalTopic(String name, int partitions) {
            return topics.require(name);
        }

        @Override
        public CompletionStage<Long> offsetOf(OpenTopic topic, int partition, Position position) {
            return positions.offsetOf(topic, partition, position);
        }

        @Override
        public CompletionStage<SortedMap<Integer, Long>> offsetsOf(
                OpenTopic topic, @Nullable Integer only, Position position) {
            return positions.offsetsOf(topic, only, position);
        }
    }

    /** The real log of events, with failures. */
    private final class Flaky implements GroupLog {
        private final GroupLog real = new GroupTopic(
                topics.require(GroupTopic.NAME).partitions().get(0).log(), time);
        private @Nullable LevadaException failure;
        private boolean dead;

        @Override
        public void replay(Consumer<GroupEvent> replayed) {
            if (failure != null) {
                throw failure;
            }
            real.replay(replayed);
        }

        @Override
        public void append(List<GroupEvent> events, Consumer<@Nullable LevadaException> done) {
            if (failure != null) {
                done.accept(failure);
            } else if (!dead) {
                real.append(events, done);
            }
        }
    }

    private TestMember join(String name) {
        return new TestMember(groups::join, "g", name, Position.earliest(), "t");
    }

    private List<Long> commits() {
        return time.await(groups.admin().describe("g").toFuture()).offsets().stream()
                .map(GroupOffset::committed)
                .toList();
    }

    private static LevadaException full() {
        return new LevadaException(ErrorCode.STORAGE_FULL, "no space left");
    }

    @Test
    void commands_fail_while_nothing_can_be_written_and_what_was_durable_stands() {
        TestMember a = join("a");
        time.advanceMs(10);
        log.failure = full();
        TestMember b = join("b");
        time.advanceMs(10);
        a.commit();
        time.advanceMs(10);
        assertEquals(List.of("commit STORAGE_FULL"), a.heard("commit"));
        assertTrue(b.heard.contains("error STORAGE_FULL"), b.heard.toString());
        CompletableFuture<?> described = groups.admin().describe("g").toFuture();
        time.advanceMs(5_000);
        assertTrue(described.isCompletedExceptionally());
        log.failure = null;
        time.advanceMs(2_000);
        assertEquals(List.of(0L, 0L), commits());
        TestMember c = join("c");
        time.advanceMs(100);
        assertEquals(List.of("revoking t-1 within 10000"), a.heard("revoking"));
        assertEquals(List.of("assigned t-1 from 0"), c.heard("assigned"));
        assertEquals(List.of(), a.heard("error"));
    }

    @Test
    void what_members_said_meanwhile_is_made_good_when_events_can_be_written() {
        TestMember a = join("a");
        time.advanceMs(10);
        a.obedient = false;
        TestMember b = join("b");
        time.advanceMs(10);
        log.failure = full();
        a.session.revoked(2);
        time.advanceMs(500);
        assertEquals(List.of(), b.heard("assigned"));
        log.failure = null;
        time.advanceMs(1_000);
        assertEquals(List.of("assigned t-1 from 0"), b.heard("assigned"));
        assertEquals(List.of(), a.heard("lost"));
        log.failure = full();
        b.session.abort();
        a.session.leave();
        time.advanceMs(500);
        assertTrue(a.heard.contains("error STORAGE_FULL"), a.heard.toString());
        log.failure = null;
        time.advanceMs(12_000);
        TestMember c = join("c");
        time.advanceMs(100);
        assertEquals(List.of("assigned t-0 from 0", "assigned t-1 from 0"), c.heard("assigned"));
    }

    @Test
    void start_that_could_not_be_written_is_found_again() {
        log.failure = full();
        TestMember early = join("early");
        time.advanceMs(10);
        assertTrue(early.heard.contains("error STORAGE_FULL"), early.heard.toString());
        log.failure = null;
        time.advanceMs(1_000);
        TestMember a = join("a");
        time.await(() -> !a.heard("joined").isEmpty());
        log.failure = full(); // between joining and what follows of it
        time.advanceMs(500);
        assertEquals(List.of(), a.heard("assigned"));
        log.failure = null;
        time.advanceMs(2_000);
        assertEquals(List.of("assigned t-0 from 0", "assigned t-1 from 0"), a.heard("assigned"));
    }

    @Test
    void members_of_a_process_that_died_keep_their_place_for_the_grace_period() {
        TestMember a = join("a");
        time.advanceMs(10);
        log.dead = true;
        a.commit(Map.of(1, 0L), () -> {});
        log = new Flaky();
        groups = start(log);
        TestMember b = join("b");
        time.advanceMs(9_999);
        assertEquals(1, b.heard("idle").size());
        assertTrue(
                b.heard("idle").get(0).contains("connection broke"),
                b.heard("idle").toString());
        assertEquals(List.of(), b.heard("assigned"));
        time.advanceMs(100);
        assertEquals(List.of("assigned t-0 from 0", "assigned t-1 from 0"), b.heard("assigned"));
        assertEquals(
                List.of(new TopicPartition("t", 0), new TopicPartition("t", 1)),
                time.await(groups.admin().describe("g").toFuture())
                        .members()
                        .get(0)
                        .partitions());
    }
}
