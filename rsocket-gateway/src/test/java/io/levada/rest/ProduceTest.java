package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.engine.EmbeddedEngine;
import io.levada.gateway.GatewayConfig;
import io.levada.rest.RestServer.Answer;
import io.levada.wire.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Publishing over HTTP. */
@Timeout(60)
final class ProduceTest {
    private static final String JSON = RestServer.JSON;
    private static final String NDJSON = "application/x-ndjson";
    private static final String RECORDS = "/v1/topics/t/records";

    private RestServer server = RestServer.start();

    @BeforeEach
    void create() {
        server.createTopic("t", 2);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private JsonNode stored() {
        return server.get(RECORDS + "?max=10000&maxBytes=16777216").json().path("records");
    }

    private List<String> values() {
        List<String> values = new ArrayList<>();
        stored().forEach(record -> values.add(record.path("value").asText()));
        return values;
    }

    @Test
    void one_object_is_one_record() {
        Answer answer = server.post(RECORDS, JSON, "{\"key\":\"k\",\"value\":\"v\",\"headers\":{\"h\":\"1\"}}");

        assertEquals(200, answer.status());
        JsonNode ack = answer.json().path("records").path(0);
        JsonNode record = stored().path(0);
        assertEquals(1, answer.json().path("records").size());
        for (String field : List.of("partition", "offset", "timestamp")) {
            assertEquals(record.path(field), ack.path(field));
        }
        assertEquals("k", record.path("key").asText());
        assertEquals("v", record.path("value").asText());
        assertEquals("{\"h\":\"1\"}", record.path("headers").toString());
    }

    @Test
    void an_array_is_acknowledged_in_its_order() {
        Answer answer = server.post(
                RECORDS,
                JSON,
                "[{\"value\":1.50,\"partition\":1},{\"value\":{\"b\":[1, 2]},\"partition\":0},{\"value\":{\"base64\":\"/wA=\"},\"partition\":1}]");

        assertEquals(
                "[1, 0, 1]",
                answer.json().path("records").findValues("partition").toString());
        List<String> values = new ArrayList<>();
        stored().forEach(record -> values.add(record.path("value").toString()));
        assertTrue(values.contains("\"1.50\"") && values.contains("\"{\\\"b\\\":[1,2]}\""), values.toString());
        assertTrue(values.contains("{\"base64\":\"/wA=\"}"), values.toString());
    }

    @Test
    void records_that_are_not_in_a_row_are_answered_with_where_each_stands() {
        server.close();
        server = RestServer.start(
                SplittingEngine.over(EmbeddedEngine.open("memory:")),
                GatewayConfig.defaults().withPorts(0, 0));
        create();
        String body = "[{\"value\":\"a\",\"partition\":0},{\"value\":\"b\",\"partition\":1},"
                + "{\"value\":\"c\",\"partition\":0},{\"value\":\"d\",\"partition\":0}]";
        String behind = ", 0, " + (1 + SplittingEngine.BETWEEN) + ", " + (2 + SplittingEngine.BETWEEN) + "]";

        JsonNode records = server.post(RECORDS, JSON, body).json().path("records");
        assertEquals("[0" + behind, records.findValues("offset").toString());
        server.close();
        server = RestServer.start(
                SplittingEngine.over(EmbeddedEngine.open("memory:")),
                GatewayConfig.defaults().withPorts(0, 0));
        create();
        for (int time = 0; time < 2; time++) {
            JsonNode once = server.post(RECORDS, JSON, body, "Idempotency-Key", "7f")
                    .json()
                    .path("records");
            assertEquals("[0" + behind, once.findValues("offset").toString());
        }
    }

    @Test
    void an_empty_array_stores_nothing() {
        Answer answer = server.post(RECORDS, JSON, "[]");

        assertEquals("{\"records\":[]}", answer.text());
    }

    @Test
    void any_other_type_is_one_raw_value() throws Exception {
        byte[] bytes = {0, (byte) 0xff, 10, 13, 0};
        Answer answer = server.send(HttpRequest.newBuilder(server.uri(RECORDS + "?key=k%20k&partition=1"))
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(bytes)));

        assertEquals(1, answer.json().path("records").path(0).path("partition").asInt());
        assertEquals("k k", stored().path(0).path("key").asText());
        assertEquals("AP8KDQA=", stored().path(0).path("value").path("base64").asText());
    }

    @Test
    void each_line_gets_its_line_in_order_and_a_bad_one_its_error() {
        Answer answer = server.post(
                RECORDS,
                NDJSON,
                "{\"value\":\"a\",\"partition\":0}\nno json\n\n{\"value\":\"b\",\"partition\":0}\r\n{\"partition\":7}\n{\"vaule\":1}");

        List<JsonNode> lines =
                answer.text().lines().map(line -> Json.tree("a line", line)).toList();
        assertEquals(200, answer.status());
        assertEquals(0, lines.get(0).path("offset").asInt(-1));
        assertEquals("INVALID_REQUEST", lines.get(1).path("error").path("code").asText());
        assertEquals(1, lines.get(2).path("offset").asInt(-1));
        assertEquals(
                "UNKNOWN_TOPIC_OR_PARTITION",
                lines.get(3).path("error").path("code").asText());
        assertEquals(List.of("a", "b"), values());
    }

    @Test
    void a_line_is_acknowledged_while_others_are_still_to_come() throws Exception {
        try (RawHttp http = new RawHttp(server.port())) {
            http.send("POST " + RECORDS + " HTTP/1.1\r\nHost: 127.0.0.1:" + server.port() + "\r\nContent-Type: "
                    + NDJSON + "\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (int i = 0; i < 3; i++) {
                http.chunk("{\"value\":\"" + i + "\",\"partition\":0}\n");
                assertTrue(http.lineWith("offset").contains("\"offset\":" + i));
                http.chunk("bad\n");
                http.lineWith("INVALID_REQUEST");
            }
            http.send("0\r\n\r\n");
        }
        assertEquals(List.of("0", "1", "2"), values());
    }

    @Test
    void a_hundred_thousand_lines_get_a_hundred_thousand_acknowledgements() {
        String body = IntStream.range(0, 100_000)
                .mapToObj(i -> "{\"value\":\"record " + i + "\",\"partition\":" + i % 2 + "}")
                .collect(Collectors.joining("\n"));
        List<String> lines = server.post(RECORDS, NDJSON, body).text().lines().toList();

        assertEquals(100_000, lines.size());
        for (int i = 0; i < lines.size(); i++) {
            JsonNode ack = Json.tree("a line", lines.get(i));
            assertEquals(i % 2, ack.path("partition").asInt(-1));
            assertEquals(i / 2, ack.path("offset").asInt(-1));
        }
    }

    @ParameterizedTest
    @CsvSource({"application/json, [{\"value\":\"z\"}]", "application/x-ndjson, {\"value\":\"z\"}", "text/plain, z"})
    void packed_bodies_are_inflated(String type, String body) throws Exception {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(body.getBytes(StandardCharsets.UTF_8));
        }
        Answer answer = server.send(HttpRequest.newBuilder(server.uri(RECORDS))
                .headers("Content-Type", type, "Content-Encoding", "gzip")
                .POST(BodyPublishers.ofByteArray(packed.toByteArray())));

        assertEquals(200, answer.status(), answer.text());
        assertEquals(List.of("z"), values());
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "application/x-ndjson", "text/plain"})
    void a_body_that_inflates_without_end_is_refused(String type) throws Exception {
        byte[] bomb = bomb(64 << 20);
        Answer answer = server.send(HttpRequest.newBuilder(server.uri(RECORDS))
                .headers("Content-Type", type, "Content-Encoding", "gzip")
                .POST(BodyPublishers.ofByteArray(bomb)));

        assertTrue(answer.text().contains("MESSAGE_TOO_LARGE"), answer.text());
        assertEquals(List.of(), values());
    }

    private static byte[] bomb(int bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(new byte[bytes]);
        }
        return packed.toByteArray();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "application/json; {\"value\":1; 400; INVALID_REQUEST",
                "application/json; 17; 400; INVALID_REQUEST",
                "application/json; {} {}; 400; INVALID_REQUEST",
                "application/json; {\"vaule\":1}; 400; INVALID_REQUEST",
                "application/json; {\"value\":1,\"partition\":2}; 404; UNKNOWN_TOPIC_OR_PARTITION",
                "application/json; {\"value\":1,\"partition\":-1}; 400; INVALID_REQUEST"
            })
    void bad_bodies_get_one_clear_error(String type, String body, int status, String code) {
        Answer answer = server.post(RECORDS, type, body);

        assertEquals(status, answer.status(), answer.text());
        assertEquals(code, answer.code());
        assertEquals(List.of(), values());
    }

    @Test
    void a_topic_that_is_not_there_is_told_by_the_status_whatever_the_type() {
        for (String type : List.of(JSON, NDJSON, "text/plain")) {
            Answer answer = server.post("/v1/topics/nope/records", type, "{\"value\":1}");
            assertEquals(404, answer.status());
            assertEquals("UNKNOWN_TOPIC_OR_PARTITION", answer.code());
        }
    }

    @Test
    void what_is_too_large_is_refused_and_the_server_goes_on() {
        assertEquals(
                "MESSAGE_TOO_LARGE",
                server.post(RECORDS, "text/plain", "x".repeat(9 << 20)).code());
        assertEquals(
                "MESSAGE_TOO_LARGE",
                server.post(RECORDS, "text/plain", "x".repeat(2 << 20)).code());
        String line = "{\"value\":\"" + "x".repeat(3 << 20) + "\"}\n{\"value\":\"small\"}";
        List<String> lines = server.post(RECORDS, NDJSON, line).text().lines().toList();

        assertTrue(lines.get(0).contains("MESSAGE_TOO_LARGE"), lines.get(0));
        assertEquals(List.of("small"), values());
    }

    @Test
    void a_request_that_is_sent_again_with_its_key_is_stored_once(@TempDir Path dir) {
        server.close();
        server = RestServer.start("file:" + dir);
        server.createTopic("t", 2);
        String body =
                "[{\"value\":\"a\"},{\"key\":\"k\",\"value\":\"b\"},{\"value\":\"c\",\"partition\":1},{\"value\":\"d\",\"partition\":0}]";
        JsonNode first =
                server.post(RECORDS, JSON, body, "Idempotency-Key", "7f").json();
        JsonNode again =
                server.post(RECORDS, JSON, body, "Idempotency-Key", "7f").json();
        server.close();
        server = RestServer.start("file:" + dir);
        JsonNode restarted =
                server.post(RECORDS, JSON, body, "Idempotency-Key", "7f").json();
        JsonNode other =
                server.post(RECORDS, JSON, body, "Idempotency-Key", "80").json();

        for (int i = 0; i < 4; i++) {
            for (String field : List.of("partition", "offset")) {
                JsonNode expected = first.path("records").path(i).path(field);
                assertEquals(expected, again.path("records").path(i).path(field));
                assertEquals(expected, restarted.path("records").path(i).path(field));
            }
        }
        assertEquals(4, other.path("records").size());
        assertEquals(8, stored().size());
        assertEquals(
                "INVALID_REQUEST",
                server.post(RECORDS, NDJSON, "{}", "Idempotency-Key", "1").code());
    }
}
