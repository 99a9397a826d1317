package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
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
import java.util.List;
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
    private static final Pattern METRIC = Pattern.compile("\\b(?:levada|jvm|process|system)_\\w+");

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
        return NAME.matcher(text.replaceAll("(?m)^#.*$", ""))
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void what_goes_through_is_counted_by_the_batch_and_by_the_code() throws Exception {
        publish("t", 10);
        RawClient.Stream stream = client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 10);
        for (int i = 0; i < 10; i++) {
            stream.text();
        }
        client.stream("read", "{\"topic\":\"none\",\"from\":\"earliest\"}", 1).end();
        get("DELETE");

        Await.until("published", () -> tells("levada_published_records_total 10.0"));
        assertTrue(tells("levada_delivered_records_total 10.0"));
        assertTrue(tells("levada_errors_total{code=\"UNKNOWN_TOPIC_OR_PARTITION\"} 1.0"));
        assertTrue(tells("levada_errors_total{code=\"STORAGE_FULL\"} 0.0"));
        assertTrue(tells("levada_http_requests_total{route=\"/metrics\",status=\"405\"} 1.0"));
        assertTrue(tells("levada_publishing 1.0"));
        assertTrue(tells("levada_start_clean 1.0"));
        String page = get("GET").body();
        double acks = value(page, "levada_ack_seconds_count");
        assertTrue(acks >= 1 && acks <= 10, "one for each batch: " + acks);
        assertEquals(acks, value(page, "levada_ack_seconds_bucket{le=\"+Inf\"}"));
        assertTrue(value(page, "levada_published_bytes_total") > 100, page);
        assertTrue(value(page, "levada_journal_force_seconds_count") >= 1, page);
        assertTrue(value(page, "levada_log_bytes") > 100, page);
        assertTrue(value(page, "levada_partitions") >= 1, page);
    }

    /** Who sends any path cannot make the page grow. */
    @Test
    void paths_that_nobody_knows_are_counted_as_one() throws Exception {
        for (String path : List.of("/a", "/b?c", "/%2e%2e/d")) {
            URI uri = URI.create("http://127.0.0.1:" + server.httpAddress().getPort() + path);
            http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.discarding());
        }
        Await.until("all are counted", () -> tells("levada_http_requests_total{route=\"page\",status=\"404\"} 3.0"));
    }

    private static double value(String page, String name) {
        return page.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in " + page));
    }

    /** What the dashboard asks for is there to be asked for; {@code up} is Prometheus's own. */
    @Test
    void every_figure_of_the_dashboard_is_on_the_page() throws Exception {
        publish("t", 1);
        client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 1).text();
        Await.until("it is told", () -> tells("levada_subscriptions{waits=\"NO_DEMAND\"} 1.0"));
        String page = get("GET").body();
        Set<String> told =
                METRIC.matcher(page).results().map(MatchResult::group).collect(Collectors.toSet());

        List<String> asked = new ObjectMapper()
                .readTree(Path.of("packaging/grafana-levada.json").toFile())
                .findValuesAsText("expr");
        assertTrue(asked.size() > 10, asked.toString());
        for (String expression : asked) {
            Set<String> names =
                    METRIC.matcher(expression).results().map(MatchResult::group).collect(Collectors.toSet());
            assertTrue(!names.isEmpty() && told.containsAll(names), expression + " asks for what is not told");
        }
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
