package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.protocol.Message;
import io.levada.wire.OutboundBudget;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Peers that want everything and read nothing cost their budget, and nobody else anything. */
final class SlowReaderTest {
    private static final long LIMIT = 256L << 10;
    private static final String EVERYTHING = "{\"topic\":\"t\",\"from\":\"earliest\"}";
    private static final Message OPEN = new Message.Open(EVERYTHING);

    private final Certificates certificates;
    private final TlsConfig tls;

    SlowReaderTest(@TempDir Path directory) {
        certificates = new Certificates(directory);
        tls = certificates.server("server").tls();
    }

    private static GatewayServer start(PumpEngine engine) {
        return Servers.start(engine, GatewayLimits.defaults().withOutboundBudgetBytes(LIMIT));
    }

    private GatewayServer startWithTls(PumpEngine engine) {
        GatewayLimits limits = GatewayLimits.defaults().withOutboundBudgetBytes(LIMIT);
        return GatewayServer.start(engine, Servers.config().withLimits(limits).withTls(tls));
    }

    /** The budget of the only connection, once it holds as much as it will. */
    private static OutboundBudget filled(GatewayServer server) {
        Await.until("a connection", () -> server.connections().size() == 1);
        OutboundBudget budget = only(server.connections()).connection().budget();
        Await.until("the budget is full", () -> budget.heldBytes() > LIMIT / 2);
        return budget;
    }

    private static ClientSession only(Set<ClientSession> connections) {
        return connections.iterator().next();
    }

    private static void servedToAnother(GatewayServer server) {
        try (RawClient other = RawClient.tcp(server)) {
            RawClient.Channel channel = other.channel("read.batched", OPEN, Long.MAX_VALUE);
            channel.send(new Message.Credit(2_000, 100 << 20));
            for (int records = 0; records < 2_000; ) {
                records += ((Message.Records) channel.down.message()).records();
            }
            channel.down.cancel();
        }
    }

    @Test
    void a_batched_reader_that_never_reads_holds_its_budget_and_another_is_served() {
        int batchBytes = 10_000;
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, 1, batchBytes), 1);
                GatewayServer server = start(engine);
                RawSocket hostile = new RawSocket(server)) {
            hostile.setUp().requestChannel(1, "read.batched", OPEN, Integer.MAX_VALUE);
            hostile.message(1, new Message.Credit(Long.MAX_VALUE, Long.MAX_VALUE));
            OutboundBudget budget = filled(server);
            servedToAnother(server);

            long frame = batchBytes + 1_000L;
            assertTrue(budget.peakBytes() <= LIMIT + frame, "held at most " + budget.peakBytes());
            Await.until(
                    "the rest is released",
                    () -> engine.outstanding() * (long) batchBytes <= LIMIT + LIMIT / 4 + batchBytes);
            assertTrue(budget.heldBytes() > 0, "the peer still does not read");
        }
    }

    /** TLS holds what it was given to encrypt, and what it has encrypted: either counts until it went to the socket. */
    @Test
    void through_tls_no_more_is_held_and_what_is_held_is_let_go_of_at_once() {
        int batchBytes = 10_000;
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, 1, batchBytes), 1);
                GatewayServer server = startWithTls(engine);
                RawSocket hostile = new RawSocket(server, certificates)) {
            hostile.setUp().requestChannel(1, "read.batched", OPEN, Integer.MAX_VALUE);
            hostile.message(1, new Message.Credit(Long.MAX_VALUE, Long.MAX_VALUE));
            OutboundBudget budget = filled(server);
            Await.until(
                    "the rest is released",
                    () -> engine.outstanding() * (long) batchBytes <= LIMIT + LIMIT / 4 + batchBytes);
            assertTrue(budget.heldBytes() > 0, "the peer still does not read");
            assertTrue(budget.peakBytes() <= LIMIT + batchBytes + 1_000L, "held at most " + budget.peakBytes());

            long begun = System.nanoTime();
            only(server.connections()).connection().dispose();
            Await.until("nothing is held", () -> budget.heldBytes() == 0 && engine.outstanding() == 0);
            Await.until("nothing is connected", () -> server.connections().isEmpty());
            long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
            assertTrue(ms < 2_000, "it took " + ms + " ms, as if the peer had been waited for");
        }
    }

    @Test
    void through_tls_a_reader_that_begins_to_read_gets_everything_it_asked_for() {
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, 1, 10_000), 1);
                GatewayServer server = startWithTls(engine);
                RawSocket slow = new RawSocket(server, certificates)) {
            readsAllInTheEnd(server, slow);
        }
    }

    @Test
    void many_small_batches_are_counted_as_what_their_frames_cost() {
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, 1, 600), 1);
                GatewayServer server = start(engine);
                RawSocket hostile = new RawSocket(server)) {
            hostile.setUp().requestChannel(1, "read.batched", OPEN, Integer.MAX_VALUE);
            hostile.message(1, new Message.Credit(Long.MAX_VALUE, Long.MAX_VALUE));
            OutboundBudget budget = filled(server);
            servedToAnother(server);

            assertTrue(budget.peakBytes() <= LIMIT + 2_000, "held at most " + budget.peakBytes());
        }
    }

    @Test
    void a_plain_reader_that_never_reads_holds_its_budget_and_another_is_served() {
        int records = 50;
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, records, 200), records);
                GatewayServer server = start(engine);
                RawSocket hostile = new RawSocket(server)) {
            hostile.setUp().requestStream(1, "read", EVERYTHING, Integer.MAX_VALUE);
            OutboundBudget budget = filled(server);
            servedToAnother(server);

            assertTrue(budget.peakBytes() <= LIMIT + 2_000, "held at most " + budget.peakBytes());
        }
    }

    @Test
    void a_reader_that_begins_to_read_gets_everything_it_asked_for() {
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, 1, 10_000), 1);
                GatewayServer server = start(engine);
                RawSocket slow = new RawSocket(server)) {
            readsAllInTheEnd(server, slow);
        }
    }

    private static void readsAllInTheEnd(GatewayServer server, RawSocket slow) {
        slow.setUp().requestChannel(1, "read.batched", OPEN, Integer.MAX_VALUE);
        slow.message(1, new Message.Credit(1_000, Long.MAX_VALUE));
        filled(server);

        int frames = 0;
        while (frames < 1_000) {
            frames += slow.read().getUnsignedShort(4) >>> 10 == 0x0A ? 1 : 0;
        }
        assertEquals(1_000, frames);
        Await.until(
                "nothing is held",
                () -> only(server.connections()).connection().budget().heldBytes() == 0);
    }

    /** The control: without the budget the same peer makes the server hold far more. */
    @Test
    void without_a_bound_the_same_reader_would_hold_more() {
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, 1, 10_000), 1);
                GatewayServer server =
                        Servers.start(engine, GatewayLimits.defaults().withOutboundBudgetBytes(64L << 20));
                RawSocket hostile = new RawSocket(server)) {
            hostile.setUp().requestChannel(1, "read.batched", OPEN, Integer.MAX_VALUE);
            hostile.message(1, new Message.Credit(Long.MAX_VALUE, Long.MAX_VALUE));
            Await.until("a connection", () -> server.connections().size() == 1);
            OutboundBudget budget = only(server.connections()).connection().budget();

            Await.until("more than the small budget is held", () -> budget.heldBytes() > 20 * LIMIT);
        }
    }
}
