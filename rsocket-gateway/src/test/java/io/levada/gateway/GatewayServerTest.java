package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.protocol.Message;
import io.levada.wire.OutboundBudget;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Starting and stopping. */
final class GatewayServerTest {
    private final FakeEngine engine = new FakeEngine();

    @Test
    void the_defaults_are_these() {
        assertEquals(
                new GatewayConfig(
                        "127.0.0.1", 7878, 7880, false, List.of(), List.of(), GatewayLimits.defaults(), null, null),
                GatewayConfig.defaults());
        assertEquals(
                new GatewayLimits(
                        5 << 20,
                        10 << 20,
                        16 << 10,
                        Duration.ofSeconds(5),
                        128,
                        1 << 20,
                        GatewayLimits.defaults().outboundPoolBytes(),
                        4_096,
                        1_024,
                        Duration.ofSeconds(5)),
                GatewayLimits.defaults());
    }

    @Test
    void an_address_that_others_reach_needs_insecure() {
        LevadaException refused = assertThrows(
                LevadaException.class,
                () -> GatewayServer.start(engine, Servers.config().withHost("0.0.0.0")));
        assertEquals(ErrorCode.INVALID_REQUEST, refused.code());
        assertTrue(refused.line().contains("0.0.0.0") && refused.line().contains("--insecure"));

        GatewayServer.start(engine, Servers.config().withHost("0.0.0.0").withInsecure(true))
                .close();
    }

    @Test
    void a_port_in_use_is_named() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            for (GatewayConfig config : List.of(
                    Servers.config().withPorts(port, 0), Servers.config().withPorts(0, port))) {
                LevadaException refused =
                        assertThrows(LevadaException.class, () -> GatewayServer.start(engine, config));
                assertTrue(refused.line().contains("port " + port + " "), refused.line());
                assertTrue(refused.line().contains("in use"), refused.line());
            }
        }
    }

    @Test
    void stopping_acknowledges_what_has_arrived_and_ends_streams_with_going_away() {
        GatewayServer server = Servers.start(engine);
        try (RawClient client = RawClient.tcp(server)) {
            RawClient.Channel publishing =
                    client.channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
            FakeEngine.FakeWriter writer = Await.next("a writer", engine.writers);
            publishing.send(new Message.Batch(0, 0, Batches.of(0, "a")));
            Await.next("a batch", writer.written);
            RawClient.Stream reading = client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 5);
            FakeEngine.FakeReader reader = Await.next("a reader", engine.readers);
            RawClient.Channel member = client.jsonChannel(
                    "group", "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"]}", Long.MAX_VALUE);
            FakeEngine.FakeSession session = Await.next("a session", engine.sessions);

            Thread stopping = new Thread(server::close);
            long before = System.nanoTime();
            stopping.start();
            assertTrue(reading.end().contains("\"GOING_AWAY\""));
            assertTrue(member.down.end().contains("\"GOING_AWAY\""));
            assertEquals("abort", Await.next("abort", session.calls));
            Await.until("cancelled", reader.cancelled::get);
            Await.until("the writer completes", writer.completed::get);
            writer.sink.onAck(0, 9);
            writer.sink.onComplete();
            assertEquals(new Message.Ack(0, 9), publishing.down.message());
            assertTrue(publishing.down.end().contains("\"GOING_AWAY\""));
            Await.until("stopped", () -> !stopping.isAlive());
            assertTrue(Duration.ofNanos(System.nanoTime() - before).compareTo(Duration.ofSeconds(8)) < 0);
            assertThrows(ConnectException.class, () -> new Socket(
                            InetAddress.getLoopbackAddress(),
                            server.tcpAddress().getPort())
                    .close());
        }
    }

    /** A member that was given a partition, once its client knows of it. */
    private FakeEngine.FakeSession owner(RawClient.Channel member) {
        FakeEngine.FakeSession session = Await.next("a session", engine.sessions);
        session.sink.onJoined("m", 1, 1);
        session.sink.onAssigned(7, new TopicPartition("t", 0), 1, 0);
        assertTrue(member.down.text().contains("\"joined\""));
        assertTrue(member.down.text().contains("\"assigned\""));
        return session;
    }

    @Test
    void a_session_is_told_that_the_server_stops_before_its_streams_have_ended() {
        GatewayServer server = Servers.start(engine);
        try (RawClient client = RawClient.tcp(server)) {
            RawClient.Stream session = client.stream("session", "{}", Long.MAX_VALUE);
            RawClient.Stream slow = client.stream("session", "{}", 1);
            assertEquals("{\"principal\":\"anonymous\",\"throttled\":false,\"draining\":false}", session.text());
            RawClient.Channel publishing =
                    client.channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
            FakeEngine.FakeWriter writer = Await.next("a writer", engine.writers);
            publishing.send(new Message.Batch(0, 0, Batches.of(0, "a")));
            Await.next("a batch", writer.written);

            Thread stopping = new Thread(server::close);
            stopping.start();
            assertEquals(
                    "{\"principal\":\"anonymous\",\"throttled\":false,\"draining\":true,\"withinMs\":5000}",
                    session.text());
            Await.until("the writer completes", writer.completed::get);
            assertTrue(session.end.isEmpty() && slow.end.isEmpty());
            writer.sink.onAck(0, 9);
            writer.sink.onComplete();
            assertEquals(new Message.Ack(0, 9), publishing.down.message());
            for (RawClient.Stream each : List.of(publishing.down, session, slow)) {
                assertTrue(each.end().contains("\"GOING_AWAY\""));
            }
            Await.until("stopped", () -> !stopping.isAlive());
        }
    }

    @Test
    void stopping_asks_members_for_their_partitions_so_that_they_commit() {
        GatewayServer server = Servers.start(engine);
        try (RawClient client = RawClient.tcp(server)) {
            RawClient.Channel member = client.jsonChannel(
                    "group", "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"]}", Long.MAX_VALUE);
            FakeEngine.FakeSession session = owner(member);

            Thread stopping = new Thread(server::close);
            stopping.start();
            assertEquals("{\"type\":\"revoking\",\"handle\":7,\"withinMs\":2000}", member.down.text());
            member.send("{\"type\":\"commit\",\"id\":1,\"offsets\":[{\"handle\":7,\"offset\":5}]}");
            assertTrue(Await.next("commit", session.calls).startsWith("commit {7="));
            assertEquals("{\"type\":\"committed\",\"id\":1}", member.down.text());
            member.send("{\"type\":\"revoked\",\"handle\":7}");
            assertTrue(member.down.end().contains("\"GOING_AWAY\""));
            assertEquals("abort", Await.next("abort", session.calls));
            Await.until("stopped", () -> !stopping.isAlive());
        }
    }

    @Test
    void stopping_does_not_wait_for_long_for_a_member_that_gives_nothing_back() {
        GatewayServer server = Servers.start(engine);
        try (RawClient client = RawClient.tcp(server)) {
            RawClient.Channel member = client.jsonChannel(
                    "group", "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"]}", Long.MAX_VALUE);
            FakeEngine.FakeSession session = owner(member);

            long before = System.nanoTime();
            server.close();
            assertTrue(Duration.ofNanos(System.nanoTime() - before).compareTo(Duration.ofSeconds(5)) < 0);
            assertTrue(member.down.text().contains("\"revoking\""));
            assertTrue(member.down.end().contains("\"GOING_AWAY\""));
            assertEquals("abort", Await.next("abort", session.calls));
        }
    }

    @Test
    void stopping_does_not_wait_for_a_peer_that_never_reads() {
        PumpEngine pump = new PumpEngine(Batches.ofSize(0, 1, 10_000), 1);
        GatewayServer server = Servers.start(pump);
        try (RawSocket hostile = new RawSocket(server)) {
            hostile.setUp()
                    .requestChannel(
                            1,
                            "read.batched",
                            new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"}"),
                            Integer.MAX_VALUE);
            hostile.message(1, new Message.Credit(Long.MAX_VALUE, Long.MAX_VALUE));
            Await.until("a connection", () -> server.connections().size() == 1);
            OutboundBudget budget =
                    server.connections().iterator().next().connection().budget();
            Await.until("bytes are held", () -> budget.heldBytes() > 512 << 10);

            long before = System.nanoTime();
            server.close();
            assertTrue(Duration.ofNanos(System.nanoTime() - before).compareTo(Duration.ofSeconds(10)) < 0);
            assertEquals(0, budget.heldBytes());
        }
        pump.close();
    }

    @Test
    void stopping_twice_is_stopping_once() {
        GatewayServer server = Servers.start(engine);
        server.close();
        server.close();
    }
}
