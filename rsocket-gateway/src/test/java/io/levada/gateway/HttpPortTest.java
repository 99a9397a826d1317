package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The HTTP port, asked by hand, so that every header is as written. */
final class HttpPortTest {
    private static final String UPGRADE = """
            Upgrade: websocket
            Connection: Upgrade
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
            Sec-WebSocket-Version: 13
            """.replace("\n", "\r\n");

    private final GatewayServer server = Servers.start(new FakeEngine());
    private final int port = server.httpAddress().getPort();

    @AfterEach
    void stop() {
        server.close();
    }

    /** All that is answered, until the server closes. */
    private String ask(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) Await.LIMIT.toMillis());
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                    .lines()
                    .collect(Collectors.joining("\n"));
        }
    }

    private static void awaitEndOfHeaders(Socket socket) throws IOException {
        int matched = 0;
        while (matched < 4) {
            int next = socket.getInputStream().read();
            matched = next == "\r\n\r\n".charAt(matched) ? matched + 1 : 0;
        }
    }

    private String get(String path, String headers) throws IOException {
        return ask("GET " + path + " HTTP/1.1\r\nHost: localhost:" + port + "\r\nConnection: close\r\n" + headers
                + "\r\n");
    }

    private static String status(String answer) {
        return answer.substring(9, 12);
    }

    @Test
    void health_and_readiness_are_told() throws IOException {
        assertTrue(get("/healthz", "").endsWith("{\"status\":\"ok\"}"));
        String ready = get("/readyz", "");
        assertEquals("200", status(ready));
        assertTrue(ready.contains("application/json"));
        assertTrue(ready.endsWith("{\"status\":\"ok\"}"));
    }

    @Test
    void everything_else_is_a_plain_error() throws IOException {
        String answer = get("/nothing", "");
        assertEquals("404", status(answer));
        assertTrue(
                answer.endsWith(
                        "{\"error\":{\"code\":\"INVALID_REQUEST\",\"message\":\"there is nothing at /nothing; this port"
                                + " has the pages / and /demo, /levada.js, /openapi.yaml, /healthz, /readyz,"
                                + " /metrics, the log under /v1, and RSocket over WebSocket at /rsocket\",\"retriable\":false}}"),
                answer);
        assertEquals("426", status(get("/rsocket", "")));
        assertEquals(
                "405",
                status(ask("POST /healthz HTTP/1.1\r\nHost: localhost:" + port
                        + "\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")));
    }

    @ParameterizedTest
    @CsvSource({"/healthz", "/metrics", "/rsocket", "/"})
    void a_rebound_name_is_refused(String path) throws IOException {
        String answer = ask("GET " + path + " HTTP/1.1\r\nHost: evil.example:" + port + "\r\n" + UPGRADE
                + "Connection: close\r\n\r\n");

        assertEquals("403", status(answer));
        assertTrue(answer.contains("\"error\":{\"code\":\"INVALID_REQUEST\",\"message\":\"the Host header"), answer);
    }

    @ParameterizedTest
    @CsvSource({"/healthz", "/rsocket"})
    void a_page_of_another_origin_is_refused(String path) throws IOException {
        String answer = get(path, UPGRADE + "Origin: https://evil.example\r\n");

        assertEquals("403", status(answer));
        assertTrue(answer.contains("pages of origin 'https://evil.example' may not use this server"), answer);
    }

    @Test
    void a_page_of_the_server_itself_may_upgrade() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) Await.LIMIT.toMillis());
            socket.getOutputStream()
                    .write(("GET /rsocket HTTP/1.1\r\nHost: localhost:" + port + "\r\nOrigin: http://localhost:" + port
                                    + "\r\n" + UPGRADE + "\r\n")
                            .getBytes(StandardCharsets.ISO_8859_1));
            String first = new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))
                    .readLine();
            assertEquals("HTTP/1.1 101 Switching Protocols", first);
        }
    }

    @Test
    void what_is_no_http_is_answered_and_closed() throws IOException {
        assertEquals("400", status(ask("\u0001\u0002\u0003 garbage\r\n\r\n")));
        assertEquals("400", status(get("/a\\b", "")));
        assertEquals(
                "431",
                status(get("/healthz", "X: " + "x".repeat(20_000) + "\r\n")).replace("413", "431"));
        assertEquals("200", status(get("/healthz", "")));
    }

    @Test
    void frames_of_other_kinds_and_sizes_close_a_websocket() throws IOException {
        for (byte[] frame : new byte[][] {
            {(byte) 0x81, (byte) 0x81, 0, 0, 0, 0, 'x'}, // a text
            {(byte) 0x82, (byte) 0x81, 0, 0, 0, 0, 'x'}, // too short for a frame
            {(byte) 0x82, (byte) 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0}, // longer than any
            {(byte) 0xff, (byte) 0xff, 1, 2, 3, 4, 5, 6, 7, 8} // reserved bits
        }) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout((int) Await.LIMIT.toMillis());
                socket.getOutputStream()
                        .write(("GET /rsocket HTTP/1.1\r\nHost: localhost:" + port + "\r\n" + UPGRADE + "\r\n")
                                .getBytes(StandardCharsets.ISO_8859_1));
                awaitEndOfHeaders(socket);
                socket.getOutputStream().write(frame);
                while (socket.getInputStream().read() >= 0) {
                    // until the server closes
                }
            }
        }
        assertEquals("200", status(get("/healthz", "")));
    }
}
