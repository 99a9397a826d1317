package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.levada.protocol.Message;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** What is not RSocket, or not as it should be, costs its connection and one line in the log; the server goes on. */
final class HostilePeerTest {
    private final FakeEngine engine = new FakeEngine();
    private final GatewayServer server = Servers.start(
            engine,
            GatewayLimits.defaults()
                    .withSetupTimeout(Duration.ofSeconds(2))
                    .withStreamsPerConnection(3)
                    .withOutboundBudgetBytes(64 << 10));
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

    @BeforeEach
    void listen() {
        log.start();
        root.addAppender(log);
    }

    @AfterEach
    void theServerGoesOn() {
        root.detachAppender(log);
        try (RawClient client = RawClient.tcp(server)) {
            assertTrue(client.answer("topics.list", "{}").startsWith("{\"topics\":["));
        }
        server.close();
    }

    private List<String> lines() {
        return List.copyOf(log.list).stream()
                .filter(event -> event.getLevel().isGreaterOrEqual(Level.INFO))
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    private void oneLineWith(String part) {
        Await.until("one line with " + part + " in " + lines(), () -> lines().size() == 1);
        assertTrue(lines().get(0).contains(part), lines().toString());
    }

    @Test
    void http_on_the_rsocket_port_is_closed_with_one_line() {
        try (RawSocket peer = new RawSocket(server)) {
            peer.text("GET / HTTP/1.1\r\nHost: x\r\n\r\n").awaitClosed();
        }
        oneLineWith("not RSocket: it begins 47 45 54 20 2f 20 48 54 54 50 2f 31 ('GET / HTTP/1')");
    }

    @Test
    void control_characters_of_a_peer_do_not_reach_the_log() {
        try (RawSocket peer = new RawSocket(server)) {
            peer.text("\u007f\u001b[31mred\r\n").awaitClosed();
        }
        oneLineWith("7f 1b 5b 33");
        assertTrue(lines().get(0).chars().allMatch(c -> c >= 0x20 && c < 0x7f), lines().toString());
    }

    /** Frames in hexadecimal: stream id, type and flags, the rest. */
    @ParameterizedTest
    @CsvSource({
        "a request before SETUP,             00000001 1000 00, a frame of type 0x04 before SETUP",
        "a short frame,                      000001,           a frame of 3 bytes",
        "a SETUP cut short,                  00000000 0400 00, a SETUP of 7 bytes",
        "a SETUP with keepalive without end, 00000000 0400 00010000 00000001 00000001 00 00 00, keepalive every 1 ms"
    })
    void a_first_frame_that_is_no_setup_closes(String what, String frame, String line) {
        try (RawSocket peer = new RawSocket(server)) {
            peer.hex(frame).awaitClosed();
        }
        oneLineWith(line);
    }

    @ParameterizedTest
    @CsvSource({
        "a second SETUP,               00000000 0400 0001000000004e20000124f8 00 00, type 0x01",
        "request(n) of zero,           00000001 1800 00000000,        initial request(n) that is not above 0",
        "request(n) below zero,        00000001 1800 80000000,        initial request(n) that is not above 0",
        "more of zero,                 00000001 2000 00000000,        REQUEST_N that is not above 0",
        "metadata beyond its frame,    00000001 1100 ffffff00,        metadata longer than its frame",
        "a stream of the server's,     00000002 1000 00,              a request on stream 2",
        "a negative stream,            80000001 1000 00,              a request on stream -",
        "a payload of no kind,         00000001 2800 00,              neither NEXT nor COMPLETE",
        "an unknown type,              00000001 f000 00,              a frame of type 0x3c",
        "a lease,                      00000000 0800 00,              a frame of type 0x02",
        "an error without a code,      00000001 2c00 00,              an ERROR without a code",
        "a keepalive on a stream,      00000001 0c80 0000000000000000, KEEPALIVE on stream 1"
    })
    void a_frame_that_is_not_good_closes(String what, String frame, String line) {
        try (RawSocket peer = new RawSocket(server)) {
            peer.setUp().hex(frame);
            assertTrue(peer.readError().contains(line));
            peer.awaitClosed();
        }
        oneLineWith(line);
    }

    @Test
    void a_stream_id_is_used_once() {
        try (RawSocket peer = new RawSocket(server)) {
            peer.setUp().requestResponse(3, "topics.list", "{}").requestResponse(3, "topics.list", "{}");
            assertTrue(peer.readError().contains("a request on stream 3 behind 3"));
            peer.awaitClosed();
        }
    }

    @Test
    void stream_ids_may_come_a_little_out_of_order_but_not_from_far_behind() {
        try (RawSocket peer = new RawSocket(server)) {
            peer.setUp()
                    .requestResponse(5, "topics.list", "{}")
                    .requestResponse(1, "topics.list", "{}")
                    .requestResponse(3, "topics.list", "{}");
            for (int i = 0; i < 3; i++) {
                peer.read(); // the answers: no more than three requests may be open
            }
            peer.requestResponse(1_001, "topics.list", "{}")
                    .requestResponse(745, "topics.list", "{}")
                    .requestResponse(743, "topics.list", "{}");
            assertTrue(peer.readError().contains("a request on stream 743 behind 1001"));
            peer.awaitClosed();
        }
    }

    @Test
    void a_frame_beyond_the_limit_closes_before_it_is_read() {
        try (RawSocket peer = new RawSocket(server)) {
            peer.setUp().bytes((byte) 0x7f, (byte) 0, (byte) 0);
            assertTrue(peer.readError().contains("a frame of 8323072 bytes; at most 5242880 are taken"));
            peer.awaitClosed();
        }
        oneLineWith("a frame of 8323072 bytes");
    }

    @Test
    void fragments_without_end_close() {
        try (RawSocket peer = new RawSocket(server)) {
            peer.setUp();
            byte[] fragment = new byte[1 << 20];
            fragment[3] = 1; // stream 1
            fragment[4] = 0x10; // REQUEST_RESPONSE
            fragment[5] = (byte) 0x80; // FOLLOWS
            peer.frame(Unpooled.wrappedBuffer(fragment.clone()));
            fragment[4] = 0x28; // PAYLOAD
            fragment[5] = (byte) 0xa0; // FOLLOWS, NEXT
            for (int i = 0; i < 10; i++) {
                peer.frame(Unpooled.wrappedBuffer(fragment.clone()));
            }
            assertTrue(peer.readError().contains("fragments of more than 10485760 bytes"));
            peer.awaitClosed();
        }
    }

    @Test
    void silence_before_setup_is_closed_in_time() {
        try (RawSocket peer = new RawSocket(server)) {
            peer.bytes((byte) 0).awaitClosed();
        }
        oneLineWith("TimeoutException");
    }

    @Test
    void requests_beyond_the_limit_of_a_connection_are_refused_and_the_others_live() {
        try (RawSocket peer = new RawSocket(server)) {
            peer.setUp();
            for (int streamId = 1; streamId <= 7; streamId += 2) {
                peer.requestStream(streamId, "read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 1);
            }
            assertTrue(peer.readError().contains("3 requests are open on this connection"));
            FakeEngine.FakeReader first = Await.next("a reader", engine.readers);
            first.sink.onBatch(0, 1, Batches.of(0, "a"));
            assertTrue(peer.read().readableBytes() > 50);
        }
    }

    @Test
    void a_peer_that_asks_and_never_reads_is_closed() {
        engine.topics.put("t", new io.levada.TopicSpec("t", 1_000, 1, java.util.Map.of()));
        try (RawSocket peer = new RawSocket(server)) {
            peer.setUp();
            Await.until("a connection", () -> server.connections().size() == 1);
            int[] streamId = {-1};
            // As many as it takes: what the sockets of both sides hold differs from machine to machine.
            Await.until("closed", () -> {
                for (int i = 0; i < 100; i++) {
                    peer.requestResponse(streamId[0] += 2, "topics.describe", "{\"name\":\"t\"}");
                }
                return server.connections().isEmpty();
            });
        }
        oneLineWith("bytes that it asked for and does not read");
    }

    @Test
    void messages_nobody_asks_for_end_their_stream_only() {
        try (RawClient client = RawClient.tcp(server)) {
            RawClient.Channel channel = client.channel("publish", new Message.Open("{\"topic\":\"t\"}"), 1);
            FakeEngine.FakeWriter writer = Await.next("a writer", engine.writers);
            for (int i = 0; i < 4_200; i++) {
                writer.sink.onAck(i, i);
            }
            assertTrue(channel.down.end().contains("THROTTLED"));
            Await.until("cancelled", writer.cancelled::get);
        }
    }
}
