package io.levada.rest;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.engine.EmbeddedEngine;
import io.levada.facade.Engine;
import io.levada.gateway.GatewayConfig;
import io.levada.gateway.GatewayServer;
import io.levada.wire.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** A server of this process and a client of HTTP that knows nothing of Levada. */
final class RestServer implements AutoCloseable {
    static final String JSON = "application/json";
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Engine engine;
    private final GatewayServer gateway;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private RestServer(Engine engine, GatewayServer gateway) {
        this.engine = engine;
        this.gateway = gateway;
    }

    static RestServer start() {
        return start("memory:");
    }

    static RestServer start(String store) {
        return start(store, GatewayConfig.defaults().withPorts(0, 0));
    }

    static RestServer start(String store, GatewayConfig config) {
        return start(EmbeddedEngine.open(store), config);
    }

    static RestServer start(Engine engine, GatewayConfig config) {
        try {
            return new RestServer(engine, GatewayServer.start(engine, config));
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    /** An answer: its status and its text. */
    record Answer(int status, String text, HttpResponse<String> response) {
        JsonNode json() {
            return Json.tree("an answer", text);
        }

        String code() {
            return json().path("error").path("code").asText();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }
    }

    HttpClient client() {
        return client;
    }

    int port() {
        return gateway.httpAddress().getPort();
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port() + path);
    }

    Engine engine() {
        return engine;
    }

    /** What is held for clients and not written, as the page of metrics has it. */
    long heldBytes() {
        return get("/metrics")
                .text()
                .lines()
                .filter(line -> line.startsWith("levada_inflight_bytes "))
                .mapToLong(line -> (long) Double.parseDouble(line.split(" ", -1)[1]))
                .sum();
    }

    Answer get(String path) {
        return send(HttpRequest.newBuilder(uri(path)));
    }

    Answer post(String path, String type, String body, String... headers) {
        return send("POST", path, type, body, headers);
    }

    Answer send(String method, String path, String type, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .header("Content-Type", type)
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request);
    }

    Answer send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response = client.send(request.timeout(LIMIT).build(), BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body(), response);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    void createTopic(String name, int partitions) {
        Answer created = post("/v1/topics", JSON, "{\"name\":\"" + name + "\",\"partitions\":" + partitions + "}");
        if (created.status() != 201) {
            throw new AssertionError(created.text());
        }
    }

    @Override
    public void close() {
        try {
            gateway.close();
        } finally {
            engine.close();
        }
    }
}
