package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.rest.RestServer.Answer;
import java.util.ArrayList;
import java.util.List;
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

/** A group over plain HTTP. */
@Timeout(60)
final class ClaimRoutesTest {
    private static final String JSON = RestServer.JSON;
    private static final String CLAIMS = "/v1/groups/g/claims";
    private final RestServer server = RestServer.start();

    @BeforeEach
    void create() {
        server.createTopic("t", 2);
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

    private Answer claim(String more) {
        Answer answer = server.post(CLAIMS, JSON, "{\"topics\":[\"t\"]" + more + "}");
        assertEquals(200, answer.status(), answer.text());
        return answer;
    }

    private static List<String> values(Answer claim) {
        List<String> values = new ArrayList<>();
        claim.json()
                .path("records")
                .forEach(record -> values.add(record.path("value").asText()));
        return values;
    }

    private Answer end(Answer claim, String how) {
        return server.post("/v1/claims/" + claim.json().path("claim").asText() + ":" + how, JSON, "");
    }

    @Test
    void what_is_acknowledged_never_comes_again_and_what_is_released_does() {
        publish(0, 10);
        Answer first = claim(",\"max\":4");
        Answer second = claim(",\"max\":6");
        assertEquals(4, values(first).size());
        assertEquals(6, values(second).size());
        assertEquals(List.of(), values(claim("")));

        assertEquals(204, end(first, "ack").status());
        assertEquals(204, end(second, "release").status());
        Answer again = claim(",\"wait\":\"5s\"");
        assertEquals(
                values(second).stream().sorted().toList(),
                values(again).stream().sorted().toList());
        assertEquals(204, end(again, "ack").status());
        assertEquals(204, end(again, "ack").status());
        assertEquals(List.of(), values(claim("")));

        Answer group = server.get("/v1/groups/g");
        int committed = 0;
        for (var offset : group.json().path("offsets")) {
            committed += offset.path("committed").asInt();
            assertEquals(0, offset.path("lag").asInt(-1));
        }
        assertEquals(10, committed);
    }

    @Test
    void a_lease_that_runs_out_gives_the_records_to_others() {
        publish(0, 1);
        Answer claim = claim(",\"lease\":\"1s\"");
        Answer other = claim(",\"wait\":\"10s\"");

        assertEquals(values(claim), values(other));
        Answer late = end(claim, "ack");
        assertEquals(410, late.status());
        assertEquals("CLAIM_EXPIRED", late.code());
        assertEquals(204, end(other, "ack").status());
    }

    @Test
    void a_lease_is_extended() {
        publish(0, 1);
        Answer claim = claim(",\"lease\":\"1s\"");
        String path = "/v1/claims/" + claim.json().path("claim").asText() + ":extend";

        assertEquals(204, server.post(path, JSON, "{\"lease\":\"30s\"}").status());
        assertEquals(List.of(), values(claim(",\"wait\":\"2s\"")));
        assertEquals(204, end(claim, "ack").status());
        assertEquals(400, server.post(path, JSON, "{}").status());
    }

    @Test
    void a_claim_waits_for_records() throws Exception {
        CompletableFuture<Answer> waiting = CompletableFuture.supplyAsync(() -> claim(",\"wait\":\"30s\""));
        publish(0, 1);

        assertEquals(List.of("0"), values(waiting.get(30, TimeUnit.SECONDS)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{}; 400; INVALID_REQUEST",
                "{\"topics\":[]}; 400; INVALID_REQUEST",
                "{\"topics\":[\"t\"],\"max\":0}; 400; INVALID_REQUEST",
                "{\"topics\":[\"t\"],\"lease\":\"0s\"}; 400; INVALID_REQUEST",
                "{\"topics\":[\"t\"],\"lease\":5}; 400; INVALID_REQUEST",
                "{\"topics\":[\"t\"],\"wait\":\"1h\"}; 400; INVALID_REQUEST",
                "{\"topics\":[\"t\"],\"ordered\":1}; 400; INVALID_REQUEST",
                "{\"topics\":[\"nope\"]}; 404; UNKNOWN_TOPIC_OR_PARTITION"
            })
    void what_cannot_be_is_refused(String body, int status, String code) {
        Answer answer = server.post(CLAIMS, JSON, body);

        assertEquals(status, answer.status(), answer.text());
        assertEquals(code, answer.code());
    }

    @Test
    void a_claim_that_nobody_gave_has_expired() {
        Answer answer = server.post("/v1/claims/abc:ack", JSON, "");

        assertEquals(410, answer.status());
        assertTrue(answer.text().contains("CLAIM_EXPIRED"));
    }
}
