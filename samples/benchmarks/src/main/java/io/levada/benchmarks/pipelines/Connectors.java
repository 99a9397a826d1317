package io.levada.benchmarks.pipelines;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;

/** Connectors by Kafka Connect's REST API. */
final class Connectors {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final String address;

    Connectors(String address) {
        this.address = address;
    }

    /** Whether it lists connectors now. */
    boolean answers() throws InterruptedException {
        try {
            return send(request("/connectors").GET()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** Makes one, or gives it another configuration. */
    void put(String name, Map<String, String> config) throws IOException, InterruptedException {
        HttpResponse<String> answer = send(request("/connectors/" + name + "/config")
                .header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(config))));
        if (answer.statusCode() / 100 != 2) {
            throw new IOException(name + " was refused: " + answer.body());
        }
    }

    /** What is told of one, for messages. */
    String status(String name) throws IOException, InterruptedException {
        return send(request("/connectors/" + name + "/status").GET()).body();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(address + path)).timeout(Duration.ofSeconds(90));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
