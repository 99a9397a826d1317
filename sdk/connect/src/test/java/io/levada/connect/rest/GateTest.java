package io.levada.connect.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.connect.runtime.rest.errors.ConnectRestException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is let in. */
@Timeout(60)
final class GateTest {
    private static final String END = "Connection: close\r\n\r\n";

    private static String get(String headers) throws Exception {
        try (Served rest = new Served()) {
            rest.herder.returns("connectors", List.of());
            String answer = rest.raw("GET /connectors HTTP/1.1\r\n" + headers + END);
            assertEquals(answer.startsWith("HTTP/1.1 200 "), rest.herder.calls().equals(List.of("connectors[]")));
            return answer;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host: localhost\r\n",
                "Host: LOCALHOST:8083\r\n",
                "host: 127.0.0.1:1\r\n",
                "Host: [::1]:65535\r\n",
                "Host: [::1]\r\nOrigin: http://localhost:3000\r\n",
                "Host: localhost\r\nOrigin: https://127.0.0.1\r\n"
            })
    void who_calls_this_machine_by_its_own_names_is_let_in(String headers) throws Exception {
        String answer = get(headers);

        assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Host:\r\n",
                "Host: rebound.example:8083\r\n",
                "Host: localhost.example\r\n",
                "Host: localhost:x\r\n",
                "Host: localhost:8083:8083\r\n",
                "Host: 127.0.0.2\r\n",
                "Host: localhost\r\nHost: localhost\r\n",
                "Host: localhost@rebound.example\r\n",
                "Host: localhost\r\nOrigin: null\r\n",
                "Host: localhost\r\nOrigin: http://rebound.example\r\n",
                "Host: localhost\r\nOrigin: http://localhost.example\r\n",
                "Host: localhost\r\nOrigin: file://localhost\r\n",
                "Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://rebound.example\r\n"
            })
    void others_are_refused_before_the_herder_is_asked(String headers) throws Exception {
        String answer = get(headers);

        assertTrue(answer.startsWith("HTTP/1.1 403 "), answer);
        assertTrue(answer.contains("{\"error_code\":403,\"message\":\""), answer);
    }

    @Test
    void a_gate_sees_what_was_sent_and_says_what_is_answered() {
        List<String> seen = new CopyOnWriteArrayList<>();
        Gate gate = (method, path, headers, remote) -> {
            seen.add(method + " " + path + " " + headers.getFirst("x-who") + " "
                    + remote.getAddress().isLoopbackAddress());
            throw new ConnectRestException(401, 40101, "Show a token");
        };
        try (Served rest = new Served(gate)) {
            var answer = rest.send(
                    rest.request("/admin/%6C?a=b").header("X-Who", "me").DELETE());

            assertEquals(401, answer.statusCode());
            assertEquals("{\"error_code\":40101,\"message\":\"Show a token\"}", answer.body());
        }
        assertEquals(List.of("DELETE /admin/%6C me true"), seen);
    }

    @Test
    void names_of_paths_are_taken_as_a_gate_sees_them() {
        try (Served rest = new Served()) {
            rest.expectError("GET", "/%63onnectors", "", 404);
        }
    }
}
