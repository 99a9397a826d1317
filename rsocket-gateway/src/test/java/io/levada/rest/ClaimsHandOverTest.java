package io.levada.rest;

import static io.levada.rest.SimulatedServer.values;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.GroupSession;
import io.levada.testkit.Probe;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Claims beside other members of their group, in virtual time. */
class ClaimsHandOverTest {
    private static final ClaimSpec SPEC = new ClaimSpec("g", List.of("t"));
    private static final Duration SOON = Duration.ofMillis(500);

    /** Longer than a group lets a hand-over take. */
    private static final Duration LATE = Duration.ofSeconds(11);

    private final SimulatedServer server = new SimulatedServer(7);

    @BeforeEach
    void topic() {
        server.topic("t", 2);
    }

    @AfterEach
    void close() {
        server.close();
    }

    private static List<String> got(Probe<Delivery> member) {
        return member.received().stream()
                .map(each -> String.valueOf(each.record().valueUtf8()))
                .toList();
    }

    private Probe<Delivery> join() {
        Probe<Delivery> member = server.member("g", "t", Long.MAX_VALUE);
        server.advance(SOON);
        return member;
    }

    /** The partition that another member gets, which is not known before. */
    private int taken(Probe<Delivery> member) {
        server.publish("t", 0, "probe-0");
        server.publish("t", 1, "probe-1");
        server.advance(SOON);
        assertEquals(1, got(member).size(), got(member).toString());
        return member.received().get(0).record().partition();
    }

    @Test
    void a_member_that_joins_gets_its_share_at_once_where_nothing_is_out() {
        server.publish("t", 0, "a");
        server.publish("t", 1, "b");
        server.ack(server.claim(SPEC));

        Probe<Delivery> member = join();

        int taken = taken(member);
        assertEquals(List.of("probe-" + (1 - taken)), values(server.claim(SPEC)));
    }

    @Test
    void what_was_given_back_goes_to_the_member_that_joins() {
        server.publish("t", 0, "a");
        server.publish("t", 1, "b");
        server.release(server.claim(SPEC));

        Probe<Delivery> member = join();

        assertEquals(1, got(member).size());
        assertEquals(1, server.claim(SPEC).records().size());
    }

    @Test
    void a_partition_waits_for_its_claims_and_then_goes_on_behind_them() {
        server.publish("t", 0, "a");
        server.publish("t", 1, "b");
        Claimed claim = server.claim(SPEC);
        Probe<Delivery> member = join();
        server.publish("t", 0, "c");
        server.publish("t", 1, "d");
        server.advance(Duration.ofSeconds(5));
        assertEquals(List.of(), got(member));

        server.ack(claim);
        server.advance(SOON);

        assertEquals(1, got(member).size());
        assertTrue(List.of("c", "d").containsAll(got(member)), got(member).toString());
        assertEquals(1, server.claim(SPEC).records().size());
    }

    @Test
    void a_partition_goes_when_its_time_is_over_and_the_claim_is_stale() {
        server.publish("t", 0, "a");
        server.publish("t", 1, "b");
        Claimed claim = server.claim(SPEC.withLease(Duration.ofMinutes(5)));
        Probe<Delivery> member = join();

        server.advance(LATE);

        assertEquals(1, got(member).size());
        int taken = member.received().get(0).record().partition();
        ErrorCode code =
                assertThrows(LevadaException.class, () -> server.ack(claim)).code();
        assertEquals(ErrorCode.STALE_MEMBER_EPOCH, code);
        assertEquals(0, server.committed("g", "t", taken));
        assertEquals(1, server.committed("g", "t", 1 - taken));
        assertEquals(1, got(member).size());
    }

    @Test
    void what_is_missing_before_an_acknowledged_claim_is_claimed_here_before_the_partition_goes() {
        server.publish("t", 0, "a0", "b0");
        server.publish("t", 1, "a1", "b1");
        Claimed[] claims = {server.claim(SPEC.withMax(1)), server.claim(SPEC.withMax(1))};
        Claimed rest = server.claim(SPEC);
        assertEquals(2, rest.records().size());
        server.ack(rest);
        for (Claimed each : claims) {
            server.release(each);
        }
        Probe<Delivery> member = join();
        assertEquals(List.of(), got(member));

        Claimed again = server.claim(SPEC);
        assertEquals(2, again.records().size());
        server.ack(again);
        server.advance(SOON);

        taken(member);
    }

    @Test
    void a_member_that_leaves_gives_its_share_to_claims() {
        Probe<Delivery> member = server.member("g", "t", 1);
        server.advance(SOON);
        server.publish("t", 0, "a");
        server.advance(SOON);
        member.received().get(0).ack();
        CompletableFuture<Claimed> claim = server.claims
                .claim("me", server.engine, SPEC.withWait(Duration.ofSeconds(30)))
                .toFuture();
        server.advance(SOON);
        member.cancel();
        server.advance(SOON);
        server.publish("t", 0, "b");
        server.publish("t", 1, "c");

        assertTrue(List.of("b", "c").containsAll(values(server.scheduler.await(claim))));
        assertEquals(1, server.committed("g", "t", 0));
    }

    @Test
    void a_membership_that_is_lost_makes_its_claims_stale_and_is_followed_by_another() {
        server.publish("t", 0, "a");
        Claimed claim = server.claim(SPEC);
        GroupSession lost = server.sessions.get(0);

        lost.abort();
        server.members
                .get(0)
                .onError(new LevadaException(ErrorCode.CONNECTION_LOST, "a fault that the test asked for"));
        server.advance(SOON);

        assertEquals(
                ErrorCode.STALE_MEMBER_EPOCH,
                assertThrows(LevadaException.class, () -> server.ack(claim)).code());
        assertEquals(List.of("a"), values(server.claim(SPEC.withWait(Duration.ofSeconds(20)))));
    }
}
