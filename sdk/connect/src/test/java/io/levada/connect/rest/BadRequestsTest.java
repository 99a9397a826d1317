package io.levada.connect.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.testgate.TestGate;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.connect.errors.AlreadyExistsException;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.Herder.Created;
import org.apache.kafka.connect.runtime.distributed.RebalanceNeededException;
import org.apache.kafka.connect.runtime.distributed.RequestTargetException;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorType;
import org.apache.kafka.connect.runtime.rest.errors.BadRequestException;
import org.apache.kafka.connect.runtime.rest.errors.ConnectRestException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What cannot be served, and what fails: statuses of Kafka Connect's {@code ConnectExceptionMapper}, and of Jersey under it,
 * but 400 for bodies that are not what is wanted, where Kafka Connect says 500.
 */
@Timeout(60)
final class BadRequestsTest {
    private static final String CONFIG = "/connectors/lines/config";
    private static final ConnectorInfo INFO = new ConnectorInfo("lines", Map.of(), List.of(), ConnectorType.SOURCE);

    private final Served rest = new Served();

    @AfterEach
    void stop() {
        rest.close();
    }

    @ParameterizedTest
    @CsvSource({
        "GET,  /nothing",
        "GET,  /connectors/lines/nothing",
        "GET,  /connectors//status",
        "GET,  /connectors/lines/status/more",
        "POST, /connectors/lines/tasks/restart",
        "GET,  /connector-plugins/x",
        "GET,  /admin",
        "GET,  /CONNECTORS",
        "PUT,  /connectors/lines/fence",
        "GET,  /openapi.yaml"
    })
    void what_is_not_there_is_not_found(String method, String path) {
        assertEquals("HTTP 404 Not Found: there is nothing at " + path, rest.expectError(method, path, "", 404));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "POST; /; GET, HEAD",
                "DELETE; /connectors; GET, HEAD, POST",
                "OPTIONS; /connectors; GET, HEAD, POST",
                "POST; /connectors/lines/config; GET, HEAD, PATCH, PUT",
                "GET; /connectors/lines/pause; PUT",
                "HEAD; /connectors/lines/restart; POST",
                "PUT; /connectors/lines/tasks; GET, HEAD",
                "PATCH; /connectors/lines; DELETE, GET, HEAD",
                "BREW; /health; GET, HEAD"
            })
    void what_a_path_does_not_do_is_told_from_what_it_does(String method, String path, String allowed) {
        var answer = rest.send(method, path, "");

        assertEquals(405, answer.statusCode());
        assertEquals(allowed, answer.headers().firstValue("Allow").orElse(""));
        assertEquals(
                method.equals("HEAD") ? "" : "HTTP 405 Method Not Allowed: use " + allowed,
                Served.json(answer.body()).path("message").asText());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "{",
                "[]",
                "\"text\"",
                "{\"file\": {}}",
                "{\"file\": \"a\"} {}",
                "{'file': 'a'}",
                "{\"file\": \"\u0001\"}",
                "file=a"
            })
    void a_body_that_is_not_what_is_wanted_is_the_clients_fault(String body) {
        String message = rest.expectError("PUT", CONFIG, body, 400);

        assertTrue(message.contains("JSON"), message);
        assertEquals(List.of(), rest.herder.calls());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"name\": \"a\"}",
                "{\"name\": \"a\", \"config\": null}",
                "{\"name\": \"a\", \"config\": {}, \"initial_state\": \"ASLEEP\"}",
                "{\"name\": \"a\", \"config\": {}, \"inital_state\": \"PAUSED\"}",
                "{\"name\": {}, \"config\": {}}"
            })
    void a_connector_is_made_of_a_name_settings_and_a_state(String body) {
        rest.expectError("POST", "/connectors", body, 400);

        assertEquals(List.of(), rest.herder.calls());
    }

    @Test
    void a_body_that_is_not_utf_8_is_the_clients_fault() {
        var answer = rest.send(rest.request(CONFIG)
                .header("Content-Type", "application/json")
                .PUT(BodyPublishers.ofByteArray(new byte[] {'{', '"', (byte) 0xC3, '"', ':', '1', '}'})));

        assertEquals(400, answer.statusCode(), answer.body());
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application", ";"})
    void a_body_of_another_type_is_refused(String type) {
        var answer = rest.send(rest.request(CONFIG).header("Content-Type", type).PUT(BodyPublishers.ofString("{}")));

        assertEquals(415, answer.statusCode(), answer.body());
        assertEquals(
                415,
                rest.send(rest.request(CONFIG).PUT(BodyPublishers.ofString("{}")))
                        .statusCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json; charset=utf-8", "Application/JSON"})
    void json_may_be_named_with_more(String type) {
        rest.herder.returns("putConnectorConfig", new Created<>(false, INFO));

        assertEquals(
                200,
                rest.send(rest.request(CONFIG).header("Content-Type", type).PUT(BodyPublishers.ofString("{}")))
                        .statusCode());
    }

    @Test
    void a_body_may_have_a_mebibyte() {
        rest.herder.returns("putConnectorConfig", new Created<>(false, INFO));
        int longest = RestServer.MAX_BODY_BYTES - "{\"a\":\"\"}".length();

        assertEquals(
                200,
                rest.send("PUT", CONFIG, "{\"a\":\"" + "x".repeat(longest) + "\"}")
                        .statusCode());
        String message = rest.expectError("PUT", CONFIG, "{\"a\":\"" + "x".repeat(longest + 1) + "\"}", 413);
        assertEquals("The body is larger than 1048576 bytes; send a smaller one", message);
        assertEquals(1, rest.herder.calls().size());
    }

    @Test
    void who_sends_far_too_much_in_chunks_is_told_so() {
        byte[] body = new byte[8 * RestServer.MAX_BODY_BYTES];

        var answer = rest.send(rest.request("/connectors/lines/pause")
                .PUT(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))));

        assertEquals(413, answer.statusCode());
        assertEquals(List.of(), rest.herder.calls());
    }

    @Test
    void a_path_that_is_not_url_encoded_is_refused_by_the_jdk() throws Exception {
        String answer = rest.raw("GET /connectors/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n");

        assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of(new NotFoundException("Connector lines not found"), 404, 404),
                Arguments.of(new AlreadyExistsException("Connector lines already exists"), 409, 409),
                Arguments.of(new RequestTargetException("not here", null), 409, 409),
                Arguments.of(new RebalanceNeededException("not now"), 409, 409),
                Arguments.of(new BadRequestException("wrong"), 400, 400),
                Arguments.of(new ConnectRestException(409, "in conflict"), 409, 409),
                Arguments.of(new ConnectRestException(422, 42201, "odd"), 422, 42201),
                Arguments.of(new LevadaException(ErrorCode.THROTTLED, "slower"), 429, 429),
                Arguments.of(new LevadaException(ErrorCode.STORAGE_FULL, "full"), 507, 507));
    }

    @ParameterizedTest
    @MethodSource("errors")
    void errors_of_the_herder_have_their_status(Exception error, int status, int code) {
        String answer = "{\"error_code\": %d, \"message\": \"%s\"}".formatted(code, error.getMessage());
        rest.herder.fails("connectorInfo", error).fails("pauseConnector", error);

        rest.expect("GET", "/connectors/lines", "", status, answer); // by its callback
        rest.expect("PUT", "/connectors/lines/pause", "", status, answer); // thrown at once
    }

    @Test
    void what_nobody_expected_is_500_and_logged() {
        for (Throwable error : List.of(
                new ConnectException("broken"), new IllegalStateException(), new NoClassDefFoundError("org/gone"))) {
            rest.herder.fails("connectorInfo", error).fails("pauseConnector", error);
            String message = error.getMessage() == null ? "null" : "\"" + error.getMessage() + "\"";
            String answer = "{\"error_code\": 500, \"message\": %s}".formatted(message);

            rest.expect("GET", "/connectors/lines", "", 500, answer);
            rest.expect("PUT", "/connectors/lines/pause", "", 500, answer);
        }
        assertEquals(3, TestGate.expectError("GET /connectors/lines failed"));
        assertEquals(3, TestGate.expectError("PUT /connectors/lines/pause failed"));
    }
}
