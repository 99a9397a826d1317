package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.rest.RestServer.Answer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pages of records, each with the token for the next. */
@Timeout(60)
final class PageTest {
    private static final String RECORDS = "/v1/topics/t/records";
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
        assertEquals(
                to - from,
                server.post(RECORDS, "application/x-ndjson", lines)
                        .text()
                        .lines()
                        .count());
    }

    private static List<String> values(Answer page) {
        assertEquals(200, page.status(), page.text());
        List<String> values = new ArrayList<>();
        page.json()
                .path("records")
                .forEach(record -> values.add(record.path("value").asText()));
        return values;
    }

    private static String next(Answer page) {
        return URLEncoder.encode(page.json().path("next").asText(), StandardCharsets.UTF_8);
    }

    @Test
    void pages_give_every_record_once_and_end_with_an_empty_one_that_still_has_a_next() {
        publish(0, 1_000);
        Set<String> seen = new HashSet<>();
        Answer page = server.get(RECORDS + "?max=77");
        int pages = 0;
        while (!values(page).isEmpty()) {
            assertTrue(values(page).size() <= 77);
            for (String value : values(page)) {
                assertTrue(seen.add(value), value + " came twice");
            }
            pages++;
            page = server.get(RECORDS + "?max=77&from=" + next(page));
        }
        assertEquals(1_000, seen.size());
        assertEquals(13, pages);

        publish(1_000, 1_001);
        Answer later = server.get(RECORDS + "?from=" + next(page));
        assertEquals(List.of("1000"), values(later));
    }

    @Test
    void the_same_page_is_the_same_however_often_it_is_asked_for() {
        publish(0, 10);
        Answer page = server.get(RECORDS + "?max=4&partition=0");

        assertEquals(page.text(), server.get(RECORDS + "?max=4&partition=0").text());
    }

    @Test
    void a_page_ends_behind_the_record_that_fills_it() {
        for (int i = 0; i < 5; i++) {
            server.post(RECORDS + "?partition=0", "text/plain", "x".repeat(1_000));
        }
        assertEquals(3, values(server.get(RECORDS + "?maxBytes=2500")).size());
        assertEquals(1, values(server.get(RECORDS + "?maxBytes=1")).size());
    }

    @Test
    void waits_for_the_first_record_and_no_longer() throws Exception {
        Answer latest = server.get(RECORDS + "?from=latest");
        CompletableFuture<Answer> waiting =
                CompletableFuture.supplyAsync(() -> server.get(RECORDS + "?wait=30s&from=" + next(latest)));
        publish(0, 1);
        assertEquals(List.of("0"), values(waiting.get(20, TimeUnit.SECONDS)));

        Answer nothing = server.get(RECORDS + "?wait=100ms&from=" + next(server.get(RECORDS + "?from=latest")));
        assertEquals(List.of(), values(nothing));
        assertTrue(nothing.json().path("next").isTextual());
    }

    @Test
    void starts_where_it_is_told() {
        publish(0, 30);
        JsonNode described =
                server.get("/v1/topics/t").json().path("partitions").path(1);
        long end = described.path("end").asLong();

        assertEquals(end, values(server.get(RECORDS + "?partition=1")).size());
        assertEquals(
                end - 2,
                values(server.get(RECORDS + "?partition=1&from=offset:2")).size());
        assertEquals(
                2,
                values(server.get(RECORDS + "?partition=1&from=offset:2&to=offset:4"))
                        .size());
        assertEquals(List.of(), values(server.get(RECORDS + "?from=latest")));
        assertEquals(
                30,
                values(server.get(RECORDS + "?from=time:2001-01-01T00:00:00Z")).size());
        Answer future = server.get(RECORDS + "?from=time:2101-01-01T00:00:00Z");
        assertEquals(List.of(), values(future));
        publish(30, 31);
        assertEquals(List.of("30"), values(server.get(RECORDS + "?from=" + next(future))));
    }

    @Test
    void a_filter_leaves_out_what_is_not_wanted() {
        publish(0, 30);
        String filter = URLEncoder.encode("{\"key\":{\"prefix\":\"2\"}}", StandardCharsets.UTF_8);

        assertEquals(11, values(server.get(RECORDS + "?filter=" + filter)).size());
    }

    @ParameterizedTest
    @CsvSource({
        "'/v1/topics/nope/records', 404, UNKNOWN_TOPIC_OR_PARTITION",
        "'/v1/topics/t/records?partition=9', 404, UNKNOWN_TOPIC_OR_PARTITION",
        "'/v1/topics/t/records?from=offset:1', 410, OFFSET_OUT_OF_RANGE",
        "'/v1/topics/t/records?from=committed', 400, INVALID_REQUEST",
        "'/v1/topics/t/records?from=t1.damaged', 400, INVALID_REQUEST",
        "'/v1/topics/t/records?max=0', 400, INVALID_REQUEST",
        "'/v1/topics/t/records?max=x', 400, INVALID_REQUEST",
        "'/v1/topics/t/records?wait=1', 400, INVALID_REQUEST",
        "'/v1/topics/t/records?wait=2h', 400, INVALID_REQUEST",
        "'/v1/topics/t/records?mx=1', 400, INVALID_REQUEST",
        "'/v1/topics/t/records?max=1&max=2', 400, INVALID_REQUEST",
        "'/v1/topics/t/records?filter=%7B', 400, INVALID_REQUEST",
        "'/v1/topics/t/nope', 404, INVALID_REQUEST",
        "'/v1/topics/%2e%2e/records', 404, UNKNOWN_TOPIC_OR_PARTITION"
    })
    void what_cannot_be_is_refused(String path, int status, String code) {
        Answer answer = server.get(path);

        assertEquals(status, answer.status(), answer.text());
        assertEquals(code, answer.code());
    }

    @Test
    void a_token_of_a_topic_that_was_created_anew_is_noticed() {
        publish(0, 3);
        String token = next(server.get(RECORDS));
        server.send("DELETE", "/v1/topics/t", "text/plain", "");
        server.createTopic("t", 3);

        Answer answer = server.get(RECORDS + "?from=" + token);
        assertEquals(409, answer.status());
        assertEquals("LOG_CHANGED", answer.code());
    }
}
