package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.rest.RestServer.Answer;
import io.levada.wire.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Publishing as clients of Confluent's REST Proxy do. */
@Timeout(60)
final class ConfluentTest {
    private static final String RECORDS = "/v3/clusters/c1/topics/t/records";
    private final RestServer server = RestServer.start();

    @BeforeEach
    void create() {
        server.createTopic("t", 2);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private List<JsonNode> stored() {
        List<JsonNode> records = new ArrayList<>();
        server.get("/v1/topics/t/records").json().path("records").forEach(records::add);
        return records;
    }

    private static List<JsonNode> reports(Answer answer) {
        return answer.text().lines().map(line -> Json.tree("a report", line)).toList();
    }

    @Test
    void a_record_gets_its_report() {
        Answer answer = server.post(
                RECORDS,
                RestServer.JSON,
                "{\"partition_id\":1,\"headers\":[{\"name\":\"h\",\"value\":\"SGVhZGVy\"}],\"key\":{\"type\":\"BINARY\",\"data\":\"Zm9v\"},"
                        + "\"value\":{\"type\":\"JSON\",\"data\":{\"foo\":1.50}},\"timestamp\":\"2021-02-05T19:14:42Z\"}");

        assertEquals(200, answer.status(), answer.text());
        JsonNode report = reports(answer).get(0);
        assertEquals(200, report.path("error_code").asInt());
        assertEquals("c1", report.path("cluster_id").asText());
        assertEquals("t", report.path("topic_name").asText());
        assertEquals(1, report.path("partition_id").asInt());
        assertEquals(0, report.path("offset").asInt(-1));
        assertEquals("2021-02-05T19:14:42Z", report.path("timestamp").asText());
        assertEquals("{\"type\":\"BINARY\",\"size\":3}", report.path("key").toString());
        JsonNode record = stored().get(0);
        assertEquals("foo", record.path("key").asText());
        assertEquals("{\"foo\":1.50}", record.path("value").asText());
        assertEquals("Header", record.path("headers").path("h").asText());
        assertEquals(1_612_552_482_000L, record.path("timestamp").asLong());
    }

    @Test
    void records_stand_one_behind_the_other_and_so_do_their_reports() {
        String one = "{\"partition_id\":0,\"value\":{\"type\":\"STRING\",\"data\":\"}{\\\"\\\\\"}}";
        Answer answer = server.post(
                RECORDS,
                RestServer.JSON,
                one + one + " \n " + one + "{\"value\":{\"type\":\"BINARY\",\"data\":\"!\"}}" + one
                        + "{\"value\":{\"type\":\"AVRO\",\"data\":1}}");

        List<Integer> codes = reports(answer).stream()
                .map(report -> report.path("error_code").asInt())
                .toList();
        assertEquals(List.of(200, 200, 200, 400, 200, 400), codes);
        assertEquals(4, stored().size());
        assertEquals("}{\"\\", stored().get(3).path("value").asText());
    }

    @Test
    void texts_are_taken_apart_wherever_the_pieces_are_cut() {
        byte[] body = "{\"a\":\"}\\\"{\"}[1,[2]]\n3\n{\"b\":{}} {}".getBytes(StandardCharsets.UTF_8);
        for (int size = 1; size <= body.length; size++) {
            JsonTexts texts = new JsonTexts(1_000);
            List<String> found = new ArrayList<>();
            for (int from = 0; from < body.length; from += size) {
                byte[] piece = java.util.Arrays.copyOfRange(body, from, Math.min(body.length, from + size));
                texts.split(piece).forEach(text -> found.add(text.content()));
            }
            texts.rest().forEach(text -> found.add(text.content()));
            assertEquals(List.of("{\"a\":\"}\\\"{\"}", "[1,[2]]", "3", "{\"b\":{}}", "{}"), found);
        }
    }

    @Test
    void a_batch_is_answered_by_ids() {
        Answer answer = server.post(
                RECORDS + ":batch",
                RestServer.JSON,
                "{\"entries\":[{\"id\":\"1\",\"value\":{\"type\":\"STRING\",\"data\":\"a\"}},{\"id\":\"2\",\"value\":{\"type\":\"BINARY\",\"data\":\"!\"}},"
                        + "{\"id\":\"3\",\"value\":{\"type\":\"STRING\",\"data\":\"b\"}}]}");

        assertEquals(207, answer.status(), answer.text());
        assertEquals(
                "[\"1\", \"3\"]",
                answer.json().path("successes").findValues("id").toString());
        assertEquals("2", answer.json().path("failures").path(0).path("id").asText());
        assertEquals(
                400, answer.json().path("failures").path(0).path("error_code").asInt());
        assertEquals(2, stored().size());
    }

    @Test
    void a_topic_that_is_not_there_has_its_status() {
        Answer stream = server.post(
                "/v3/clusters/c/topics/no/records", RestServer.JSON, "{\"value\":{\"type\":\"JSON\",\"data\":1}}");
        Answer batch = server.post(
                "/v3/clusters/c/topics/no/records:batch",
                RestServer.JSON,
                "{\"entries\":[{\"id\":\"1\",\"value\":{\"type\":\"JSON\",\"data\":1}}]}");

        assertEquals(404, stream.status());
        assertEquals(404, batch.status());
        assertTrue(batch.text().contains("UNKNOWN_TOPIC_OR_PARTITION"));
    }
}
