package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.levada.access.AccessControl;
import io.levada.delivery.DeliveryLimits;
import io.levada.gateway.GatewayConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests over HTTP are spans that a collector gets, and what they publish carries their trace. */
final class TracingTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SAMPLED = "00-" + TRACE + "-b7ad6b7169203331-01";
    private static final String NOT_SAMPLED = "00-" + TRACE + "-b7ad6b7169203331-00";

    private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpServer collector;
    private Tracing tracing;
    private Server server;

    @BeforeEach
    void start() throws Exception {
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/v1/traces", exchange -> {
            received.add(exchange.getRequestBody().readAllBytes());
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        tracing = Tracing.to(
                URI.create("http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/traces"), 0);
        server = Server.start(
                "memory:",
                GatewayConfig.defaults().withPorts(0, 0),
                AccessControl.open(),
                DeliveryLimits.defaults(),
                tracing.observations());
        send("/v1/topics", "application/json", "{\"name\":\"orders\"}", "");
    }

    @AfterEach
    void stop() {
        server.close();
        tracing.close();
        collector.stop(0);
    }

    private String send(String path, String type, String body, String traceparent, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.httpAddress() + path))
                .header("Content-Type", type)
                .POST(BodyPublishers.ofString(body));
        if (!traceparent.isEmpty()) {
            request.header("traceparent", traceparent);
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString()).body();
    }

    private String stored() throws Exception {
        return client.send(
                        HttpRequest.newBuilder(URI.create(server.httpAddress() + "/v1/topics/orders/records"))
                                .build(),
                        BodyHandlers.ofString())
                .body();
    }

    /** What the collector has got once it holds a text. */
    private String spansWith(String text) throws Exception {
        StringBuilder all = new StringBuilder();
        while (all.indexOf(text) < 0) {
            byte[] more = received.poll(30, TimeUnit.SECONDS);
            if (more == null) {
                throw new AssertionError("no span " + text + " in " + all);
            }
            all.append(new String(more, StandardCharsets.ISO_8859_1));
        }
        return all.toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "/v1/topics/orders/records  | application/json     | {\"value\":\"v\"}                           | ''",
                "/v1/topics/orders/records  | application/json     | {\"value\":\"v\"}                           | Idempotency-Key",
                "/v1/topics/orders/records  | application/x-ndjson | {\"value\":\"v\"}                           | ''",
                "/v1/topics/orders/records  | text/plain           | v                                             | ''",
                "/v3/clusters/c/topics/orders/records | application/json | {\"value\":{\"type\":\"JSON\",\"data\":1}} | ''",
            })
    void a_request_that_is_traced_goes_on_in_what_it_publishes(String path, String type, String body, String header)
            throws Exception {
        String answer =
                header.length() > 2 ? send(path, type, body, SAMPLED, header, "k") : send(path, type, body, SAMPLED);
        assertTrue(answer.contains("offset"), answer);
        String page = stored();
        assertTrue(page.contains("00-" + TRACE), page);
        assertFalse(page.contains(SAMPLED), "it carries the span of publishing, which is another");
        String spans = spansWith("POST /v");
        assertTrue(spans.contains("send orders"), spans);
        assertTrue(spans.contains(new String(HexFormat.of().parseHex(TRACE), StandardCharsets.ISO_8859_1)), spans);
    }

    @Test
    void one_that_is_not_to_be_traced_carries_that_and_is_not_told() throws Exception {
        send("/v1/topics/orders/records", "application/json", "{\"value\":\"v\"}", NOT_SAMPLED);
        assertTrue(stored().contains("00-" + TRACE), "who reads it is not to begin another");
        send("/v1/topics/nowhere/records", "application/json", "{\"value\":\"v\"}", SAMPLED);
        String spans = spansWith("404");
        assertEquals(-1, spans.indexOf("send orders"));
    }
}
