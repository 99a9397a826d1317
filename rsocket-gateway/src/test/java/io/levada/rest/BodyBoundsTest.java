package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.facade.Engine;
import io.levada.gateway.Await;
import io.levada.wire.OutboundPool;
import io.micrometer.observation.ObservationRegistry;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** What bodies that are held as a whole may cost together, and for how long. */
@Timeout(60)
final class BodyBoundsTest {
    private static final int MOST = 128 << 10;
    private static final int RESETS = 200;

    private final Engine engine = EmbeddedEngine.open("memory:");
    private final RestLimits limits =
            RestLimits.defaults().withMaxBodyBytes(MOST).withBodyPoolBytes(MOST);
    private RestRoutes routes = routes(limits);
    private final DisposableServer server = serve();

    private static RestRoutes routes(RestLimits limits) {
        return new RestRoutes(new OutboundPool(64 << 20), 1 << 20, limits, ObservationRegistry.NOOP, () -> null);
    }

    private DisposableServer serve() {
        return HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> routes.answer(request, response, new Caller("anybody", engine)))
                .bindNow();
    }

    @BeforeEach
    void create() {
        engine.topics().create(TopicSpec.of("t")).block();
    }

    @AfterEach
    void stop() {
        server.disposeNow();
        engine.close();
    }

    private RawHttp begin(String topic, int announced, int sent) throws Exception {
        RawHttp http = new RawHttp(server.port());
        http.send("POST /v1/topics/" + topic
                + "/records HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                + "Content-Length: " + announced + "\r\n\r\n" + "x".repeat(sent));
        return http;
    }

    @Test
    void a_body_that_stands_still_is_given_up_with_its_connection() throws Exception {
        routes = routes(limits.withBodyTimeout(Duration.ofSeconds(2)));
        try (RawHttp http = new RawHttp(server.port())) {
            http.send("POST /v1/topics/t/records HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx");
            String answer = http.rest();
            assertTrue(answer.startsWith("HTTP/1.1 504") && answer.contains("TIMEOUT"), answer);
        }
    }

    @Test
    void bodies_share_the_room_there_is_and_give_it_back() throws Exception {
        try (RawHttp first = begin("t", 100_000, 90_000)) {
            Await.until("it holds what has come", () -> routes.bodyBytes() == 90_000);
            try (RawHttp second = begin("t", 60_000, MOST - 90_000 + 1)) {
                String answer = second.rest();
                assertTrue(answer.startsWith("HTTP/1.1 429") && answer.contains("THROTTLED"), answer);
            }
            first.send("x".repeat(10_000));
            assertTrue(first.rest().contains("\"offset\":0"));
        }
        try (RawHttp third = begin("t", 120_000, 120_000)) {
            assertTrue(third.rest().contains("\"offset\":1"));
        }
    }

    @Test
    void a_body_beyond_its_bound_is_refused_by_what_it_announces() throws Exception {
        try (RawHttp http = begin("t", MOST + 1, 0)) {
            assertTrue(http.lineWith("HTTP/1.1").contains("413"));
        }
    }

    @Test
    void a_reset_in_the_middle_of_a_body_is_no_error_of_the_server() throws Exception {
        try (RawHttp http = begin("t", 100, 50)) {
            Await.until("it holds what has come", () -> routes.bodyBytes() == 50);
            http.socket().setSoLinger(true, 0);
        }
        Await.until("it is given back", () -> routes.bodyBytes() == 0);
        for (int i = 0; i < RESETS; i++) { // some before the body is asked for, some while it is waited for
            try (RawHttp http = new RawHttp(server.port())) {
                http.send("POST /v1/topics/t/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
                        + "Content-Length: 100\r\n\r\n{\"value\":1}\n{");
                http.socket().setSoLinger(true, 0);
            }
        }
        Await.until("all are over", routes::isIdle);
    }
}
