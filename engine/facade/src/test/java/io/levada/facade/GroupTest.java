package io.levada.facade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.testgate.TestGate;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;
import reactor.test.subscriber.TestSubscriber;

class GroupTest {
    private static final TopicPartition T0 = new TopicPartition("t", 0);
    private static final TopicPartition T1 = new TopicPartition("t", 1);

    private final FakeEngine engine = new FakeEngine();
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final List<MemberEvent> events = new ArrayList<>();
    private final List<TestSubscriber<?>> open = new ArrayList<>();
    private final EngineLevada levada = new EngineLevada(
            "fake:",
            engine,
            LevadaOptions.defaults().withCallbacks(Schedulers.immediate()),
            time,
            InstantSource.system());

    @AfterEach
    void cancel_what_is_open() {
        open.forEach(TestSubscriber::cancel);
        time.dispose();
    }

    @Test
    void joins_as_asked() {
        TestSubscriber<Delivery> deliveries = TestSubscriber.create();
        MemberOptions member = MemberOptions.defaults().withMemberName("m").withFrom(Position.latest());
        levada.group("g").receive(List.of("t", "u"), member).subscribe(deliveries);
        open.add(deliveries);

        assertEquals(new JoinSpec("g", List.of("t", "u"), "m", Position.latest()), engine.session().spec);
    }

    @Test
    void tells_events_in_order() {
        receive(10);
        MemberSink sink = engine.session().sink;
        sink.onJoined("m-1", 7, 4);
        sink.onIdle("1 partition, 2 members");
        sink.onAssigned(1, T0, 5, 0);
        sink.onRevoking(1, 10_000);

        assertEquals(new MemberEvent.Joined("m-1", 4), events.get(0));
        assertEquals(new MemberEvent.Idle("1 partition, 2 members"), events.get(1));
        assertEquals(T0, ((MemberEvent.Revoking) events.get(2)).topicPartition());
        assertEquals(new MemberEvent.Revoked(T0), events.get(3));
    }

    @Test
    void a_listener_that_throws_hears_the_next_event_all_the_same() {
        TestSubscriber<Delivery> deliveries = TestSubscriber.create();
        levada.group("g")
                .receive(List.of("t"), MemberOptions.defaults().withOnEvent(event -> {
                    events.add(event);
                    throw new IllegalStateException("a listener that throws");
                }))
                .subscribe(deliveries);
        open.add(deliveries);
        engine.session().sink.onJoined("m", 7, 1);
        engine.session().sink.onIdle("why");

        assertEquals(2, events.size());
        assertEquals(2, TestGate.expectError("a listener that throws"));
    }

    @Test
    void receives_all_partitions_through_one_credit() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 7);
        assigned(2, T1, 0);
        FakeEngine.Reader reader = engine.session().reader();

        assertEquals(1, engine.session().readers.size());
        assertEquals(Map.of(1, 7L, 2, 0L), reader.added);
        assertEquals(3, reader.records.get());
        reader.send(1, 7, "a");
        reader.send(2, 0, "b", "c");
        assertEquals(List.of("t-0@7", "t-1@0", "t-1@1"), places(deliveries));
        assertEquals(0, reader.records.get());
    }

    @Test
    void commits_a_second_after_an_ack_what_is_acknowledged_without_a_gap() {
        TestSubscriber<Delivery> deliveries = receive(10);
        assigned(1, T0, 0);
        engine.session().reader().send(1, 0, "a", "b", "c");
        ack(deliveries, 0);
        ack(deliveries, 2);

        assertEquals(0, engine.session().commits.size());
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertEquals(Map.of(1, 1L), lastCommit().offsets);
        lastCommit().done();
        ack(deliveries, 1);
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertEquals(Map.of(1, 3L), lastCommit().offsets);
        lastCommit().done();
        time.advanceTimeBy(Duration.ofSeconds(10));
        assertEquals(2, engine.session().commits.size());
    }

    @Test
    void a_gap_fails_the_deliveries_once_and_is_committed_over() {
        TestSubscriber<Delivery> deliveries = receive(10);
        assigned(1, T0, 0);
        engine.session().reader().send(1, 0, "a");
        ack(deliveries, 0);
        engine.session().reader().sink.onGap(1, 1, 9);

        String message = String.valueOf(deliveries.expectTerminalError().getMessage());
        assertTrue(message.contains("offsets 1 to 8") && message.contains("offset:9"), message);
        assertEquals(Map.of(1, 9L), lastCommit().offsets);
    }

    @Test
    void goes_on_ticking_after_a_tick_with_nothing_to_commit() {
        TestSubscriber<Delivery> deliveries = receive(10);
        assigned(1, T0, 0);
        engine.session().reader().send(1, 0, "a", "b");
        ack(deliveries, 1); // a gap before it
        time.advanceTimeBy(Duration.ofSeconds(5));
        assertEquals(0, engine.session().commits.size());

        ack(deliveries, 0);
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertEquals(Map.of(1, 2L), lastCommit().offsets);
    }

    @Test
    void commits_a_thousand_acks_without_waiting_but_not_more_often_than_it_should() {
        TestSubscriber<Delivery> deliveries = receive(Long.MAX_VALUE);
        assigned(1, T0, 0);
        String[] values = new String[2_500];
        java.util.Arrays.fill(values, "v");
        engine.session().reader().send(1, 0, values);
        for (int i = 0; i < 999; i++) {
            ack(deliveries, i);
        }
        assertEquals(0, engine.session().commits.size());
        ack(deliveries, 999);
        assertEquals(Map.of(1, 1_000L), lastCommit().offsets);
        lastCommit().done();
        for (int i = 1_000; i < 2_200; i++) {
            ack(deliveries, i);
        }
        time.advanceTimeBy(Membership.COMMIT_PAUSE.minusMillis(1));
        assertEquals(1, engine.session().commits.size());
        time.advanceTimeBy(Duration.ofMillis(1));
        assertEquals(Map.of(1, 2_200L), lastCommit().offsets);
    }

    @Test
    void has_one_commit_under_way_at_a_time() {
        TestSubscriber<Delivery> deliveries = receive(10);
        assigned(1, T0, 0);
        engine.session().reader().send(1, 0, "a", "b");
        ack(deliveries, 0);
        time.advanceTimeBy(Duration.ofSeconds(1));
        ack(deliveries, 1);
        time.advanceTimeBy(Duration.ofSeconds(5));

        assertEquals(1, engine.session().commits.size());
        lastCommit().done();
        assertEquals(Map.of(1, 2L), lastCommit().offsets);
    }

    @Test
    void tries_a_commit_again_that_may_succeed_later() {
        TestSubscriber<Delivery> deliveries = receive(10);
        assigned(1, T0, 0);
        engine.session().reader().send(1, 0, "a");
        ack(deliveries, 0);
        time.advanceTimeBy(Duration.ofSeconds(1));
        lastCommit().fail(new LevadaException(ErrorCode.STORAGE_FULL, "full"));

        assertEquals(1, engine.session().commits.size());
        time.advanceTimeBy(Membership.COMMIT_RETRY);
        assertEquals(2, engine.session().commits.size());
        assertEquals(Map.of(1, 1L), lastCommit().offsets);
    }

    @Test
    void finds_the_partition_whose_commit_is_refused_and_commits_the_others() {
        TestSubscriber<Delivery> deliveries = receive(10);
        assigned(1, T0, 0);
        assigned(2, T1, 0);
        engine.session().reader().send(1, 0, "a");
        engine.session().reader().send(2, 0, "b");
        ack(deliveries, 0);
        ack(deliveries, 1);
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertEquals(2, lastCommit().offsets.size());
        LevadaException fenced = new LevadaException(ErrorCode.FENCED_MEMBER_EPOCH, "fenced");
        lastCommit().fail(fenced);
        assertEquals(Map.of(1, 1L), lastCommit().offsets);
        lastCommit().fail(fenced);
        assertEquals(Map.of(2, 1L), lastCommit().offsets);
        lastCommit().done();

        time.advanceTimeBy(Duration.ofSeconds(10));
        assertEquals(3, engine.session().commits.size());
    }

    @Test
    void hands_a_partition_over_once_everything_delivered_is_acknowledged_and_committed() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a", "b");
        session.sink.onRevoking(1, 30_000);

        assertEquals(List.of(1), session.reader().removed);
        assertEquals(List.of(), session.revoked);
        ack(deliveries, 1);
        ack(deliveries, 0);
        assertEquals(List.of(), session.revoked);
        assertEquals(Map.of(1, 2L), lastCommit().offsets);
        lastCommit().done();
        assertEquals(List.of(1), session.revoked);
        assertFalse(deliveries.isTerminated());
    }

    @Test
    void commits_the_other_partitions_in_their_time_when_one_is_handed_over() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        assigned(2, T1, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a");
        session.reader().send(2, 0, "b");
        ack(deliveries, 0);
        ack(deliveries, 1);
        session.sink.onRevoking(1, 30_000);
        assertEquals(Map.of(1, 1L), lastCommit().offsets);
        lastCommit().done();
        assertEquals(List.of(1), session.revoked);
        assertEquals(1, session.commits.size());

        time.advanceTimeBy(Duration.ofSeconds(1));
        assertEquals(Map.of(2, 1L), lastCommit().offsets);
    }

    @Test
    void drops_what_the_user_has_not_got_when_a_partition_is_revoked_and_keeps_the_demand() {
        TestSubscriber<Delivery> deliveries = receive(2);
        assigned(1, T0, 0);
        assigned(2, T1, 0);
        FakeEngine.Session session = engine.session();
        session.sink.onRevoking(1, 30_000);
        session.reader().send(1, 0, "late", "later"); // was under way

        assertEquals(List.of(1), session.revoked);
        assertEquals(List.of(), places(deliveries));
        assertEquals(2, session.reader().records.get());
        session.reader().send(2, 0, "a", "b");
        assertEquals(List.of("t-1@0", "t-1@1"), places(deliveries));
    }

    @Test
    void hands_over_shortly_before_the_deadline_what_was_not_acknowledged() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a", "b");
        ack(deliveries, 0);
        session.sink.onRevoking(1, 10_000);
        time.advanceTimeBy(Duration.ofSeconds(1));
        lastCommit().done();
        time.advanceTimeBy(Duration.ofMillis(7_900));
        assertEquals(List.of(), session.revoked);
        time.advanceTimeBy(Duration.ofMillis(200));

        assertEquals(List.of(1), session.revoked);
        assertEquals(Map.of(1, 1L), lastCommit().offsets);
        ack(deliveries, 1); // too late, harmless
        time.advanceTimeBy(Duration.ofSeconds(10));
        assertEquals(1, session.commits.size());
    }

    @Test
    void goes_on_from_where_the_group_was_moved_to_and_what_it_had_counts_no_more() {
        TestSubscriber<Delivery> deliveries = receive(5);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a", "b");
        session.sink.onSeeked(1, 7);
        session.reader().send(1, 2, "too late");
        assigned(2, T0, 7);
        session.reader().send(2, 7, "h");

        assertEquals(List.of("t-0@0", "t-0@1", "t-0@7"), places(deliveries));
        assertEquals(List.of(new MemberEvent.Seeked(T0, 7)), events);
        ack(deliveries, 0);
        ack(deliveries, 2);
        time.advanceTimeBy(Duration.ofSeconds(2));
        assertEquals(Map.of(2, 8L), lastCommit().offsets);
    }

    @Test
    void goes_on_with_the_other_partitions_after_a_loss() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        assigned(2, T1, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a");
        session.sink.onLost(1);
        session.reader().sink.onPartitionEnd(1, new LevadaException(ErrorCode.FENCED_MEMBER_EPOCH, "fenced"));
        session.reader().send(2, 0, "b");

        assertEquals(List.of("t-0@0", "t-1@0"), places(deliveries));
        assertEquals(List.of(new MemberEvent.Lost(T0)), events);
        ack(deliveries, 0);
        time.advanceTimeBy(Duration.ofSeconds(2));
        assertEquals(0, session.commits.size());
    }

    @Test
    void fails_when_the_session_fails() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        ByteBuf waiting = FakeEngine.batch(0, "a");
        engine.session().sink.onError(new LevadaException(ErrorCode.CONNECTION_LOST, "gone"));
        engine.session().reader().sink.onBatch(1, 1, waiting);

        assertCode(ErrorCode.CONNECTION_LOST, deliveries);
        assertEquals(0, waiting.refCnt());
        assertTrue(engine.session().reader().cancelled);
    }

    @Test
    void fails_and_leaves_when_a_partition_is_damaged() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a");
        ack(deliveries, 0);
        session.reader().sink.onPartitionEnd(1, new LevadaException(ErrorCode.CORRUPT_MESSAGE, "1 to 5"));

        assertCode(ErrorCode.CORRUPT_MESSAGE, deliveries);
        assertEquals(Map.of(1, 1L), lastCommit().offsets);
        lastCommit().done();
        assertTrue(session.left);
    }

    @Test
    void commits_what_was_acknowledged_and_leaves_when_cancelled() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a", "b");
        ack(deliveries, 0);
        deliveries.cancel();

        assertEquals(Map.of(1, 1L), lastCommit().offsets);
        assertFalse(session.left);
        lastCommit().done();
        assertTrue(session.left);
        session.sink.onLeft();
        assertFalse(session.aborted);
    }

    @Test
    void leaves_also_where_the_last_commit_is_never_answered_and_aborts_where_leaving_is_not() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        engine.session().reader().send(1, 0, "a");
        ack(deliveries, 0);
        deliveries.cancel();
        assertFalse(engine.session().left);
        time.advanceTimeBy(Membership.LEAVE_LIMIT);
        assertTrue(engine.session().left);
        time.advanceTimeBy(Membership.LEAVE_LIMIT);
        assertTrue(engine.session().aborted);
    }

    @Test
    void a_partition_assigned_while_leaving_is_given_back_untouched() {
        TestSubscriber<Delivery> deliveries = receive(3);
        deliveries.cancel();
        FakeEngine.Session session = engine.session();
        assertTrue(session.left);
        assigned(1, T0, 0);
        session.sink.onRevoking(1, 10_000);

        assertEquals(Map.of(), session.reader().added);
        assertEquals(List.of(1), session.revoked);
    }

    @Test
    void closing_gracefully_waits_for_what_was_delivered() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a");
        TestSubscriber<Void> closed = TestSubscriber.create();
        levada.closeGracefully(Duration.ofSeconds(30)).subscribe(closed);

        assertFalse(session.left);
        ack(deliveries, 0);
        lastCommit().done();
        assertTrue(session.left);
        assertFalse(engine.shutDown);
        session.sink.onLeft();
        assertTrue(deliveries.isTerminatedComplete());
        assertTrue(engine.shutDown);
        assertTrue(closed.isTerminatedComplete());
    }

    @Test
    void closing_gracefully_gives_up_waiting_in_the_end() {
        receive(3);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a");
        levada.closeGracefully(Duration.ofSeconds(30)).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(29));
        assertFalse(session.left);
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertTrue(session.left);
    }

    @Test
    void closing_gracefully_completes_members_whose_goodbye_nobody_answers_before_the_engine_ends() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a");
        ack(deliveries, 0);
        levada.closeGracefully(Duration.ofSeconds(30)).subscribe();
        time.advanceTimeBy(Membership.LEAVE_LIMIT.plusSeconds(30));
        assertTrue(session.left, "the commit is given up");
        assertFalse(engine.shutDown);
        time.advanceTimeBy(Membership.LEAVE_LIMIT);
        assertTrue(session.aborted, "the goodbye is given up");
        assertTrue(deliveries.isTerminatedComplete());
        assertTrue(engine.shutDown);
    }

    @Test
    void closing_gracefully_says_when_the_engine_does_not_end() {
        engine.hangs = true;
        TestSubscriber<Void> closed = TestSubscriber.create();
        levada.closeGracefully(Duration.ofSeconds(30)).subscribe(closed);
        time.advanceTimeBy(Duration.ofSeconds(36));

        assertCode(ErrorCode.TIMEOUT, closed);
    }

    @Test
    void closing_lets_members_commit_first() {
        TestSubscriber<Delivery> deliveries = receive(3);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        session.reader().send(1, 0, "a", "b");
        ack(deliveries, 0);
        Thread engineThread = new Thread(() -> {
            while (session.commits.isEmpty()) {
                Thread.onSpinWait();
            }
            session.commits.get(0).done();
            session.sink.onLeft();
        });
        engineThread.start();
        levada.close();

        assertTrue(session.left);
        assertTrue(engine.shutDown);
        assertTrue(deliveries.isTerminatedComplete());
    }

    @Test
    void emits_an_assignment_for_each_partition_as_demand_allows() {
        TestSubscriber<Assignment> assignments = subscribe(1);
        assigned(1, T0, 0);
        assigned(2, T1, 3);

        assertEquals(1, assignments.getReceivedOnNext().size());
        assertEquals(T0, assignment(assignments, 0).topicPartition());
        assertEquals(9, assignment(assignments, 0).generation());
        assignments.request(1);
        assertEquals(T1, assignment(assignments, 1).topicPartition());
        assertEquals(0, engine.session().readers.size());
    }

    @Test
    void gives_each_assignment_a_demand_of_its_own() {
        TestSubscriber<Assignment> assignments = subscribe(10);
        assigned(1, T0, 5);
        assigned(2, T1, 0);
        TestSubscriber<Delivery> first = deliveries(assignment(assignments, 0), 2);
        TestSubscriber<Delivery> second = deliveries(assignment(assignments, 1), 0);
        List<FakeEngine.Reader> readers = engine.session().readers;

        assertEquals(Map.of(1, 5L), readers.get(0).added);
        assertEquals(List.of(2L, 0L), readers.stream().map(r -> r.records.get()).toList());
        readers.get(0).send(1, 5, "a");
        assertEquals(List.of("t-0@5"), places(first));
        assertEquals(List.of(), places(second));
    }

    @Test
    void completes_the_deliveries_of_a_partition_handed_over_and_fails_those_of_one_lost() {
        TestSubscriber<Assignment> assignments = subscribe(10);
        assigned(1, T0, 0);
        assigned(2, T1, 0);
        TestSubscriber<Delivery> first = deliveries(assignment(assignments, 0), 10);
        TestSubscriber<Delivery> second = deliveries(assignment(assignments, 1), 10);
        engine.session().sink.onRevoking(1, 10_000);
        engine.session().sink.onLost(2);

        assertTrue(first.isTerminatedComplete());
        assertCode(ErrorCode.FENCED_MEMBER_EPOCH, second);
        assertFalse(assignments.isTerminated());
        assertTrue(engine.session().readers.stream().allMatch(reader -> reader.cancelled));
    }

    @Test
    void an_assignment_nobody_reads_is_handed_over_at_once() {
        TestSubscriber<Assignment> assignments = subscribe(10);
        assigned(1, T0, 0);
        engine.session().sink.onRevoking(1, 10_000);

        assertEquals(List.of(1), engine.session().revoked);
        TestSubscriber<Delivery> late = deliveries(assignment(assignments, 0), 1);
        assertTrue(late.isTerminatedComplete());
    }

    @Test
    void an_assignment_says_where_it_starts() {
        TestSubscriber<Assignment> assignments = subscribe(10);
        assigned(1, T0, 7);

        assertEquals(7, assignment(assignments, 0).start());
    }

    @Test
    void an_assignment_that_is_held_is_handed_over_once_every_hold_is_let_go() {
        TestSubscriber<Assignment> assignments = subscribe(10);
        assigned(1, T0, 0);
        FakeEngine.Session session = engine.session();
        Disposable first = assignment(assignments, 0).hold();
        Disposable second = assignment(assignments, 0).hold();
        session.sink.onRevoking(1, 10_000);
        first.dispose();
        first.dispose();
        assertEquals(List.of(), session.revoked);

        assignment(assignments, 0).commit(5, null).subscribe();
        assertEquals(Map.of(1, 5L), lastCommit().offsets);
        lastCommit().done();
        assertEquals(List.of(), session.revoked);
        second.dispose();
        assertEquals(List.of(1), session.revoked);
    }

    @Test
    void an_assignment_that_is_held_too_long_is_handed_over_shortly_before_the_deadline() {
        TestSubscriber<Assignment> assignments = subscribe(10);
        assigned(1, T0, 0);
        Disposable hold = assignment(assignments, 0).hold();
        engine.session().sink.onRevoking(1, 10_000);
        time.advanceTimeBy(Duration.ofMillis(8_900));
        assertEquals(List.of(), engine.session().revoked);
        time.advanceTimeBy(Duration.ofMillis(200));

        assertEquals(List.of(1), engine.session().revoked);
        hold.dispose(); // too late, harmless
        assertEquals(List.of(1), engine.session().revoked);
    }

    @Test
    void an_assignment_gone_before_it_was_asked_for_is_not_emitted() {
        TestSubscriber<Assignment> assignments = subscribe(0);
        assigned(1, T0, 0);
        engine.session().sink.onRevoking(1, 10_000);
        assigned(2, T1, 0);
        assignments.request(5);

        assertEquals(1, assignments.getReceivedOnNext().size());
        assertEquals(T1, assignment(assignments, 0).topicPartition());
    }

    @Test
    void deliveries_have_one_subscriber() {
        TestSubscriber<Assignment> assignments = subscribe(10);
        assigned(1, T0, 0);
        deliveries(assignment(assignments, 0), 1);
        TestSubscriber<Delivery> second = deliveries(assignment(assignments, 0), 1);

        assertTrue(second.expectTerminalError() instanceof IllegalStateException);
    }

    @Test
    void a_failed_session_fails_assignments_and_deliveries() {
        TestSubscriber<Assignment> assignments = subscribe(10);
        assigned(1, T0, 0);
        TestSubscriber<Delivery> deliveries = deliveries(assignment(assignments, 0), 1);
        engine.session().sink.onError(new LevadaException(ErrorCode.GOING_AWAY, "closing"));

        assertCode(ErrorCode.GOING_AWAY, assignments);
        assertCode(ErrorCode.GOING_AWAY, deliveries);
    }

    @Test
    void cancelling_the_assignments_leaves_and_completes_the_deliveries() {
        TestSubscriber<Assignment> assignments = subscribe(10);
        assigned(1, T0, 0);
        TestSubscriber<Delivery> deliveries = deliveries(assignment(assignments, 0), 5);
        engine.session().readers.get(0).send(1, 0, "a");
        deliveries.getReceivedOnNext().get(0).ack();
        assignments.cancel();
        lastCommit().done();

        assertTrue(engine.session().left);
        engine.session().sink.onLeft();
        assertTrue(deliveries.isTerminatedComplete());
    }

    private TestSubscriber<Delivery> receive(long request) {
        TestSubscriber<Delivery> subscriber =
                TestSubscriber.builder().initialRequest(request).build();
        levada.group("g")
                .receive(List.of("t"), MemberOptions.defaults().withOnEvent(events::add))
                .subscribe(subscriber);
        open.add(subscriber);
        return subscriber;
    }

    private TestSubscriber<Assignment> subscribe(long request) {
        TestSubscriber<Assignment> subscriber =
                TestSubscriber.builder().initialRequest(request).build();
        levada.group("g")
                .subscribe(List.of("t"), MemberOptions.defaults().withOnEvent(events::add))
                .subscribe(subscriber);
        open.add(subscriber);
        return subscriber;
    }

    private TestSubscriber<Delivery> deliveries(Assignment assignment, long request) {
        TestSubscriber<Delivery> subscriber =
                TestSubscriber.builder().initialRequest(request).build();
        assignment.deliveries().subscribe(subscriber);
        open.add(subscriber);
        return subscriber;
    }

    private void assigned(int handle, TopicPartition partition, long start) {
        engine.session().sink.onAssigned(handle, partition, 9, start);
    }

    private static Assignment assignment(TestSubscriber<Assignment> assignments, int index) {
        return assignments.getReceivedOnNext().get(index);
    }

    private static void ack(TestSubscriber<Delivery> deliveries, int index) {
        deliveries.getReceivedOnNext().get(index).ack();
    }

    private FakeEngine.Commit lastCommit() {
        FakeEngine.Commit commit = engine.session().lastCommit();
        if (commit == null) {
            throw new AssertionError("nothing was committed");
        }
        return commit;
    }

    private static List<String> places(TestSubscriber<Delivery> deliveries) {
        return deliveries.getReceivedOnNext().stream().map(String::valueOf).toList();
    }

    private static void assertCode(ErrorCode code, TestSubscriber<?> subscriber) {
        Throwable error = subscriber.expectTerminalError();
        assertTrue(error instanceof LevadaException, () -> "not ours: " + error);
        assertEquals(code, ((LevadaException) error).code());
    }
}
