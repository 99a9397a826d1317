package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** What {@code /metrics} tells of a server and its subscriptions. */
final class MetricsTest {
    private static final Pattern NAME = Pattern.compile("\\blevada_\\w+");

    private final EmbeddedEngine engine = EmbeddedEngine.open("memory:");
    private final GatewayServer server = Servers.start(engine);
    private final RawClient client = RawClient.tcp(server);
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void stop() {
        client.close();
        server.close();
        engine.close();
    }

    private HttpResponse<String> get(String method) throws IOException, InterruptedException {
        URI page = URI.create("http://127.0.0.1:" + server.httpAddress().getPort() + "/metrics");
        return http.send(
                HttpRequest.newBuilder(page)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());
    }

    private boolean tells(String line) {
        try {
            return get("GET").body().lines().anyMatch(line::equals);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void publish(String topic, int records) {
        try (Levada levada =
                Levada.open("rsocket://127.0.0.1:" + server.tcpAddress().getPort())) {
            levada.blocking().createTopic(TopicSpec.of(topic));
            levada.publish(topic, Flux.range(0, records).map(i -> Record.ofValue("v")))
                    .blockLast(Await.LIMIT);
        }
    }

    @Test
    void subscriptions_are_told_by_why_they_wait_and_by_how_far_their_topic_lags() {
        publish("t", 10);
        for (int i = 0; i < 2; i++) {
            RawClient.Stream stream = client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 3);
            stream.text();
        }
        Await.until("both wait for demand", () -> tells("levada_subscriptions{waits=\"NO_DEMAND\"} 2.0"));
        assertTrue(tells("levada_subscriptions{waits=\"NO_DATA\"} 0.0"));
        assertTrue(tells("levada_subscription_lag_records{group=\"\",topic=\"t\"} 14.0"));
        assertTrue(tells("levada_storage_reads_total 1.0"));
        assertTrue(tells("levada_connections 1.0"));
        client.close();
        Await.until("nobody reads", () -> tells("levada_subscriptions{waits=\"NO_DEMAND\"} 0.0"));
        Await.until("nothing is told of the topic", () -> !tells("levada_subscription_lag_records"));
    }

    @Test
    void every_figure_stands_in_the_documentation_and_no_other() throws Exception {
        publish("t", 1);
        client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 1).text();
        Await.until("it is told", () -> tells("levada_subscriptions{waits=\"NO_DEMAND\"} 1.0"));
        Set<String> told = names(get("GET").body());
        told.add("levada_tls_certificate_expiry_seconds"); // with TLS alone, see TlsReloadTest
        assertEquals(names(Files.readString(Path.of("../engine/docs/METRICS.md"))), told);
    }

    private static Set<String> names(String text) {
        return NAME.matcher(text).results().map(MatchResult::group).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void it_is_a_page_for_prometheus_and_for_get_alone() throws Exception {
        HttpResponse<String> page = get("GET");
        assertEquals(200, page.statusCode());
        assertEquals(
                "text/plain; version=0.0.4; charset=utf-8",
                page.headers().firstValue("Content-Type").orElse(""));
        assertTrue(page.body().contains("jvm_memory_used_bytes{"), page.body());
        assertEquals(405, get("DELETE").statusCode());
    }
}
