package io.levada.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files on the HTTP port, as any client of HTTP sees them. */
final class WebPagesTest {
    private final WebServer server = WebServer.start();
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void stop() {
        server.close();
    }

    private HttpResponse<byte[]> ask(String method, String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.http() + path))
                .version(HttpClient.Version.HTTP_1_1)
                .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    private static byte[] unpacked(byte[] gzip) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return in.readAllBytes();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/lib/uplot.js, text/javascript; charset=utf-8",
        "/lib/uplot.css, text/css; charset=utf-8",
        "/console/trial.html, text/html; charset=utf-8",
        "/console/trial.js, text/javascript; charset=utf-8"
    })
    void a_file_comes_with_its_type_and_what_keeps_it_harmless(String path, String type) throws Exception {
        HttpResponse<byte[]> response = ask("GET", path);

        assertEquals(200, response.statusCode());
        assertTrue(response.body().length > 0);
        assertEquals(String.valueOf(response.body().length), header(response, "Content-Length"));
        assertEquals(type, header(response, "Content-Type"));
        assertEquals("no-cache", header(response, "Cache-Control"));
        assertEquals("nosniff", header(response, "X-Content-Type-Options"));
        assertEquals("no-referrer", header(response, "Referrer-Policy"));
        String policy = header(response, "Content-Security-Policy");
        assertTrue(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"), policy);
        assertFalse(policy.contains("unsafe"), policy);
    }

    @ParameterizedTest
    @CsvSource({"/, web/index.html", "/demo, web/demo.html", "/levada.js, web/levada.js"})
    void what_the_jar_has_is_at_a_short_path_and_what_it_lacks_is_not_found(String path, String file) throws Exception {
        HttpResponse<byte[]> response = ask("GET", path);

        try (InputStream there = getClass().getClassLoader().getResourceAsStream(file)) {
            if (there == null) {
                assertEquals(404, response.statusCode());
            } else {
                assertEquals(200, response.statusCode());
                assertArrayEquals(there.readAllBytes(), response.body());
            }
        }
    }

    @Test
    void text_is_packed_for_those_who_take_it() throws Exception {
        HttpResponse<byte[]> plain = ask("GET", "/lib/uplot.js");
        HttpResponse<byte[]> packed = ask("GET", "/lib/uplot.js", "Accept-Encoding", "br, GZIP;q=0.5");
        HttpResponse<byte[]> refused = ask("GET", "/lib/uplot.js", "Accept-Encoding", "br, gzip;q=0");

        assertEquals("", header(plain, "Content-Encoding"));
        assertEquals("", header(refused, "Content-Encoding"));
        assertArrayEquals(plain.body(), refused.body());
        assertEquals("gzip", header(packed, "Content-Encoding"));
        assertTrue(packed.body().length < plain.body().length / 2);
        assertArrayEquals(plain.body(), unpacked(packed.body()));
        assertEquals("accept-encoding, origin", header(plain, "Vary"));
        assertEquals("accept-encoding, origin", header(packed, "Vary"));
        assertNotEquals(header(plain, "ETag"), header(packed, "ETag"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"identity", "gzip"})
    void what_a_client_has_is_not_sent_again(String coding) throws Exception {
        String etag = header(ask("GET", "/lib/uplot.js", "Accept-Encoding", coding), "ETag");
        assertTrue(etag.matches("\"[0-9a-f]{32}(-gzip)?\""), etag);

        for (String known : new String[] {etag, "W/" + etag, "\"other\", " + etag, "*"}) {
            HttpResponse<byte[]> again = ask("GET", "/lib/uplot.js", "Accept-Encoding", coding, "If-None-Match", known);
            assertEquals(304, again.statusCode(), known);
            assertEquals(0, again.body().length);
            assertEquals(etag, header(again, "ETag"));
        }
        assertEquals(
                200,
                ask("GET", "/lib/uplot.js", "Accept-Encoding", coding, "If-None-Match", "\"other\"")
                        .statusCode());
    }

    @Test
    void head_says_what_get_would_send() throws Exception {
        HttpResponse<byte[]> get = ask("GET", "/lib/uplot.css");
        HttpResponse<byte[]> head = ask("HEAD", "/lib/uplot.css");

        assertEquals(200, head.statusCode());
        assertEquals(0, head.body().length);
        for (String name : new String[] {"Content-Length", "Content-Type", "ETag", "Content-Security-Policy"}) {
            assertEquals(header(get, name), header(head, name), name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS"})
    void files_are_only_read(String method) throws Exception {
        HttpResponse<byte[]> response = ask(method, "/lib/uplot.js");

        assertEquals(405, response.statusCode());
        assertEquals("GET, HEAD", header(response, "Allow"));
    }

    /** Asked as written: clients of HTTP would tidy these paths up. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/console/../levada.js",
                "/console/../../logback.xml",
                "/console/..%2f..%2fsamples/flights.json",
                "/console/%2e%2e/index.html",
                "/console/.trial.js",
                "/console//trial.js",
                "/console/trial.js/",
                "/console",
                "/console/",
                "/demo/",
                "/console/trial",
                "/console/absent.js",
                "/console/trial.class",
                "/console/trial.js%00",
                "/console/trial\\..\\trial.js",
                "/web/console/trial.js",
                "/lib/uPlot.cjs.js",
                "//console/trial.js"
            })
    void nothing_else_is_there(String path) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: localhost:" + server.httpPort()
                                    + "\r\nConnection: close\r\n\r\n")
                            .getBytes(UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
            assertTrue(answer.startsWith("HTTP/1.1 404 ") || answer.startsWith("HTTP/1.1 400 "), answer);
        }
    }
}
