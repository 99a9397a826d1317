package io.levada.rest;

import static io.levada.rest.SimulatedServer.values;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.env.SimDisk.CrashStyle;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import reactor.core.publisher.Mono;

/** Claims over a log on a simulated disk, in virtual time. */
class ClaimsTest {
    private static final ClaimSpec SPEC = new ClaimSpec("g", List.of("t"));

    private SimulatedServer server = new SimulatedServer(1);

    @BeforeEach
    void topic() {
        server.topic("t", 1);
    }

    @AfterEach
    void close() {
        server.close();
    }

    private void restart(ClaimLimits limits) {
        server.close();
        server = new SimulatedServer(1, limits);
        topic();
    }

    private static void assertFails(ErrorCode code, Executable call) {
        assertEquals(code, assertThrows(LevadaException.class, call).code());
    }

    private CompletableFuture<Claimed> claiming(ClaimSpec spec) {
        return server.claims.claim("me", server.engine, spec).toFuture();
    }

    private Claimed claim(int max) {
        return server.claim(SPEC.withMax(max));
    }

    private long committed() {
        return server.committed("g", "t", 0);
    }

    @Test
    void a_claim_lives_from_its_records_to_their_commit() {
        server.publish("t", 0, "a", "b", "c");

        Claimed claim = server.claim(SPEC);

        assertEquals(List.of("a", "b", "c"), values(claim));
        assertEquals(30_000, claim.leaseMs());
        assertTrue(claim.claim().matches("[A-Za-z0-9_-]{22}"), claim.claim());
        assertEquals(0, committed());
        server.ack(claim);
        assertEquals(3, committed());
        assertEquals(List.of(), values(server.claim(SPEC)));
    }

    @Test
    void a_claim_has_no_more_records_and_bytes_than_it_wants() {
        server.publish("t", 0, "aaaa", "bbbb", "cccc", "dddd");

        assertEquals(List.of("aaaa"), values(claim(1)));
        assertEquals(List.of("bbbb", "cccc"), values(server.claim(SPEC.withMaxBytes(8))));
        assertEquals(List.of("dddd"), values(server.claim(SPEC.withMaxBytes(1))));
    }

    @Test
    void a_claim_without_records_can_be_ended_in_any_way() {
        Claimed claim = server.claim(SPEC);

        assertEquals(List.of(), claim.records());
        server.ack(claim);
        server.release(claim);
        server.extend(claim, Duration.ofSeconds(5));
        server.ack(claim);
    }

    @Test
    void released_records_come_again_before_newer_ones() {
        server.publish("t", 0, "a", "b", "c");
        Claimed first = claim(1);
        Claimed second = claim(1);

        server.release(second);
        server.release(first);

        assertEquals(List.of("a", "b"), values(claim(2)));
        assertEquals(List.of("c"), values(claim(2)));
    }

    @Test
    void what_was_released_comes_before_other_partitions() {
        server.topic("two", 2);
        ClaimSpec spec = new ClaimSpec("g", List.of("two")).withMax(1);
        server.publish("two", 0, "a");
        Claimed first = server.claim(spec);
        server.publish("two", 1, "x", "y", "z");
        server.release(first);

        assertEquals(List.of("a"), values(server.claim(spec)));
    }

    @Test
    void an_expired_claim_is_gone_and_its_records_come_again() {
        server.publish("t", 0, "a", "b");
        Claimed claim = server.claim(SPEC.withLease(Duration.ofSeconds(5)).withMax(1));

        server.advance(Duration.ofMillis(4_900));
        assertEquals(List.of("b"), values(server.claim(SPEC)));
        server.advance(Duration.ofMillis(200));

        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.ack(claim));
        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.release(claim));
        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.extend(claim, Duration.ofSeconds(5)));
        assertEquals(List.of("a"), values(server.claim(SPEC)));
    }

    @Test
    void a_lease_that_is_extended_lasts_from_then_on() {
        server.publish("t", 0, "a");
        Claimed claim = server.claim(SPEC.withLease(Duration.ofSeconds(5)));

        server.advance(Duration.ofSeconds(4));
        server.extend(claim, Duration.ofSeconds(10));
        server.advance(Duration.ofSeconds(9));
        server.extend(claim, Duration.ofSeconds(1));
        server.ack(claim);

        assertEquals(1, committed());
        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.extend(claim, Duration.ofSeconds(1)));
        assertFails(ErrorCode.INVALID_REQUEST, () -> server.extend(claim, Duration.ofDays(1)));
    }

    @Test
    void saying_again_what_was_done_does_no_harm_and_nothing_else_may_follow() {
        server.publish("t", 0, "a", "b");
        Claimed acked = claim(1);
        Claimed released = claim(1);
        server.ack(acked);
        server.release(released);

        server.ack(acked);
        server.release(released);

        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.release(acked));
        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.ack(released));
        assertEquals(List.of("b"), values(server.claim(SPEC)));
    }

    @Test
    void a_claim_is_its_owners_alone() {
        server.publish("t", 0, "a");
        Claimed claim = server.claim(SPEC);

        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.await(server.claims.ack("other", claim.claim())));
        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.await(server.claims.ack("me", "AAAAAAAAAAAAAAAAAAAAAA")));
        server.ack(claim);
        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.await(server.claims.ack("other", claim.claim())));
    }

    @Test
    void claims_acknowledged_out_of_order_are_committed_to_the_end_of_the_prefix() {
        server.publish("t", 0, "a", "b", "c");
        Claimed first = claim(1);
        Claimed second = claim(1);
        Claimed third = claim(1);
        assertNotEquals(first.claim(), second.claim());

        server.ack(third);
        assertEquals(0, committed());
        server.ack(first);
        assertEquals(1, committed());
        server.ack(second);
        assertEquals(3, committed());
    }

    @Test
    void ordered_claims_leave_out_partitions_of_which_records_are_out() {
        server.topic("two", 2);
        ClaimSpec spec =
                new ClaimSpec("g", List.of("two")).withMax(1).withOrdered(true).withWait(Duration.ofSeconds(1));
        server.publish("two", 0, "a", "b");
        Claimed first = server.claim(spec);
        assertEquals(List.of("a"), values(first));
        assertEquals(List.of(), values(server.claim(spec)));
        server.publish("two", 1, "x");
        assertEquals(List.of("x"), values(server.claim(spec)));

        CompletableFuture<Claimed> next = claiming(spec);
        server.ack(first);

        assertEquals(List.of("b"), values(server.scheduler.await(next)));
        server.publish("two", 0, "c");
        assertEquals(List.of("c"), values(server.claim(spec.withOrdered(false))));
    }

    @Test
    void a_claim_that_waits_is_woken_by_a_record_or_ends_empty() {
        CompletableFuture<Claimed> claim = claiming(SPEC.withWait(Duration.ofSeconds(20)));
        server.advance(Duration.ofSeconds(19));
        assertFalse(claim.isDone());
        server.publish("t", 0, "a");
        server.advance(Duration.ofMillis(50));
        assertEquals(List.of("a"), values(claim.join()));

        CompletableFuture<Claimed> empty = claiming(SPEC.withWait(Duration.ofSeconds(20)));
        server.advance(Duration.ofMillis(19_900));
        assertFalse(empty.isDone());
        server.advance(Duration.ofMillis(200));
        assertEquals(List.of(), values(empty.join()));
    }

    @Test
    void a_claim_given_up_while_it_waits_is_given_nothing() {
        CompletableFuture<Claimed> given = claiming(SPEC.withWait(Duration.ofSeconds(20)));
        server.advance(Duration.ofSeconds(1));
        given.cancel(true);
        server.publish("t", 0, "a");
        server.advance(Duration.ofSeconds(1));

        assertEquals(List.of("a"), values(server.claim(SPEC)));
    }

    @Test
    void no_more_is_read_than_claims_want() {
        for (int i = 0; i < 50; i++) {
            server.publish("t", 0, "a", "b");
        }
        claim(3);
        claim(4);

        assertEquals(7, server.deliveredRecords());
    }

    @Test
    void what_comes_when_nobody_waits_any_longer_stays_in_the_log() {
        server.publish("t", 0, "a");
        server.ack(server.claim(SPEC));
        server.advance(Duration.ofSeconds(2));

        server.publish("t", 0, "b", "c");
        server.advance(Duration.ofSeconds(1));

        assertEquals(0, server.claims.totals().bytes.get());
        assertEquals(List.of("b", "c"), values(server.claim(SPEC)));
    }

    @Test
    void claims_that_wait_are_served_in_their_order() {
        CompletableFuture<Claimed> first = claiming(SPEC.withMax(2).withWait(Duration.ofSeconds(20)));
        CompletableFuture<Claimed> second = claiming(SPEC.withMax(2).withWait(Duration.ofSeconds(20)));
        server.publish("t", 0, "a", "b", "c");
        server.advance(Duration.ofSeconds(1));

        assertEquals(List.of("a", "b"), values(first.join()));
        assertEquals(List.of("c"), values(second.join()));
    }

    @Test
    void the_membership_ends_when_nobody_has_claimed_for_a_while_and_nothing_is_out() {
        server.publish("t", 0, "a", "b");
        Claimed claim = server.claim(SPEC.withMax(1).withLease(Duration.ofMinutes(10)));
        server.advance(Duration.ofMinutes(3));
        assertEquals(1, server.describe("g").members().size());

        server.ack(claim);
        server.advance(Duration.ofMinutes(2));

        assertEquals(0, server.describe("g").members().size());
        server.ack(claim);
        assertEquals(List.of("b"), values(server.claim(SPEC)));
    }

    @Test
    void every_group_gets_every_record() {
        server.publish("t", 0, "a");

        assertEquals(List.of("a"), values(server.claim(SPEC)));
        assertEquals(List.of("a"), values(server.claim(new ClaimSpec("other", List.of("t")))));
    }

    @Test
    void a_topic_that_is_not_there_is_told() {
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, () -> server.claim(new ClaimSpec("g", List.of("nowhere"))));
    }

    @Test
    void what_a_claim_may_not_want_is_refused() {
        assertFails(ErrorCode.INVALID_REQUEST, () -> SPEC.withMax(0));
        assertFails(ErrorCode.INVALID_REQUEST, () -> SPEC.withMax(10_001));
        assertFails(ErrorCode.INVALID_REQUEST, () -> SPEC.withMaxBytes((16 << 20) + 1));
        assertFails(ErrorCode.INVALID_REQUEST, () -> SPEC.withLease(Duration.ofMillis(999)));
        assertFails(ErrorCode.INVALID_REQUEST, () -> SPEC.withLease(Duration.ofHours(13)));
        assertFails(ErrorCode.INVALID_REQUEST, () -> SPEC.withWait(Duration.ofSeconds(61)));
        assertFails(ErrorCode.INVALID_REQUEST, () -> new ClaimSpec("g", List.of()));
        assertEquals(List.of("a", "b"), new ClaimSpec("g", List.of("b", "a", "b")).topics());
    }

    @Test
    void a_partition_taken_away_makes_its_claims_stale() {
        server.publish("t", 0, "a");
        Claimed claim = server.claim(SPEC);

        server.await(server.levada.groups().reset("g", "t", null, Position.earliest()));

        assertFails(ErrorCode.STALE_MEMBER_EPOCH, () -> server.ack(claim));
        assertFails(ErrorCode.STALE_MEMBER_EPOCH, () -> server.ack(claim));
        assertEquals(0, committed());
        assertEquals(List.of("a"), values(server.claim(SPEC)));
    }

    @Test
    void of_a_stale_claim_what_is_still_owned_is_committed() {
        server.topic("two", 2);
        ClaimSpec spec = new ClaimSpec("g", List.of("two"));
        server.publish("two", 0, "a");
        server.publish("two", 1, "x");
        Claimed claim = server.claim(spec);
        assertEquals(2, claim.records().size());

        server.await(server.levada.groups().reset("g", "two", 0, Position.earliest()));

        assertFails(ErrorCode.STALE_MEMBER_EPOCH, () -> server.ack(claim));
        assertEquals(0, server.committed("g", "two", 0));
        assertEquals(1, server.committed("g", "two", 1));
        assertEquals(List.of("a"), values(server.claim(spec)));
    }

    @Test
    void a_commit_that_was_answered_survives_a_power_cut() {
        server.publish("t", 0, "a", "b", "c");
        server.ack(claim(2));

        server = server.afterPowerCut(CrashStyle.DROP, 5);

        assertEquals(2, committed());
        assertEquals(List.of("c"), values(server.claim(SPEC.withWait(Duration.ofSeconds(20)))));
    }

    @Test
    void claims_of_a_server_before_are_not_known() {
        server.publish("t", 0, "a");
        Claimed claim = server.claim(SPEC);

        server = server.afterPowerCut(CrashStyle.KEEP, 5);

        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.ack(claim));
    }

    @Test
    void going_away_ends_those_who_wait_and_commits_what_was_acknowledged() {
        server.publish("t", 0, "a", "b");
        Claimed claim = claim(1);
        CompletableFuture<Claimed> other =
                claiming(new ClaimSpec("h", List.of("t")).withOrdered(true).withWait(Duration.ofSeconds(60)));
        server.scheduler.await(other);
        CompletableFuture<Claimed> waiting =
                claiming(new ClaimSpec("h", List.of("t")).withOrdered(true).withWait(Duration.ofSeconds(60)));
        server.advance(Duration.ofSeconds(1));
        CompletableFuture<Void> ack = server.claims.ack("me", claim.claim()).toFuture();

        server.await(server.claims.goAway());

        assertFails(ErrorCode.GOING_AWAY, () -> server.await(Mono.fromFuture(waiting)));
        server.scheduler.await(ack);
        assertEquals(1, committed());
        assertEquals(0, server.describe("g").members().size());
        assertFails(ErrorCode.GOING_AWAY, () -> server.claim(SPEC));
    }

    @Test
    void a_commit_that_cannot_be_written_is_told_and_tried_again() {
        server.publish("t", 0, "a");
        Claimed claim = server.claim(SPEC);
        server.commitError = new LevadaException(ErrorCode.STORAGE_FULL, "a fault that the test asked for");

        assertFails(ErrorCode.STORAGE_FULL, () -> server.ack(claim));
        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.release(claim));
        server.commitError = null;
        server.ack(claim);

        assertEquals(1, committed());
    }

    private static ClaimLimits limits(int openPerGroup, int waitingPerGroup, int records, long bytes) {
        return new ClaimLimits(
                2, openPerGroup, 100, waitingPerGroup, 100, records, bytes, 2 * bytes, 4, Duration.ofSeconds(60));
    }

    @Test
    void open_and_waiting_claims_are_bounded() {
        restart(limits(2, 1, 100, 1 << 20));
        server.publish("t", 0, "a", "b", "c");
        Claimed first = claim(1);
        claim(1);
        assertFails(ErrorCode.THROTTLED, () -> claim(1));
        server.ack(first);
        assertEquals(List.of("c"), values(server.claim(SPEC)));
        server.claims.ack("me", first.claim());

        ClaimSpec other = new ClaimSpec("h", List.of("t")).withWait(Duration.ofSeconds(20));
        server.claim(other);
        CompletableFuture<Claimed> waiting = claiming(other);
        server.advance(Duration.ofSeconds(1));
        assertFails(ErrorCode.THROTTLED, () -> server.claim(other));
        assertFalse(waiting.isDone());
        assertFails(ErrorCode.THROTTLED, () -> server.claim(new ClaimSpec("i", List.of("t"))));
    }

    @Test
    void records_and_bytes_that_are_held_are_bounded() {
        restart(limits(10, 10, 3, 1 << 20));
        server.publish("t", 0, "a", "b", "c", "d");
        Claimed claim = server.claim(SPEC);
        assertEquals(List.of("a", "b", "c"), values(claim));
        assertFails(ErrorCode.THROTTLED, () -> server.claim(SPEC));
        server.ack(claim);
        assertEquals(List.of("d"), values(server.claim(SPEC)));

        restart(limits(10, 10, 100, 500));
        server.publish("t", 0, "a".repeat(400), "b".repeat(400), "c");
        claim(1);
        assertFails(ErrorCode.THROTTLED, () -> claim(1));
    }

    @Test
    void of_claims_that_have_ended_the_last_are_known() {
        restart(limits(10, 10, 100, 1 << 20));
        server.publish("t", 0, "a", "b", "c", "d", "e");
        Claimed first = claim(1);
        server.ack(first);
        for (int i = 0; i < 3; i++) {
            server.ack(claim(1));
        }
        server.ack(first);
        server.ack(claim(1));
        assertFails(ErrorCode.CLAIM_EXPIRED, () -> server.ack(first));
    }
}
