package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Position;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.facade.CommitPoint;
import io.levada.facade.JoinSpec;
import io.levada.testgate.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

/** Members at two gateways of a cluster: how many there may be, and whose partitions are whose when one of them goes. */
@Tag("long")
final class ClusterMemberTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration GRACE = Duration.ofSeconds(3);
    private static final Duration HAND_OVER = Duration.ofSeconds(2);

    /** After which brokers themselves give up a member that is not heard of; see {@link KafkaCluster}. */
    private static final Duration SESSION = Duration.ofSeconds(6);

    private static final Duration LONG = Duration.ofMinutes(1);

    @TempDir
    private static Path directory = Path.of("");

    private static KafkaCluster cluster;
    private static Levada log;

    private final String group = "g-" + UUID.randomUUID();
    private KafkaEngine here;
    private KafkaEngine there;

    @BeforeAll
    static void startCluster() {
        cluster = KafkaCluster.start(directory, 1, Map.of());
        log = Levada.open("kafka://" + cluster.bootstrap(), LevadaOptions.defaults());
    }

    @AfterAll
    static void endCluster() {
        log.close();
        cluster.close();
    }

    @BeforeEach
    void openGateways() {
        here = open(ClusterConfig.defaults().withTimes(GRACE, HAND_OVER));
        there = open(ClusterConfig.defaults().withTimes(GRACE, HAND_OVER));
    }

    @AfterEach
    void closeGateways() {
        here.close();
        there.close();
    }

    private static KafkaEngine open(ClusterConfig config) {
        return KafkaEngine.open("kafka://" + cluster.bootstrap(), config);
    }

    private static String topic(int partitions) {
        String name = "m-" + UUID.randomUUID();
        log.topics().create(TopicSpec.of(name).partitions(partitions)).block(PATIENCE);
        return name;
    }

    /** To all partitions, by their keys. */
    private static void publish(String topic, int records) {
        log.publish(topic, Flux.range(0, records).map(i -> Record.of("k" + i, "v" + i)))
                .collectList()
                .block(PATIENCE);
    }

    private JoinSpec join(String topic) {
        return new JoinSpec(group, List.of(topic), null, Position.earliest());
    }

    private static void assertCode(ErrorCode code, @Nullable LevadaException error) {
        assertEquals(code, error == null ? null : error.code(), error == null ? "nothing failed" : error.line());
    }

    // How many.

    @Test
    void a_gateway_has_so_many_members_and_room_again_as_soon_as_one_has_left() {
        String topic = topic(1);
        try (KafkaEngine small = open(ClusterConfig.defaults().withMembers(2))) {
            CompletableFuture<Owner> next = new CompletableFuture<>();
            Owner first = new Owner(small, join(topic), () -> next.complete(new Owner(small, join(topic))));
            Owner second = new Owner(small, join(topic));
            first.awaitJoined();
            second.awaitJoined();
            LevadaException refused = new Owner(small, join(topic)).awaitError();
            assertCode(ErrorCode.GROUP_MAX_SIZE_REACHED, refused);
            new Owner(there, join(topic)).awaitJoined(); // another gateway has room
            first.session().leave();
            next.orTimeout(30, TimeUnit.SECONDS).join().awaitJoined();
            assertCode(ErrorCode.GROUP_MAX_SIZE_REACHED, new Owner(small, join(topic)).awaitError());
        }
    }

    @Test
    void one_that_could_not_join_takes_nobodys_place() {
        String topic = topic(1);
        try (KafkaEngine small = open(ClusterConfig.defaults().withMembers(1))) {
            for (int i = 0; i < 3; i++) {
                assertCode(
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                        new Owner(small, join("no-" + UUID.randomUUID())).awaitError());
            }
            new Owner(small, join(topic)).awaitJoined();
        }
    }

    // Connections that break.

    @Test
    void a_member_whose_connection_broke_gets_its_partitions_back_from_the_groups_commits_on() {
        String topic = topic(2);
        Owner before = new Owner(here, join(topic));
        JoinSpec.Rejoin who = before.awaitJoined();
        List<Integer> handles = before.awaitAssigned(2);
        publish(topic, 100);
        int one = handles.get(0);
        before.awaitRead(one, 3);
        assertNull(before.commit(one, 3));
        before.session().abort();
        Owner after = new Owner(here, join(topic).rejoining(who));
        after.awaitHeard("rejoined with " + handles);
        assertEquals(handles, after.awaitAssigned(2));
        assertEquals(3, after.start(one));
        assertEquals(0, after.start(handles.get(1)));
        assertEquals(3, after.awaitRead(one, 4).get(0));
        assertNull(after.commit(one, 5));
        assertCode(ErrorCode.FENCED_MEMBER_EPOCH, before.commit(one, 6));
        assertEquals(5, committed(before.partition(one).partition(), topic));
    }

    @Test
    void nobody_else_and_nowhere_else_takes_a_member_over() {
        String topic = topic(1);
        Owner before = new Owner(here, join(topic));
        JoinSpec.Rejoin who = before.awaitJoined();
        before.awaitAssigned(1);
        JoinSpec.Rejoin guessed = new JoinSpec.Rejoin(who.member(), who.secret() + 1);
        assertCode(ErrorCode.UNKNOWN_MEMBER_ID, new Owner(here, join(topic).rejoining(guessed)).awaitError());
        assertCode(ErrorCode.UNKNOWN_MEMBER_ID, new Owner(there, join(topic).rejoining(who)).awaitError());
        JoinSpec other = new JoinSpec(group + "-other", List.of(topic), null, Position.earliest());
        assertCode(ErrorCode.UNKNOWN_MEMBER_ID, new Owner(here, other.rejoining(who)).awaitError());
        assertFalse(before.hasHeard("error"));
        before.session().abort();
        Owner after = new Owner(here, join(topic).rejoining(who));
        after.awaitHeard("rejoined");
        after.awaitAssigned(1);
    }

    @Test
    void after_the_grace_another_gateways_member_goes_on_behind_the_last_commit_that_was_answered() {
        String topic = topic(1);
        publish(topic, 6);
        Owner before = new Owner(here, join(topic));
        JoinSpec.Rejoin who = before.awaitJoined();
        int handle = before.awaitAssigned(1).get(0);
        before.awaitRead(handle, 5);
        assertNull(before.commit(handle, 2));
        assertNull(before.commit(handle, 4));
        Owner other = new Owner(there, join(topic));
        other.awaitHeard("idle"); // the partition is the first one's while that is there
        long since = System.nanoTime();
        before.session().abort();
        int next = other.awaitAssigned(1).get(0);
        Duration took = Duration.ofNanos(other.assignedAtNanos() - since);
        assertTrue(took.compareTo(GRACE) >= 0, "after " + took);
        assertTrue(took.compareTo(GRACE.plus(SESSION)) < 0, "after " + took);
        assertEquals(4, other.start(next));
        assertEquals(List.of(4L, 5L), other.awaitRead(next, 5));
        assertCode(ErrorCode.UNKNOWN_MEMBER_ID, new Owner(here, join(topic).rejoining(who)).awaitError());
        assertNull(other.commit(next, 6));
        assertEquals(6, committed(0, topic));
    }

    @Test
    void one_that_is_gone_before_it_has_joined_keeps_no_partition() {
        String topic = topic(1);
        new Owner(here, join(topic)).session().abort();
        Owner brief = new Owner(here, join(topic));
        brief.session().leave();
        brief.awaitHeard("left");
        new Owner(there, join(topic)).awaitAssigned(1);
    }

    // Partitions that go.

    @Test
    void what_was_handed_over_is_committed_by_its_new_owner_alone() {
        String topic = topic(2);
        Owner first = new Owner(here, join(topic));
        List<Integer> handles = first.awaitAssigned(2);
        publish(topic, 100);
        first.awaitRead(handles.get(0), 5);
        first.awaitRead(handles.get(1), 5);
        Owner second = new Owner(there, join(topic));
        int going = first.awaitRevoking();
        int staying = going == handles.get(0) ? handles.get(1) : handles.get(0);
        assertNull(first.commit(going, 3)); // what it has read may be committed until it answers
        first.session().revoked(going);
        int gone = second.awaitAssigned(1).get(0);
        assertEquals(first.partition(going), second.partition(gone));
        assertEquals(3, second.start(gone));
        assertNull(second.commit(gone, 4));
        assertCode(ErrorCode.FENCED_MEMBER_EPOCH, first.commit(going, 5));
        assertCode(
                ErrorCode.FENCED_MEMBER_EPOCH,
                first.commit(Map.of(going, CommitPoint.at(5), staying, CommitPoint.at(5))));
        assertEquals(4, committed(first.partition(going).partition(), topic));
        assertEquals(0, committed(first.partition(staying).partition(), topic)); // all or none
        assertNull(first.commit(staying, 5));
        assertEquals(5, committed(first.partition(staying).partition(), topic));
    }

    /** As members do it: a partition is given back when no commit is under way. Each task wakes the member's consumer up. */
    @Test
    void a_commit_that_is_tried_again_holds_up_no_hand_over() throws InterruptedException {
        String topic = topic(2);
        Owner first = new Owner(here, join(topic));
        first.awaitAssigned(2);
        AtomicBoolean over = new AtomicBoolean();
        Thread committing = new Thread(() -> {
            while (!over.get()) {
                first.awaitAssigned(0).forEach(handle -> first.commit(handle, 0));
                first.revoking().forEach(first.session()::revoked);
            }
        });
        Thread waking = new Thread(() -> {
            while (!over.get()) {
                first.session().revoked(-1);
                LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
            }
        });
        committing.start();
        waking.start();
        for (int round = 1; round <= 5; round++) {
            Owner second = new Owner(there, join(topic));
            second.awaitAssigned(1);
            second.session().leave();
            first.awaitAssigned(2 + round);
        }
        over.set(true);
        committing.join();
        waking.join();
        assertFalse(first.hasHeard("lost"));
    }

    @Test
    void one_that_does_not_hand_over_loses_the_partition() {
        String topic = topic(2);
        publish(topic, 100);
        Owner first = new Owner(here, join(topic));
        List<Integer> handles = first.awaitAssigned(2);
        first.awaitRead(handles.get(0), 5);
        first.awaitRead(handles.get(1), 5);
        Owner second = new Owner(there, join(topic));
        int going = first.awaitRevoking();
        assertNull(first.commit(going, 2));
        first.awaitHeard("lost " + going);
        int gone = second.awaitAssigned(1).get(0);
        assertEquals(2, second.start(gone));
        assertEquals(2, second.awaitRead(gone, 5).get(0));
        assertCode(ErrorCode.FENCED_MEMBER_EPOCH, first.commit(going, 3));
        assertFalse(first.hasHeard("error"));
    }

    @Test
    void a_gateway_that_closes_hands_over_at_once() {
        String topic = topic(1);
        publish(topic, 6);
        KafkaEngine closing = open(ClusterConfig.defaults().withTimes(LONG, LONG));
        Owner first = new Owner(closing, join(topic));
        int handle = first.awaitAssigned(1).get(0);
        first.awaitRead(handle, 5);
        assertNull(first.commit(handle, 3));
        Owner elsewhere = new Owner(closing, new JoinSpec(group + "-other", List.of(topic), null, Position.earliest()));
        elsewhere.awaitAssigned(1);
        Owner second = new Owner(there, join(topic));
        second.awaitHeard("idle");
        long since = System.nanoTime();
        closing.close();
        assertCode(ErrorCode.GOING_AWAY, first.awaitError());
        assertCode(ErrorCode.GOING_AWAY, elsewhere.awaitError());
        int next = second.awaitAssigned(1).get(0);
        Duration took = Duration.ofNanos(second.assignedAtNanos() - since);
        assertTrue(took.compareTo(LONG.dividedBy(2)) < 0, "after " + took);
        assertEquals(3, second.start(next));
        assertEquals(List.of(3L, 4L, 5L), second.awaitRead(next, 5));
    }

    private long committed(int partition, String topic) {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
            OffsetAndMetadata place = admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .get(new TopicPartition(topic, partition));
            return place == null ? -1 : place.offset();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
