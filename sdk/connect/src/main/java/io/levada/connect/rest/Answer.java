package io.levada.connect.rest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLEncoder;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.runtime.rest.entities.ErrorMessage;
import org.jspecify.annotations.Nullable;

/**
 * What a request is answered with.
 *
 * @param body JSON unless the headers say otherwise, or empty
 * @param headers beyond those of all answers
 */
record Answer(int status, byte[] body, Map<String, List<String>> headers) {
    static final String JSON = "application/json";
    private static final byte[] NOTHING = {};

    static Answer ok(Object body) {
        return of(200, body);
    }

    static Answer of(int status, Object body) {
        return new Answer(status, Json.write(body), Map.of());
    }

    /** 200, with text as Prometheus reads it. */
    static Answer text(String text) {
        return new Answer(
                200, text.getBytes(UTF_8), Map.of("Content-Type", List.of("text/plain; version=0.0.4; charset=utf-8")));
    }

    /** 201, with the path of the connector that was made. */
    static Answer created(String connector, Object body) {
        String path = "/connectors/" + URLEncoder.encode(connector, UTF_8).replace("+", "%20");
        return new Answer(201, Json.write(body), Map.of("Location", List.of(path)));
    }

    static Answer accepted() {
        return new Answer(202, NOTHING, Map.of());
    }

    static Answer noContent() {
        return new Answer(204, NOTHING, Map.of());
    }

    static Answer error(int status, @Nullable String message) {
        return of(status, new ErrorMessage(status, message));
    }

    Answer with(String header, String value) {
        return with(header, List.of(value));
    }

    /** With a header of several values, each in a line of its own. */
    Answer with(String header, List<String> values) {
        return new Answer(status, body, Map.of(header, values));
    }
}
