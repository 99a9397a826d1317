package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.gateway.GatewayConfig;
import io.levada.gateway.GatewayLimits;
import java.net.SocketException;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers of the HTTP port that break rules, or take their time; the server goes on for the others. */
@Timeout(60)
final class HostileHttpTest {
    private static final long BUDGET = 256 << 10;

    private final RestServer server = RestServer.start(
            "memory:",
            GatewayConfig.defaults()
                    .withPorts(0, 0)
                    .withLimits(GatewayLimits.defaults()
                            .withSetupTimeout(Duration.ofSeconds(2))
                            .withOutboundBudgetBytes(BUDGET)));

    @BeforeEach
    void create() {
        server.createTopic("t", 1);
    }

    @AfterEach
    void stop() {
        assertEquals("{\"topics\":[\"t\"]}", server.get("/v1/topics").text());
        server.close();
    }

    private String host() {
        return "Host: 127.0.0.1:" + server.port() + "\r\n";
    }

    private int stored() {
        return server.get("/v1/topics/t/records").json().path("records").size();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                "Content-Length: 5, 6\r\n",
                "Content-Length: +5\r\n",
                "Content-Length: -5\r\n",
                "Transfer-Encoding : chunked\r\n",
                "Transfer-Encoding: chunked\r\n X: folded\r\nContent-Length: 5\r\n",
                "Content-Length: 5\nX: bare\r\n"
            })
    void a_body_that_could_end_at_two_places_is_refused_and_what_follows_is_not_served(String headers)
            throws Exception {
        try (RawHttp http = new RawHttp(server.port())) {
            http.send("POST /v1/topics/t/records HTTP/1.1\r\n" + host() + headers
                    + "\r\n0\r\n\r\nPOST /v1/topics/t/records HTTP/1.1\r\n" + host()
                    + "Content-Length: 8\r\n\r\nsmuggled");
            String answer = http.rest();
            assertTrue(answer.startsWith("HTTP/1.1 400"), answer);
            assertEquals(1, answer.split("HTTP/1.1 ", -1).length - 1, answer);
        }
        assertEquals(0, stored());
    }

    @Test
    void a_head_that_comes_byte_by_byte_is_cut_off() throws Exception {
        try (RawHttp http = new RawHttp(server.port())) {
            long begun = System.nanoTime();
            String head = "GET /v1/topics HTTP/1.1\r\n" + host() + "X: " + "x".repeat(3_000);
            try {
                for (int i = 0; i < head.length(); i++) {
                    http.send(head.substring(i, i + 1));
                    Thread.sleep(20);
                }
            } catch (SocketException closed) {
                // As it is to be.
            }
            long ms = Duration.ofNanos(System.nanoTime() - begun).toMillis();
            assertTrue(ms >= 1_900 && ms < 20_000, ms + " ms");
        }
    }

    @Test
    void a_connection_that_says_nothing_is_closed_and_one_between_requests_is_not() throws Exception {
        try (RawHttp quiet = new RawHttp(server.port());
                RawHttp busy = new RawHttp(server.port())) {
            busy.send("GET /healthz HTTP/1.1\r\n" + host() + "\r\n");
            busy.lineWith("200");
            assertEquals("", quiet.rest());
            Thread.sleep(2_300);
            busy.send("GET /readyz HTTP/1.1\r\n" + host() + "Connection: close\r\n\r\n");
            assertTrue(busy.rest().contains("\"ok\""));
        }
    }

    @Test
    void what_has_begun_may_take_longer_than_a_head() throws Exception {
        try (RawHttp http = new RawHttp(server.port())) {
            http.send("POST /v1/topics/t/records HTTP/1.1\r\n" + host()
                    + "Content-Length: 2\r\nConnection: close\r\n\r\na");
            Thread.sleep(2_300);
            http.send("b");
            assertTrue(http.rest().contains("\"offset\":0"));
        }
    }

    @Test
    void headers_beyond_their_limit_are_refused() throws Exception {
        try (RawHttp http = new RawHttp(server.port())) {
            http.send("GET /v1/topics HTTP/1.1\r\n" + host() + "X: " + "x".repeat(20_000) + "\r\n\r\n");
            String answer = http.rest();
            assertTrue(answer.startsWith("HTTP/1.1 4"), answer);
        }
    }

    @Test
    void a_foreign_host_and_a_foreign_origin_are_refused_before_anything_is_stored() throws Exception {
        for (String headers : new String[] {"Host: evil.example\r\n", host() + "Origin: https://evil.example\r\n"}) {
            try (RawHttp http = new RawHttp(server.port())) {
                http.send("POST /v1/topics/t/records HTTP/1.1\r\n" + headers
                        + "Content-Length: 1\r\nConnection: close\r\n\r\nx");
                assertTrue(http.rest().startsWith("HTTP/1.1 403"));
            }
        }
        assertEquals(0, stored());
    }

    @Test
    void a_peer_that_goes_away_in_the_middle_of_a_body_leaves_nothing() throws Exception {
        for (String type : new String[] {"application/json", "application/x-ndjson", "text/plain"}) {
            try (RawHttp http = new RawHttp(server.port())) {
                http.send("POST /v1/topics/t/records HTTP/1.1\r\n" + host() + "Content-Type: " + type
                        + "\r\nContent-Length: 1000\r\n\r\n[{\"value\":");
            }
        }
        assertEquals(0, stored());
    }

    @Test
    void readers_that_do_not_read_hold_their_budget_and_no_more() throws Exception {
        String lines = IntStream.range(0, 5_000)
                .mapToObj(i -> "{\"value\":\"" + "x".repeat(4_000) + "\"}")
                .collect(Collectors.joining("\n"));
        server.post("/v1/topics/t/records", "application/x-ndjson", lines);
        RawHttp[] stalled = new RawHttp[8];
        for (int i = 0; i < stalled.length; i++) {
            stalled[i] = new RawHttp(server.port());
            stalled[i].socket().setReceiveBufferSize(4_096);
            stalled[i].send("GET /v1/topics/t/stream?from=earliest HTTP/1.1\r\n" + host()
                    + (i % 2 == 0 ? "Accept: application/x-ndjson\r\n" : "") + "\r\n");
        }
        long most = 0;
        for (int i = 0; i < 50; i++) {
            most = Math.max(most, server.heldBytes());
            assertEquals(200, server.get("/v1/topics/t").status());
            Thread.sleep(20);
        }
        assertTrue(most > 0, "nothing was held");
        // A record beyond the budget, and what of a chunk stands around it.
        assertTrue(most <= stalled.length * (BUDGET + 16_384), most + " bytes are held");
        for (RawHttp http : stalled) {
            http.close();
        }
    }
}
