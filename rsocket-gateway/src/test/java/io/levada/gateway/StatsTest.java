package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.Assignment;
import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.facade.WaitReason;
import io.levada.protocol.Message;
import io.levada.wire.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** {@code stats} tells of each subscription what it waits for, with a real engine behind the server. */
final class StatsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String JOIN = "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"]}";
    private static final String SOON = "\"intervalMs\":100";

    private final EmbeddedEngine engine = EmbeddedEngine.open("memory:");
    private final GatewayServer server = Servers.start(engine);
    private final Levada levada =
            Levada.open("rsocket://127.0.0.1:" + server.tcpAddress().getPort());
    private final RawClient client = RawClient.tcp(server);
    private final RawClient watcher = RawClient.webSocket(server);

    @BeforeEach
    void create() {
        levada.blocking().createTopic(TopicSpec.of("t"));
    }

    @AfterEach
    void stop() {
        watcher.close();
        client.close();
        levada.close();
        server.close();
        engine.close();
    }

    private void publish(int records, int bytes) {
        levada.publish("t", Flux.range(0, records).map(i -> Record.ofValue("x".repeat(bytes))))
                .blockLast(Await.LIMIT);
    }

    private static JsonNode next(RawClient.Stream stream) {
        try {
            return JSON.readTree(stream.text());
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    /** The first subscription told of, as soon as it is like this. */
    private JsonNode until(String wanted, Predicate<JsonNode> condition) {
        RawClient.Stream stream = watcher.stream("stats", "{" + SOON + wanted + "}", Long.MAX_VALUE);
        long deadline = System.nanoTime() + Await.LIMIT.toNanos();
        JsonNode last = next(stream);
        while (!condition.test(last.path("subscriptions").path(0))) {
            assertTrue(System.nanoTime() < deadline, "still " + last);
            last = next(stream);
        }
        stream.cancel();
        return last.path("subscriptions").path(0);
    }

    private JsonNode untilWaits(WaitReason reason) {
        return until("", subscription -> subscription.path("waits").asText().equals(reason.name()));
    }

    @Test
    void a_reader_without_demand_is_told_with_its_lag() {
        publish(10, 10);
        RawClient.Stream stream = client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 3);
        stream.text();

        JsonNode told = until("", subscription -> subscription.path("records").asLong() == 3);

        assertEquals("read", told.path("route").asText());
        assertEquals("t", told.path("topic").asText());
        assertTrue(told.path("group").isMissingNode());
        assertTrue(told.path("connection").asText().startsWith("TCP /127.0.0.1:"));
        assertEquals(1, told.path("partitions").asInt());
        assertEquals(0, told.path("demand").asLong(-1));
        assertEquals(7, told.path("lag").asLong());
        assertTrue(told.path("lagMs").asLong(-1) >= 0);
        assertEquals("NO_DEMAND", told.path("waits").asText());
        assertTrue(told.path("bytes").asLong() > 0);
    }

    @Test
    void a_reader_at_the_end_waits_for_data_longer_and_longer() {
        publish(10, 10);
        client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", Long.MAX_VALUE);

        long waited = untilWaits(WaitReason.NO_DATA).path("waitsMs").asLong();
        JsonNode later = until("", subscription -> subscription.path("waitsMs").asLong() > waited + 50);

        assertEquals(0, later.path("lag").asLong(-1));
        assertEquals(0, later.path("lagMs").asLong(-1));
        assertEquals(SubscriptionStats.MAX_NUMBER, later.path("demand").asLong());
        assertEquals("NO_DATA", later.path("waits").asText());
    }

    @Test
    void a_reader_without_bytes_is_told_apart_from_one_that_does_not_read() {
        publish(10, 1_000);
        RawClient.Channel channel = client.channel(
                "read.batched", new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"}"), Long.MAX_VALUE);
        channel.send(new Message.Credit(100, 1));

        JsonNode told = untilWaits(WaitReason.NO_BYTES);

        assertEquals(1, told.path("records").asLong());
        assertEquals(99, told.path("demand").asLong());
        assertEquals(0, told.path("demandBytes").asLong(-1));
    }

    @Test
    void a_peer_that_does_not_read_is_told_as_such() {
        publish(20_000, 1_000);
        try (RawSocket hostile = new RawSocket(server)) {
            hostile.setUp()
                    .requestChannel(
                            1,
                            "read.batched",
                            new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"}"),
                            Integer.MAX_VALUE);
            hostile.message(1, new Message.Credit(Long.MAX_VALUE, Long.MAX_VALUE));

            // Until the buffers of both systems are full, the connection blocks and opens again.
            JsonNode told = until(
                    "",
                    subscription -> subscription.path("waits").asText().equals("SOCKET_BLOCKED")
                            && subscription.path("waitsMs").asLong() >= 200);

            assertTrue(told.path("bytesInFlight").asLong() > 64 << 10, told.toString());
            assertTrue(told.path("lag").asLong() > 0);
        }
    }

    @Test
    void a_reading_is_recognised_by_its_label() {
        publish(1, 10);
        String labelled = "{\"topic\":\"t\",\"from\":\"earliest\",\"label\":\"mine\"}";
        client.stream("read", labelled, 1).text();
        JsonNode plain = until("", subscription -> subscription.path("records").asLong() == 1);
        client.stream("read", "{\"topic\":\"t\",\"from\":\"latest\"}", 1);
        client.channel("read.batched", new Message.Open(labelled.replace("mine", "other")), Long.MAX_VALUE);

        assertEquals("mine", plain.path("label").asText());
        RawClient.Stream stream = watcher.stream("stats", "{" + SOON + "}", Long.MAX_VALUE);
        JsonNode told = next(stream);
        while (told.path("count").asInt() < 3) {
            told = next(stream);
        }
        stream.cancel();
        assertEquals(
                Set.of("", "mine", "other"),
                StreamSupport.stream(told.path("subscriptions").spliterator(), false)
                        .map(each -> each.path("label").asText())
                        .collect(Collectors.toSet()));
    }

    /** A stream over plain HTTP, of which nothing is read but what fits into the socket. */
    private Socket httpStream() throws IOException {
        Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), server.httpAddress().getPort());
        socket.getOutputStream()
                .write(("GET /v1/topics/t/stream?from=earliest HTTP/1.1\r\nHost: 127.0.0.1:" + socket.getPort()
                                + "\r\n\r\n")
                        .getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    @Test
    void a_stream_over_plain_http_is_told_as_long_as_it_lasts() throws IOException {
        publish(10, 10);
        try (Socket socket = httpStream()) {
            JsonNode told = untilWaits(WaitReason.NO_DATA);

            assertEquals("stream", told.path("route").asText());
            assertEquals("t", told.path("topic").asText());
            assertEquals(
                    "HTTP /127.0.0.1:" + socket.getLocalPort(),
                    told.path("connection").asText());
            assertEquals(10, told.path("records").asLong());
            assertEquals(0, told.path("lag").asLong(-1));
            assertEquals(SubscriptionStats.MAX_NUMBER, told.path("demand").asLong());
        }
        until("", JsonNode::isMissingNode);
    }

    @Test
    void one_over_plain_http_that_is_not_read_is_told_as_such() throws IOException {
        publish(20_000, 1_000);
        try (Socket socket = httpStream()) {
            JsonNode told = until(
                    "",
                    subscription -> subscription.path("waits").asText().equals("SOCKET_BLOCKED")
                            && subscription.path("waitsMs").asLong() >= 200);

            assertTrue(told.path("connection").asText().endsWith(":" + socket.getLocalPort()), told.toString());
            assertTrue(told.path("lag").asLong() > 0, told.toString());
        }
    }

    @Test
    void a_label_of_no_use_is_refused() {
        String open = "{\"topic\":\"t\",\"from\":\"earliest\",\"label\":\"%s\"}";
        for (String label : List.of("", "x".repeat(101))) {
            assertTrue(client.stream("read", open.formatted(label), 1)
                    .end()
                    .contains("'label' is 1 to 100 characters, not " + label.length()));
        }
    }

    @Test
    void members_are_told_with_their_group_and_may_be_asked_for() {
        publish(5, 10);
        client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 1).text();
        Disposable member =
                levada.group("g").subscribe("t").flatMap(Assignment::deliveries).subscribe();

        JsonNode told = until(
                ",\"group\":\"g\"",
                subscription -> subscription.path("partitions").asInt() == 1);

        assertEquals("group.partition.batched", told.path("route").asText());
        assertEquals("g", told.path("group").asText());
        assertTrue(told.path("member").asText().length() > 0);
        assertTrue(told.path("topic").isMissingNode());
        member.dispose();
    }

    @Test
    void a_member_that_owns_nothing_is_told_apart_from_one_that_is_out() {
        client.jsonChannel("group", JOIN, Long.MAX_VALUE).down.text();
        RawClient.Channel idle = client.jsonChannel("group", JOIN, Long.MAX_VALUE);
        JsonNode joined = next(idle.down);
        assertEquals("idle", next(idle.down).path("type").asText());
        String open =
                Json.object().put("member", joined.path("member").asText()).toString();
        client.channel("group.partition.batched", new Message.Open(open), Long.MAX_VALUE)
                .send(new Message.Credit(100, 1_000));

        untilWaits(WaitReason.PAUSED);
        idle.send("{\"type\":\"abort\"}");
        untilWaits(WaitReason.FENCED);
    }

    @Test
    void what_was_not_asked_for_is_not_told() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 1);
        }
        until("", subscription -> !subscription.isMissingNode());
        Await.until("all are there", () -> {
            RawClient.Stream once = watcher.stream("stats", "{}", 1);
            int count = next(once).path("count").asInt();
            once.cancel();
            return count == 3;
        });
        RawClient.Stream stream = watcher.stream("stats", "{\"limit\":2," + SOON + "}", 1);
        JsonNode told = next(stream);

        assertEquals(3, told.path("count").asInt());
        assertEquals(2, told.path("subscriptions").size());
        assertEquals(3, told.path("connections").asInt());
        assertEquals(0, told.path("lag").asLong(-1));
        TimeUnit.MILLISECONDS.sleep(300);
        assertNull(stream.payloads.peek(), "more than was asked for");

        publish(4, 10);
        stream.request(1);
        assertTrue(next(stream).path("lag").asLong() > 0, "old statistics");
        RawClient.Stream other = watcher.stream("stats", "{\"topic\":\"u\"}", 1);
        assertEquals(0, next(other).path("count").asInt(-1));
        other.cancel();
        stream.cancel();
    }

    @Test
    void what_cannot_be_asked_for_is_explained() {
        assertTrue(watcher.stream("stats", "{\"intervalMs\":5}", 1)
                .end()
                .contains("stats takes 'intervalMs' from 100 to 60000, not 5"));
        assertTrue(watcher.stream("stats", "{\"limit\":0}", 1).end().contains("stats takes 'limit' from 1 to 1000"));
        assertTrue(watcher.stream("stats", "{\"x\":0}", 1).end().contains("stats has no 'x'"));
    }
}
