package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.sdk.FakeServer.Transport;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

class RequestTest {
    private static final UUID ID = new UUID(1, 2);
    private static final UUID LOG_ID = new UUID(3, 4);
    private static final String TOPIC = "{\"name\":\"t\",\"id\":\"" + ID + "\",\"logId\":\"" + LOG_ID
            + "\",\"partitions\":[{\"partition\":0,\"start\":1,\"end\":9,\"durable\":8,\"bytes\":700}],"
            + "\"config\":{\"segment.bytes\":\"1000\"},\"added\":\"later\"}";

    private final FakeServer server = new FakeServer(Transport.TCP);
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private RemoteEngine engine = server.engine();

    @BeforeEach
    void connect() {
        engine.connect();
    }

    @AfterEach
    void close() {
        engine.close();
        server.close();
    }

    private void answer(String route, String json) {
        server.answer(route, request -> {
            requests.add(request);
            return Mono.just(json);
        });
    }

    private String request() {
        return Await.next(requests, "request");
    }

    @Test
    void topics_are_created_described_listed_and_deleted_by_one_request_each() {
        answer("topics.create", TOPIC);
        answer("topics.describe", TOPIC);
        answer("topics.list", "{\"topics\":[\"a\",\"b\"]}");
        answer("topics.delete", "{}");
        TopicDescription expected = new TopicDescription(
                "t", ID, LOG_ID, List.of(new PartitionDescription(0, 1, 9, 8, 700)), Map.of("segment.bytes", "1000"));

        TopicSpec spec = TopicSpec.of("t").partitions(4).config(Map.of("segment.bytes", "1000"));
        assertEquals(expected, Await.value(engine.topics().create(spec)));
        assertEquals(
                FakeServer.json("{\"name\":\"t\",\"partitions\":4,\"replicationFactor\":1,"
                        + "\"config\":{\"segment.bytes\":\"1000\"}}"),
                FakeServer.json(request()));
        assertEquals(expected, Await.value(engine.topics().describe("t")));
        assertEquals("{\"name\":\"t\"}", request());
        assertEquals(List.of("a", "b"), Await.value(engine.topics().list().collectList()));
        assertEquals("{}", request());
        assertNull(engine.topics().delete("t").block(Await.LIMIT));
        assertEquals("{\"name\":\"t\"}", request());
    }

    @Test
    void offsets_of_a_position_are_one_request() {
        answer(
                "offsets",
                "{\"topic\":\"t\",\"offsets\":[{\"partition\":0,\"offset\":8},{\"partition\":1,\"offset\":0}]}");

        Position noon = Position.time(Instant.parse("2026-01-05T12:00:00Z"));
        assertEquals(Map.of(0, 8L, 1, 0L), Await.value(engine.topics().offsets("t", null, noon)));
        assertEquals("{\"topic\":\"t\",\"at\":\"time:2026-01-05T12:00:00Z\"}", request());
        Await.value(engine.topics().offsets("t", 1, Position.latest()));
        assertEquals("{\"topic\":\"t\",\"at\":\"latest\",\"partition\":1}", request());
    }

    @Test
    void topics_are_altered_and_records_deleted_by_one_request_each() {
        answer("topics.alter", TOPIC);
        answer("topics.deleteRecords", "{\"start\":7}");

        assertEquals(
                "t",
                Await.value(engine.topics().alter("t", Map.of("retention.ms", "5000")))
                        .name());
        assertEquals(
                FakeServer.json("{\"name\":\"t\",\"config\":{\"retention.ms\":\"5000\"}}"), FakeServer.json(request()));
        assertEquals(7, Await.value(engine.topics().deleteRecords("t", 2, 5)));
        assertEquals("{\"name\":\"t\",\"partition\":2,\"beforeOffset\":5}", request());
    }

    @Test
    void groups_are_described_listed_and_deleted_by_one_request_each() {
        answer(
                "groups.describe",
                "{\"group\":\"g\",\"state\":\"Stable\",\"generation\":7,\"members\":[{\"member\":\"m\","
                        + "\"partitions\":[{\"topic\":\"t\",\"partition\":2}],\"idle\":false}],\"offsets\":[{\"topic\":\"t\","
                        + "\"partition\":2,\"committed\":-1,\"end\":12,\"lag\":12,\"lagMs\":34}]}");
        answer("groups.list", "{\"groups\":[\"g\"]}");
        answer("groups.delete", "{}");

        GroupDescription group = Await.value(engine.groups().describe("g"));
        assertEquals("{\"group\":\"g\"}", request());
        assertEquals(
                new GroupDescription(
                        "g",
                        "Stable",
                        7,
                        List.of(new GroupDescription.MemberDescription(
                                "m", List.of(new TopicPartition("t", 2)), false)),
                        List.of(new GroupDescription.GroupOffset("t", 2, -1, 12, 12, 34))),
                group);
        assertEquals(List.of("g"), Await.value(engine.groups().list().collectList()));
        assertEquals("{}", request());
        assertNull(engine.groups().delete("g").block(Await.LIMIT));
        assertEquals("{\"group\":\"g\"}", request());
    }

    @Test
    void the_setup_announces_composite_metadata_and_keepalive() {
        Await.until("set up", () -> !server.setups.isEmpty());
        assertEquals("message/x.rsocket.composite-metadata.v0 application/json 2000", server.setups.get(0));
    }

    @Test
    void a_server_error_arrives_with_its_code_and_message() {
        server.answer(
                "topics.describe",
                request -> FakeServer.error("{\"error\":{\"code\":\"UNKNOWN_TOPIC_OR_PARTITION\","
                        + "\"message\":\"there is no topic 't'\",\"retriable\":false}}"));
        LevadaException error =
                Await.failure(() -> engine.topics().describe("t").block());
        assertEquals("UNKNOWN_TOPIC_OR_PARTITION: there is no topic 't'", error.line());
        assertFalse(error.retriable());
    }

    @Test
    void a_code_of_a_newer_server_keeps_its_text() {
        server.answer(
                "topics.describe",
                request -> FakeServer.error(
                        "{\"error\":{\"code\":\"NEW_CODE\",\"message\":\"do this\",\"retriable\":false}}"));
        LevadaException error =
                Await.failure(() -> engine.topics().describe("t").block());
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, error.code());
        assertTrue(error.line().contains("NEW_CODE") && error.line().contains("do this"));
    }

    @Test
    void an_error_in_no_form_of_ours_keeps_its_text() {
        server.answer("topics.describe", request -> FakeServer.error("out of luck"));
        LevadaException error =
                Await.failure(() -> engine.topics().describe("t").block());
        assertEquals("UNKNOWN_SERVER_ERROR: out of luck", error.line());
    }

    @Test
    void answers_that_make_no_sense_fail_cleanly() {
        for (String nonsense : List.of("", "7", "[]", "{", "{}", TOPIC.replace(ID.toString(), "x"))) {
            answer("topics.describe", nonsense);
            LevadaException error =
                    Await.failure(() -> engine.topics().describe("t").block());
            assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, error.code());
            assertTrue(error.line().contains("the server's answer to topics.describe was not understood"));
        }
        server.answer("topics.describe", request -> Mono.empty());
        assertEquals(
                ErrorCode.UNKNOWN_SERVER_ERROR,
                Await.failure(() -> engine.topics().describe("t").block()).code());
        answer("topics.describe", TOPIC);
        assertEquals("t", Await.value(engine.topics().describe("t")).name());
        assertEquals(1, server.connections.size());
    }

    @Test
    void a_request_without_an_answer_ends_by_its_timeout() {
        engine.close();
        engine = new RemoteEngine(new Link(Address.parse(server.address()), LinkLimits.of(Duration.ofMillis(100))));
        LevadaException error =
                Await.failure(() -> engine.topics().describe("t").block(Await.LIMIT));
        assertEquals(ErrorCode.TIMEOUT, error.code());
        assertTrue(error.retriable());
        assertTrue(error.line().contains("did not answer topics.describe within 100 ms"), error.line());
    }

    @Test
    void a_request_under_way_ends_when_the_client_is_closed() {
        BlockingQueue<Throwable> errors = new LinkedBlockingQueue<>();
        engine.topics().describe("t").subscribe(value -> {}, errors::add);
        engine.close();
        Throwable error = Await.next(errors, "error");
        assertEquals(ErrorCode.GOING_AWAY, LevadaException.of(error).code());
    }

    /** Such an error would be logged as one, which no test here lets pass. */
    @Test
    void a_request_let_go_of_just_when_the_connection_is_lost_says_nothing() {
        server.answer("topics.describe", request -> {
            requests.add(request);
            return Mono.never();
        });
        BlockingQueue<Throwable> errors = new LinkedBlockingQueue<>();
        Disposable.Swap other = Disposables.swap();
        Disposable.Swap one = Disposables.swap();
        one.update(engine.topics().describe("one").subscribe(value -> {}, error -> {
            other.dispose();
            errors.add(error);
        }));
        other.update(engine.topics().describe("other").subscribe(value -> {}, error -> {
            one.dispose();
            errors.add(error);
        }));
        request();
        request();
        server.dropConnections();
        Throwable error = Await.next(errors, "error");
        assertEquals(ErrorCode.CONNECTION_LOST, LevadaException.of(error).code());
    }
}
