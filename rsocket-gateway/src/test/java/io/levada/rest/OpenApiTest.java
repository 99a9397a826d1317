package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.LevadaOptions;
import io.levada.facade.EngineLevada;
import io.levada.rest.OpenApiDocument.Operation;
import io.levada.rest.OpenApiDocument.Request;
import io.levada.rest.RestServer.Answer;
import io.levada.wire.Json;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code openapi.yaml} against a server: each of its examples is sent, and each answer is what it describes. */
@Timeout(120)
final class OpenApiTest {
    /** What the port has besides {@link RestRoutes}. */
    private static final Set<String> OTHERS = Set.of("/healthz", "/readyz", "/metrics", "/openapi.yaml");

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String NOBODY = "nope";

    private final OpenApiDocument document = OpenApiDocument.read();
    private final RestServer server = RestServer.start();

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void each_documented_request_is_answered_as_documented() {
        Set<String> sent = new HashSet<>();
        List<String> wrong = new ArrayList<>();
        for (Operation operation : document.operations()) {
            for (Request request : document.requests(operation)) {
                wrong.addAll(wrong(request, send(request, linked(operation))));
                sent.add(operation.id());
            }
            if (operation.id().equals("publish")) {
                leaveCommitsOf("mailing");
            }
        }
        assertEquals(List.of(), wrong);
        assertEquals(document.operations().stream().map(Operation::id).collect(Collectors.toSet()), sent);
    }

    /** A group whose only member has gone, as there is one after a program has ended. */
    private void leaveCommitsOf(String group) {
        new EngineLevada("here:", server.engine(), LevadaOptions.defaults())
                .group(group)
                .receive("orders")
                .doOnNext(Delivery::ack)
                .take(1)
                .blockLast(LIMIT);
    }

    /** What is not as it is documented. */
    private List<String> wrong(Request request, Answer answer) {
        String what = request.operation().id() + " '" + request.name() + "': ";
        if (answer.status() != request.status()) {
            return List.of(what + answer.status() + ", not " + request.status() + ": " + answer.text());
        }
        String type = request.answerType();
        if (type == null) {
            return answer.text().isEmpty() ? List.of() : List.of(what + "no content is documented: " + answer.text());
        } else if (!type(answer).equals(type)) {
            return List.of(what + type(answer) + ", not " + type);
        }
        JsonNode content = document.content(request.operation(), answer.status());
        return document.violations(type, content.path(type), answer.text()).stream()
                .map(violation -> what + violation)
                .toList();
    }

    private static String type(Answer answer) {
        return answer.header("Content-Type").replaceFirst(";.*", "");
    }

    /** Parameters that an answer to another operation gives, which is asked for it: by the links of the document. */
    private Map<String, String> linked(Operation operation) {
        Map<String, String> values = new HashMap<>();
        for (Operation source : document.operations()) {
            source.node().path("responses").forEach(response -> response.path("links")
                    .forEach(link -> {
                        if (link.path("operationId").asText().equals(operation.id()) && !source.equals(operation)) {
                            Answer answer = send(document.requests(source).get(0), Map.of());
                            link.path("parameters").properties().forEach(parameter -> {
                                String pointer = parameter.getValue().asText().replace("$response.body#", "");
                                values.put(
                                        parameter.getKey(),
                                        answer.json().at(pointer).asText());
                            });
                        }
                    }));
        }
        return values;
    }

    /** Sends a request with the values of its parameters' examples, but for those given. */
    private Answer send(Request request, Map<String, String> given) {
        String path = request.operation().path();
        List<String> query = new ArrayList<>();
        List<String> headers = new ArrayList<>();
        for (JsonNode parameter : request.operation().parameters()) {
            String name = parameter.path("name").asText();
            String value = given.getOrDefault(name, example(parameter, request.name()));
            if (value.isEmpty()) {
                continue;
            }
            switch (parameter.path("in").asText()) {
                case "path" -> path = path.replace("{" + name + "}", value);
                case "query" -> query.add(name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8));
                default -> headers.addAll(List.of(name, value));
            }
        }
        HttpRequest.Builder http = HttpRequest.newBuilder(
                        server.uri(path + (query.isEmpty() ? "" : "?" + String.join("&", query))))
                .method(
                        request.operation().method(),
                        request.body().isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(request.body()));
        add(headers, "Content-Type", request.type());
        add(headers, "Accept", request.answerType());
        if (!headers.isEmpty()) {
            http.headers(headers.toArray(new String[0]));
        }
        try {
            return server.send(http);
        } catch (IllegalStateException e) {
            throw new AssertionError(request.operation().id() + " had no answer", e);
        }
    }

    private static void add(List<String> headers, String name, @Nullable String value) {
        if (value != null) {
            headers.addAll(List.of(name, value));
        }
    }

    private static String example(JsonNode parameter, String name) {
        JsonNode all = parameter.path("example");
        return all.isMissingNode()
                ? parameter.path("examples").path(name).path("value").asText()
                : all.asText();
    }

    @Test
    void names_that_nobody_has_are_answered_as_documented() {
        List<String> wrong = new ArrayList<>();
        int sent = 0;
        for (Operation operation : document.operations()) {
            // A group need not be there to be claimed from.
            if (operation.path().contains("{") && !operation.id().equals("claim")) {
                Request request = document.requests(operation).get(0);
                Answer answer = send(request, Map.of("topic", NOBODY, "group", NOBODY, "claim", NOBODY));
                JsonNode content = document.content(operation, answer.status()).path(RestServer.JSON);
                if (answer.status() < 400 || !type(answer).equals(RestServer.JSON)) {
                    wrong.add(operation.id() + ": " + answer.status() + " " + answer.text());
                }
                wrong.addAll(document.violations(RestServer.JSON, content, answer.text()));
                sent++;
            }
        }
        assertEquals(List.of(), wrong);
        assertTrue(sent > 10);
    }

    /** Requests that there are and are not documented, and those that are documented and are not there. */
    private Set<String> differences(OpenApiDocument compared) {
        Set<String> documented = compared.operations().stream()
                .filter(operation -> !OTHERS.contains(operation.path()))
                .map(operation ->
                        operation.method() + " " + operation.path().substring(1).replaceAll("\\{[a-z]+}", "*"))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> there =
                RestRoutes.patterns().stream().flatMap(this::methods).collect(Collectors.toSet());
        Set<String> differences = new TreeSet<>(documented);
        differences.removeAll(there);
        there.removeAll(documented);
        differences.addAll(there);
        return differences;
    }

    /** What a path takes, as it says itself to whoever asks in another way. */
    private Stream<String> methods(String pattern) {
        Answer refused = server.send("PUT", "/" + pattern.replace("*", "x"), RestServer.JSON, "");
        assertEquals(405, refused.status(), pattern);
        return Stream.of(refused.header("Allow").split(", ", -1)).map(method -> method + " " + pattern);
    }

    @Test
    void every_route_is_documented_by_its_methods_and_there_are_no_others() {
        assertEquals(Set.of(), differences(document));
        assertEquals(
                OTHERS,
                document.operations().stream()
                        .map(Operation::path)
                        .filter(path -> !RestRoutes.has(path))
                        .collect(Collectors.toSet()));
        assertEquals(
                Set.of("DELETE v1/groups/*", "GET v1/groups/*"), differences(document.without("/v1/groups/{group}")));
    }

    @Test
    void examples_are_as_their_schemas_say() {
        List<String> wrong = new ArrayList<>();
        for (Operation operation : document.operations()) {
            for (JsonNode parameter : operation.parameters()) {
                Stream.concat(Stream.of(parameter.path("example")), values(parameter))
                        .filter(value -> !value.isMissingNode())
                        .forEach(value -> wrong.addAll(document.violations(parameter.path("schema"), value)));
            }
            contents(operation).forEach(content -> content.properties().forEach(type -> {
                JsonNode media = type.getValue();
                Stream.concat(Stream.of(media.path("example")), values(media))
                        .filter(value -> !value.isMissingNode())
                        .map(value -> value.isTextual() ? value.asText() : value.toString())
                        .forEach(value -> wrong.addAll(document.violations(type.getKey(), media, value)));
            }));
        }
        assertEquals(List.of(), wrong);
    }

    private Stream<JsonNode> values(JsonNode examples) {
        List<JsonNode> values = new ArrayList<>();
        examples.path("examples")
                .forEach(example -> values.add(document.resolve(example).path("value")));
        return values.stream();
    }

    private List<JsonNode> contents(Operation operation) {
        List<JsonNode> contents = new ArrayList<>();
        contents.add(operation.node().path("requestBody").path("content"));
        operation
                .node()
                .path("responses")
                .forEach(response -> contents.add(document.resolve(response).path("content")));
        return contents;
    }

    @Test
    void codes_are_those_of_the_log_with_their_statuses() {
        List<String> names = new ArrayList<>();
        document.at("/components/schemas/ErrorCode/anyOf/0/enum").forEach(name -> names.add(name.asText()));
        assertEquals(Stream.of(ErrorCode.values()).map(Enum::name).toList(), names);

        ObjectNode codes = Json.object();
        for (ErrorCode code : ErrorCode.values()) {
            codes.putObject(code.name()).put("status", code.httpStatus()).put("retriable", code.retriable());
        }
        assertEquals(
                codes.toPrettyString(), document.at("/components/x-error-codes").toPrettyString());
    }

    @Test
    void the_document_is_served_as_it_is() {
        Answer answer = server.get("/openapi.yaml");

        assertEquals(OpenApiDocument.text(), answer.text());
        assertEquals("application/yaml", answer.header("Content-Type"));
    }

    @Test
    void an_answer_that_is_not_as_documented_is_noticed() {
        server.createTopic("orders", 1);
        Operation describe = document.operations().stream()
                .filter(operation -> operation.id().equals("describeTopic"))
                .findFirst()
                .orElseThrow();
        Request request = document.requests(describe).get(0);
        Answer answer = send(request, Map.of());
        assertEquals(List.of(), wrong(request, answer));

        assertFalse(wrong(request, with(answer, 200, answer.text().replace("\"durable\"", "\"forced\"")))
                .isEmpty());
        assertFalse(wrong(request, with(answer, 200, answer.text().replace("\"start\":0", "\"start\":\"0\"")))
                .isEmpty());
        assertFalse(wrong(request, with(answer, 200, answer.text().replace("{\"name\"", "{\"more\":1,\"name\"")))
                .isEmpty());
        assertFalse(wrong(request, with(answer, 201, answer.text())).isEmpty());
    }

    private static Answer with(Answer answer, int status, String text) {
        return new Answer(status, text, answer.response());
    }
}
