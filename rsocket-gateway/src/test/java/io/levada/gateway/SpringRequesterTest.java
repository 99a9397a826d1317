package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.engine.EmbeddedEngine;
import io.levada.wire.Json;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.messaging.rsocket.RSocketRequester;
import org.springframework.util.MimeTypeUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Spring's client of RSocket, which knows routes and JSON, and nothing of Levada. */
@Timeout(60)
final class SpringRequesterTest {
    private final EmbeddedEngine engine = EmbeddedEngine.open("memory:");
    private final GatewayServer server = Servers.start(engine);

    @AfterEach
    void stop() {
        server.close();
        engine.close();
    }

    private RSocketRequester requester(String transport) {
        RSocketRequester.Builder builder = RSocketRequester.builder().dataMimeType(MimeTypeUtils.APPLICATION_JSON);
        return transport.equals("tcp")
                ? builder.tcp("127.0.0.1", server.tcpAddress().getPort())
                : builder.websocket(
                        URI.create("ws://127.0.0.1:" + server.httpAddress().getPort() + "/rsocket"));
    }

    private static JsonNode ask(RSocketRequester requester, String route, String json) {
        Mono<String> answer = requester.route(route).data(json).retrieveMono(String.class);
        return Json.tree("an answer", answer.blockOptional(Await.LIMIT).orElseThrow());
    }

    private static Flux<String> values(RSocketRequester requester, String read) {
        return requester.route("read").data(read).retrieveFlux(String.class).map(json -> Json.tree("a record", json)
                .path("value")
                .asText());
    }

    private static void publish(RSocketRequester requester, int count) {
        ask(requester, "topics.create", "{\"name\":\"t\"}");
        String records = IntStream.range(0, count)
                .mapToObj(i -> "{\"key\":\"k\",\"value\":\"" + i + "\"}")
                .collect(Collectors.joining(","));
        JsonNode places = ask(requester, "publish", "{\"topic\":\"t\",\"records\":[" + records + "]}")
                .path("records");
        assertEquals(count, places.size());
        assertEquals(count - 1, places.path(count - 1).path("offset").asInt());
    }

    /** What the server says of the only subscription, once that waits for demand. */
    private static JsonNode waiting(RSocketRequester requester) {
        return requester
                .route("stats")
                .data("{\"topic\":\"t\",\"intervalMs\":100}")
                .retrieveFlux(String.class)
                .map(json -> Json.tree("stats", json).path("subscriptions").path(0))
                .filter(subscription -> subscription.path("waits").asText().equals("NO_DEMAND"))
                .next()
                .blockOptional(Await.LIMIT)
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ws"})
    void reads_exactly_as_many_as_it_asks_for(String transport) {
        RSocketRequester requester = requester(transport);
        try {
            publish(requester, 10);

            List<Integer> given = new ArrayList<>();
            Runnable look = () -> given.add(waiting(requester).path("records").asInt());
            StepVerifier.create(values(requester, "{\"topic\":\"t\",\"from\":\"earliest\"}"), 0)
                    .thenRequest(3)
                    .expectNext("0", "1", "2")
                    .then(look)
                    .thenRequest(2)
                    .expectNext("3", "4")
                    .then(look)
                    .thenCancel()
                    .verify(Await.LIMIT);
            assertEquals(List.of(3, 5), given);
        } finally {
            requester.dispose();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ws"})
    void a_stream_with_an_end_completes_and_an_error_tells_its_code(String transport) {
        RSocketRequester requester = requester(transport);
        try {
            publish(requester, 3);

            StepVerifier.create(values(requester, "{\"topic\":\"t\",\"from\":\"offset:1\",\"to\":\"now\"}"))
                    .expectNext("1", "2")
                    .expectComplete()
                    .verify(Await.LIMIT);
            StepVerifier.create(values(requester, "{\"topic\":\"nope\",\"from\":\"earliest\"}"))
                    .expectErrorSatisfies(error ->
                            assertTrue(String.valueOf(error.getMessage()).contains("UNKNOWN_TOPIC_OR_PARTITION")))
                    .verify(Await.LIMIT);
        } finally {
            requester.dispose();
        }
    }
}
