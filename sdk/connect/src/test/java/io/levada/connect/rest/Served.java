package io.levada.connect.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.access.AccessControl;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.connect.runtime.rest.RestRequestTimeout;

/** A server with a scripted herder, and a client of it. */
final class Served implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    final ScriptedHerder herder = new ScriptedHerder();
    final RestServer server;

    Served() {
        this(AccessControl.open());
    }

    Served(Gate gate) {
        this(90_000, 2_000, gate, AccessControl.open());
    }

    /** That asks by these rules. */
    Served(AccessControl access) {
        this(90_000, 2_000, Gate.loopbackNames(), access);
    }

    /** With so long a wait for the herder, and for requests when it closes. */
    Served(long timeoutMs, long drainMs) {
        this(timeoutMs, drainMs, Gate.loopbackNames(), AccessControl.open());
    }

    private Served(long timeoutMs, long drainMs, Gate gate, AccessControl access) {
        this.server = RestServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                herder.herder(),
                () -> "",
                gate,
                access,
                RestRequestTimeout.constant(timeoutMs, timeoutMs),
                drainMs);
    }

    @Override
    public void close() {
        server.close();
    }

    int port() {
        return server.address().getPort();
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
                .timeout(Duration.ofSeconds(60));
    }

    /** Sends a request; with a body unless it is empty. */
    HttpResponse<String> send(String method, String path, String body) {
        HttpRequest.Builder request = request(path);
        if (body.isEmpty()) {
            return send(request.method(method, BodyPublishers.noBody()));
        }
        return send(request.header("Content-Type", "application/json").method(method, BodyPublishers.ofString(body)));
    }

    HttpResponse<String> send(HttpRequest.Builder request) {
        return sendAsync(request).join();
    }

    CompletableFuture<HttpResponse<String>> sendAsync(HttpRequest.Builder request) {
        return CLIENT.sendAsync(request.build(), BodyHandlers.ofString());
    }

    /** Sends a request and compares its answer, as JSON; an answer without a body is empty. */
    HttpResponse<String> expect(String method, String path, String body, int status, String answer) {
        HttpResponse<String> response = send(method, path, body);
        assertEquals(status, response.statusCode(), response.body());
        assertEquals(json(answer), json(response.body()));
        assertEquals(
                answer.isEmpty() ? "" : "application/json",
                response.headers().firstValue("Content-Type").orElse(""));
        return response;
    }

    /** Sends a request that fails, and gives back the message. */
    String expectError(String method, String path, String body, int status) {
        HttpResponse<String> response = send(method, path, body);
        assertEquals(status, response.statusCode(), response.body());
        assertEquals(
                "application/json",
                response.headers().firstValue("Content-Type").orElse(""));
        assertEquals(status, json(response.body()).path("error_code").asInt());
        return json(response.body()).path("message").asText();
    }

    /** Sends bytes as they stand and reads until the server closes. */
    String raw(String text) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }
}
