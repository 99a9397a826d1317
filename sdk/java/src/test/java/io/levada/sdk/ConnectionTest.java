package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.facade.BatchWriter;
import io.levada.facade.JoinSpec;
import io.levada.sdk.FakeServer.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

class ConnectionTest {
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static long sdkThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("levada-sdk"))
                .count();
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsocket", "ws"})
    void opening_says_that_nobody_is_there_and_leaves_no_thread(String scheme) throws IOException {
        int port = freePort();
        LevadaException error = Await.failure(() -> Levada.open(scheme + "://127.0.0.1:" + port));
        assertEquals(ErrorCode.CONNECTION_LOST, error.code());
        assertTrue(error.retriable());
        assertTrue(
                error.line().startsWith("CONNECTION_LOST: cannot reach 127.0.0.1:" + port + ": connection refused; "),
                error.line());
        assertTrue(error.line().endsWith("is the server running? start one with 'levada serve'"), error.line());
        Await.until("without threads", () -> sdkThreads() == 0);
    }

    @Test
    void clients_share_event_loops_and_the_last_one_ends_them() {
        int processors = Runtime.getRuntime().availableProcessors();
        try (FakeServer server = new FakeServer(Transport.TCP)) {
            List<Levada> clients = Stream.generate(() -> Levada.open(server.address()))
                    .limit(4L * processors)
                    .toList();
            assertEquals(processors, sdkThreads());
            clients.subList(1, clients.size()).forEach(Levada::close);
            assertEquals(processors, sdkThreads());
            clients.get(0).close();
            Await.until("without threads", () -> sdkThreads() == 0);
        }
    }

    @Test
    void opening_gives_up_after_its_timeout() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            LevadaOptions options = LevadaOptions.defaults().withConnectTimeout(Duration.ofMillis(200));
            String address = "ws://127.0.0.1:" + silent.getLocalPort();
            LevadaException error = Await.failure(() -> Levada.open(address, options));
            assertEquals(ErrorCode.CONNECTION_LOST, error.code());
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void an_opened_address_serves_the_facade(Transport transport) {
        try (FakeServer server = new FakeServer(transport)) {
            server.answer("topics.list", request -> Mono.just("{\"topics\":[\"a\"]}"));
            try (Levada levada = Levada.open(server.address())) {
                assertEquals(List.of("a"), Await.value(levada.topics().list().collectList()));
                assertEquals(server.address(), levada.address());
            }
            Await.until("without threads", () -> sdkThreads() == 0);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void a_lost_connection_fails_what_is_open_and_the_next_operation_reconnects(Transport transport) {
        try (FakeServer server = new FakeServer(transport);
                RemoteEngine engine = server.engine()) {
            server.answer("topics.list", request -> Mono.just("{\"topics\":[]}"));
            Journal writer = new Journal();
            Journal reader = new Journal();
            Journal member = new Journal();
            BatchWriter writing = engine.write("t", writer.writer());
            engine.read(ReadSpec.of("t"), reader.batches());
            engine.join(new JoinSpec("g", List.of("t"), null, io.levada.Position.committed()), member.member());
            for (int i = 0; i < 3; i++) {
                server.nextChannel();
            }
            assertEquals(1, server.connections.size());

            server.dropConnections();
            for (Journal journal : List.of(writer, reader, member)) {
                String line = journal.next();
                assertTrue(line.startsWith("error CONNECTION_LOST: the connection to 127.0.0.1:"), line);
            }
            writing.write(0, 0, Batches.of(1, 0));
            assertEquals(List.of(), Await.value(engine.topics().list().collectList()));
            assertEquals(1, server.connections.size());
        }
    }

    @Test
    void a_server_that_closes_the_connection_with_a_reason_is_quoted() {
        try (FakeServer server = new FakeServer(Transport.TCP);
                RemoteEngine engine = server.engine()) {
            server.rejectSetup(
                    "{\"error\":{\"code\":\"GOING_AWAY\",\"message\":\"the server stops\",\"retriable\":true}}");
            Journal reader = new Journal();
            engine.read(ReadSpec.of("t"), reader.batches());
            assertEquals("error GOING_AWAY: the server stops", reader.next());
            server.rejectSetup("no room");
            engine.read(ReadSpec.of("t"), reader.batches());
            assertEquals("error UNKNOWN_SERVER_ERROR: no room", reader.next());
        }
    }

    @Test
    void a_server_that_falls_silent_is_taken_for_lost() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            LinkLimits limits =
                    LinkLimits.of(Await.LIMIT).withKeepalive(Duration.ofMillis(100), Duration.ofMillis(300));
            Address address = Address.parse("rsocket://127.0.0.1:" + silent.getLocalPort());
            try (RemoteEngine engine = new RemoteEngine(new Link(address, limits))) {
                Journal reader = new Journal();
                engine.read(ReadSpec.of("t"), reader.batches());
                String line = reader.next();
                assertTrue(line.startsWith("error CONNECTION_LOST: the connection to 127.0.0.1:"), line);
                assertTrue(line.contains("No keep-alive acks for 300 ms"), line);
                assertTrue(reader.onSdkThreads);
            }
        }
    }

    @Test
    void whoever_hears_of_the_loss_can_start_anew_at_once() {
        try (FakeServer server = new FakeServer(Transport.TCP);
                RemoteEngine engine = server.engine()) {
            Journal again = new Journal();
            Journal first = new Journal();
            engine.read(
                    ReadSpec.of("t"),
                    new RetryOnce(first.batches(), () -> engine.read(ReadSpec.of("t"), again.batches())));
            server.nextChannel();
            server.dropConnections();
            assertEquals("read.batched", server.nextChannel().route);
            assertTrue(again.lines.isEmpty());
        }
    }

    @Test
    void a_server_that_comes_back_is_found_again() {
        try (FakeServer server = new FakeServer(Transport.TCP);
                RemoteEngine engine = server.engine()) {
            server.answer("topics.list", request -> Mono.just("{\"topics\":[]}"));
            Await.value(engine.topics().list().collectList());
            server.stop();
            assertEquals(
                    ErrorCode.CONNECTION_LOST,
                    Await.failure(() -> engine.topics().list().collectList().block())
                            .code());
            server.restart();
            Await.value(engine.topics().list().collectList());
        }
    }

    @Test
    void shutting_down_ends_streams_with_going_away_and_leaves_no_thread() {
        try (FakeServer server = new FakeServer(Transport.TCP)) {
            RemoteEngine engine = server.engine();
            Journal reader = new Journal();
            engine.read(ReadSpec.of("t"), reader.batches());
            server.nextChannel();
            engine.shutdown().block(Await.LIMIT);
            assertEquals("error GOING_AWAY: this client was closed", reader.next());
            Await.until("without threads", () -> sdkThreads() == 0);

            engine.close();
            engine.read(ReadSpec.of("t"), reader.batches()).credit(1, 1);
            assertEquals("error GOING_AWAY: this client was closed", reader.next());
            engine.write("t", reader.writer()).write(0, 0, Batches.of(1, 0));
            assertEquals("error GOING_AWAY: this client was closed", reader.next());
            assertEquals(
                    ErrorCode.GOING_AWAY,
                    Await.failure(() -> engine.topics().list().collectList().block())
                            .code());
        }
    }

    @Test
    void closing_while_a_connection_is_being_made_does_not_wait_for_it() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Address address = Address.parse("ws://127.0.0.1:" + silent.getLocalPort());
            RemoteEngine engine = new RemoteEngine(new Link(address, LinkLimits.of(Duration.ofMinutes(1))));
            Journal reader = new Journal();
            engine.read(ReadSpec.of("t"), reader.batches());
            engine.close();
            assertEquals("error GOING_AWAY: this client was closed", reader.next());
            Await.until("without threads", () -> sdkThreads() == 0);
        }
    }
}
