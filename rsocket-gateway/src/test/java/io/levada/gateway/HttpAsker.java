package io.levada.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.wire.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.jspecify.annotations.Nullable;

/** Asks over plain HTTP, as far as its routes go. */
record HttpAsker(
        HttpClient client, String address, @Nullable String token) implements Asker {
    private static final String ENTRIES =
            "{\"entries\":[{\"id\":\"1\",\"value\":{\"type\":\"STRING\",\"data\":\"v\"}}]}";

    static Asker connect(GatewayServer server, @Nullable String token) {
        return new HttpAsker(
                HttpClient.newHttpClient(),
                "http://127.0.0.1:" + server.httpAddress().getPort(),
                token);
    }

    @Override
    public @Nullable String ask(Act act) {
        String topic = "/v1/topics/" + act.topic();
        String group = "/v1/groups/" + act.group();
        return switch (act.kind()) {
            case LIST_TOPICS -> answer("GET", "/v1/topics", "");
            case DESCRIBE_TOPIC -> done("GET", topic, "");
            case FIND_OFFSETS -> done("GET", topic + "/offsets", "");
            case CREATE_TOPIC -> done("POST", "/v1/topics", "{\"name\":\"" + act.topic() + "\"}");
            case ALTER_TOPIC -> done("PATCH", topic, "{\"config\":{\"retention.ms\":\"-1\"}}");
            case ADD_PARTITIONS -> done("PATCH", topic, "{\"partitions\":1}");
            case DELETE_TOPIC -> done("DELETE", topic, "");
            case LIST_GROUPS -> answer("GET", "/v1/groups", "");
            case DESCRIBE_GROUP -> done("GET", group, "");
            case RESET_GROUP ->
                done("POST", group + ":reset", "{\"topic\":\"" + act.topic() + "\",\"to\":\"earliest\"}");
            case DELETE_GROUP -> done("DELETE", group, "");
            case PUBLISH -> done("POST", topic + "/records", "{\"value\":\"v\"}");
            case PUBLISH_ENTRIES -> entries("/v3/clusters/c" + topic.substring(3) + "/records:batch");
            case CLAIM -> claim(group, act.topic());
            case READ -> done("GET", topic + "/records?from=earliest&max=1", "");
            case DELETE_RECORDS,
                    OPEN_PRODUCER,
                    OPEN_NAMED_PRODUCER,
                    PUBLISH_AT,
                    PUBLISH_BATCHES,
                    PUBLISH_BATCHES_AT,
                    READ_BATCHES,
                    JOIN -> null;
        };
    }

    /** Of entries each has its own answer. */
    private String entries(String path) {
        String answer = answer("POST", path, ENTRIES);
        if (!answer.startsWith("{")) {
            return answer;
        }
        JsonNode failure = Json.tree("a batch", answer).path("failures").path(0);
        return failure.isMissingNode()
                ? DONE
                : failure.path("error").path("code").asText();
    }

    /** What is claimed is acknowledged. */
    private String claim(String group, @Nullable String topic) {
        String answer = answer("POST", group + "/claims", "{\"topics\":[\"" + topic + "\"]}");
        return answer.startsWith("{")
                ? done(
                        "POST",
                        "/v1/claims/"
                                + Json.tree("a claim", answer).path("claim").asText() + ":ack",
                        "")
                : answer;
    }

    private String done(String method, String path, String json) {
        String answer = answer(method, path, json);
        return answer.isEmpty() || answer.startsWith("{") ? DONE : answer;
    }

    /** The body, or the code of an error. */
    private String answer(String method, String path, String json) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path))
                .method(method, HttpRequest.BodyPublishers.ofString(json))
                .header("Content-Type", "application/json");
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return response.statusCode() < 400 ? response.body() : Asker.code(response.body());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {}
}
