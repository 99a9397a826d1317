package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.rest.RestServer.Answer;
import io.levada.wire.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Live streams over HTTP: server-sent events, and lines. */
@Timeout(60)
final class LiveStreamTest {
    private final RestServer server = RestServer.start();

    @BeforeEach
    void create() {
        server.createTopic("t", 3);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private void publish(int from, int to) {
        String lines = IntStream.range(from, to)
                .mapToObj(i -> "{\"key\":\"" + i + "\",\"value\":\"" + i + "\"}")
                .collect(Collectors.joining("\n"));
        server.post("/v1/topics/t/records", "application/x-ndjson", lines);
    }

    private RawHttp open(String query, String... headers) throws Exception {
        RawHttp http = new RawHttp(server.port());
        http.send("GET /v1/topics/t/stream" + query + " HTTP/1.1\r\nHost: 127.0.0.1:" + server.port() + "\r\n");
        for (String header : headers) {
            http.send(header + "\r\n");
        }
        http.send("\r\n");
        return http;
    }

    private static JsonNode event(RawHttp http) throws Exception {
        return Json.tree("an event", http.lineWith("data: ").substring("data: ".length()));
    }

    @Test
    void events_come_as_records_are_published() throws Exception {
        try (RawHttp http = open("")) {
            assertTrue(http.line().contains("200"));
            http.lineWith("text/event-stream");
            http.lineWith("retry: ");
            http.lineWith("id: t1.");
            for (int i = 0; i < 3; i++) {
                publish(i, i + 1);
                assertEquals(String.valueOf(i), event(http).path("value").asText());
            }
        }
    }

    @Test
    void lines_come_for_those_who_ask_for_them() throws Exception {
        try (RawHttp http = open("?from=latest", "Accept: application/x-ndjson")) {
            http.lineWith("application/x-ndjson");
            publish(0, 1);
            assertEquals(
                    "0", Json.tree("a line", http.lineWith("{")).path("value").asText());
        }
    }

    @Test
    void goes_on_behind_the_last_event_id_without_gap_or_duplicate() throws Exception {
        publish(0, 300);
        Set<String> seen = new HashSet<>();
        String last = "";
        while (seen.size() < 300) {
            try (RawHttp http =
                    last.isEmpty() ? open("?from=earliest") : open("?from=earliest", "Last-Event-ID: " + last)) {
                for (int i = 0; i < 17 && seen.size() < 300; i++) {
                    String line = http.lineWith(": ");
                    while (!line.startsWith("data: ")) {
                        last = line.startsWith("id: ") ? line.substring("id: ".length()) : last;
                        line = http.lineWith(": ");
                    }
                    assertTrue(seen.add(Json.tree("an event", line.substring("data: ".length()))
                            .path("value")
                            .asText()));
                }
            }
        }
        try (RawHttp http = open("?from=earliest", "Last-Event-ID: " + last)) {
            http.lineWith("id: " + last);
            publish(300, 301);
            assertEquals("300", event(http).path("value").asText());
        }
    }

    @Test
    void a_reader_cut_off_before_its_first_event_misses_nothing() throws Exception {
        publish(0, 5);
        String id;
        try (RawHttp http = open("")) {
            id = http.lineWith("id: ").substring("id: ".length());
        }
        publish(5, 6);
        try (RawHttp http = open("", "Last-Event-ID: " + id)) {
            assertEquals("5", event(http).path("value").asText());
        }
    }

    @Test
    void a_stream_with_an_end_ends() {
        publish(0, 10);
        Answer events = server.get("/v1/topics/t/stream?from=earliest&to=now");

        assertEquals(
                10,
                events.text().lines().filter(line -> line.startsWith("data: ")).count());
    }

    @Test
    void what_is_wrong_has_its_status_while_nothing_was_sent_and_is_the_last_event_later() throws Exception {
        assertEquals(404, server.get("/v1/topics/nope/stream").status());
        assertEquals(
                "OFFSET_OUT_OF_RANGE",
                server.get("/v1/topics/t/stream?from=offset:7").code());
        publish(0, 1);
        try (RawHttp http = open("?from=earliest")) {
            event(http);
            server.send("DELETE", "/v1/topics/t", "text/plain", "");
            http.lineWith("event: error");
            assertEquals(
                    "UNKNOWN_TOPIC_OR_PARTITION",
                    event(http).path("error").path("code").asText());
        }
    }

    @Test
    void more_partitions_than_a_stream_may_have_are_read_one_by_one() {
        server.createTopic("wide", 129);

        assertEquals("INVALID_REQUEST", server.get("/v1/topics/wide/stream").code());
        assertEquals(
                200,
                server.get("/v1/topics/wide/stream?partition=128&from=earliest&to=now")
                        .status());
    }

    @Test
    void a_server_that_stops_says_so_and_where_to_go_on() throws Exception {
        publish(0, 1);
        try (RawHttp http = open("?from=earliest")) {
            event(http);
            server.close();
            List<String> lines = new ArrayList<>(http.rest().lines().toList());
            assertTrue(lines.stream().anyMatch(line -> line.contains("GOING_AWAY")), lines.toString());
        }
    }
}
