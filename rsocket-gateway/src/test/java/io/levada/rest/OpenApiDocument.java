package io.levada.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.levada.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code openapi.yaml} as tests read it: operations, the requests of their examples, and schemas. A schema here takes no
 * field that it does not describe, unless it says so, since what is answered is to be described.
 */
final class OpenApiDocument {
    static final String FILE = "openapi.yaml";
    private static final Set<String> METHODS = Set.of("get", "post", "put", "patch", "delete");
    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private final ObjectNode root;

    /** What is done at a path by a method, with the parameters of both. */
    record Operation(String id, String method, String path, JsonNode node, List<JsonNode> parameters) {
        boolean isDelete() {
            return method.equals("DELETE");
        }
    }

    /**
     * A request of an example, and what it is to be answered with.
     *
     * @param name of the examples
     * @param type of the body, null where there is none
     * @param answerType null for an answer without content
     */
    record Request(
            Operation operation,
            String name,
            @Nullable String type,
            String body,
            int status,
            @Nullable String answerType) {}

    private OpenApiDocument(ObjectNode root) {
        this.root = root;
    }

    static String text() {
        try (InputStream in = OpenApiDocument.class.getClassLoader().getResourceAsStream(FILE)) {
            if (in == null) {
                throw new AssertionError("there is no " + FILE);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads the file, whose schemas are where a schema by itself can refer to them. */
    static OpenApiDocument read() {
        try {
            JsonNode read = new YAMLMapper().readTree(text().replace("#/components/schemas/", "#/$defs/"));
            OpenApiDocument document = new OpenApiDocument((ObjectNode) read);
            close(read);
            return document;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void close(JsonNode node) {
        if (node instanceof ObjectNode schema
                && schema.path("properties").isObject()
                && !schema.has("additionalProperties")) {
            schema.put("additionalProperties", false);
        }
        node.forEach(OpenApiDocument::close);
    }

    /** The same without a path. */
    OpenApiDocument without(String path) {
        ObjectNode copy = root.deepCopy();
        ((ObjectNode) copy.path("paths")).remove(path);
        return new OpenApiDocument(copy);
    }

    JsonNode at(String pointer) {
        return root.at(pointer);
    }

    /** The node, or what it refers to. */
    JsonNode resolve(JsonNode node) {
        String reference = node.path("$ref").asText();
        return reference.isEmpty() ? node : resolve(root.at(reference.substring(1)));
    }

    /** All of them in the order of the document, except that what deletes comes last. */
    List<Operation> operations() {
        List<Operation> operations = new ArrayList<>();
        root.path("paths").properties().forEach(path -> path.getValue().properties().stream()
                .filter(method -> METHODS.contains(method.getKey()))
                .map(method -> operation(path.getKey(), path.getValue(), method.getKey()))
                .forEach(operations::add));
        List<Operation> ordered = new ArrayList<>(
                operations.stream().filter(one -> !one.isDelete()).toList());
        operations.stream().filter(Operation::isDelete).forEach(ordered::add);
        return ordered;
    }

    private Operation operation(String path, JsonNode all, String method) {
        JsonNode node = all.path(method);
        List<JsonNode> parameters = new ArrayList<>();
        node.path("parameters").forEach(parameter -> parameters.add(resolve(parameter)));
        for (JsonNode parameter : all.path("parameters")) {
            JsonNode resolved = resolve(parameter);
            if (parameters.stream().noneMatch(own -> own.path("name").equals(resolved.path("name")))) {
                parameters.add(resolved);
            }
        }
        return new Operation(
                node.path("operationId").asText(), method.toUpperCase(Locale.ROOT), path, node, parameters);
    }

    /** One for each example of what it succeeds with; where that has no content, for each of what is sent. */
    List<Request> requests(Operation operation) {
        List<Request> requests = new ArrayList<>();
        operation.node().path("responses").properties().forEach(response -> {
            if (response.getKey().startsWith("2")) {
                int status = Integer.parseInt(response.getKey());
                JsonNode content = resolve(response.getValue()).path("content");
                content.properties().forEach(type -> names(type.getValue())
                        .forEach(name -> requests.add(request(operation, name, status, type.getKey()))));
                if (content.isEmpty()) {
                    List<String> sent = new ArrayList<>();
                    operation.node().path("requestBody").path("content").forEach(type -> sent.addAll(names(type)));
                    (sent.isEmpty() ? List.of("") : sent)
                            .forEach(name -> requests.add(request(operation, name, status, null)));
                }
            }
        });
        return requests;
    }

    private static List<String> names(JsonNode mediaType) {
        List<String> names = new ArrayList<>();
        mediaType.path("examples").fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static Request request(Operation operation, String name, int status, @Nullable String answerType) {
        JsonNode contents = operation.node().path("requestBody").path("content");
        for (var content : contents.properties()) {
            JsonNode example = content.getValue().path("examples").path(name);
            if (!example.isMissingNode()) {
                String type = content.getKey().equals("*/*") ? "text/plain" : content.getKey();
                JsonNode value = example.path("value");
                String body = type.equals(RestServer.JSON) ? value.toString() : value.asText();
                return new Request(operation, name, type, body, status, answerType);
            }
        }
        if (!contents.isEmpty()) {
            throw new AssertionError(operation.id() + " has no request for its answer " + name);
        }
        return new Request(operation, name, null, "", status, answerType);
    }

    /** What an operation may be answered with by a status, by media type; empty where the status is not described. */
    JsonNode content(Operation operation, int status) {
        return resolve(operation.node().path("responses").path(String.valueOf(status)))
                .path("content");
    }

    /** What is not as a media type says in a body. */
    List<String> violations(String type, JsonNode mediaType, String body) {
        return switch (type) {
            case "application/json" -> violations(mediaType.path("schema"), Json.tree(type, body));
            case "application/x-ndjson" ->
                all(mediaType, body.lines().map(line -> Json.tree(type, line)).toList());
            case "text/event-stream" -> all(mediaType, events(body));
            default -> violations(mediaType.path("schema"), TextNode.valueOf(body));
        };
    }

    private List<String> all(JsonNode mediaType, List<JsonNode> items) {
        List<String> violations = new ArrayList<>(items.isEmpty() ? List.of("nothing came") : List.of());
        items.forEach(item -> violations.addAll(violations(mediaType.path("x-itemSchema"), item)));
        return violations;
    }

    /** As https://html.spec.whatwg.org/multipage/server-sent-events.html has them, without comments. */
    private static List<JsonNode> events(String body) {
        List<JsonNode> events = new ArrayList<>();
        for (String text : body.split("\n\n", -1)) {
            ObjectNode event = Json.object();
            text.lines().filter(line -> !line.startsWith(":")).forEach(line -> {
                int colon = line.indexOf(": ");
                String field = line.substring(0, Math.max(colon, 0));
                String value = line.substring(colon + 2);
                switch (field) {
                    case "data" -> event.set(field, Json.tree("an event", value));
                    case "retry" -> event.put(field, Integer.parseInt(value));
                    default -> event.put(field, value);
                }
            });
            if (!event.isEmpty()) {
                events.add(event);
            }
        }
        return events;
    }

    /** What is not as a schema says. */
    List<String> violations(JsonNode schema, JsonNode value) {
        if (schema.isMissingNode()) {
            return List.of("there is no schema for " + value);
        }
        ObjectNode alone = schema.deepCopy();
        alone.set("$defs", root.at("/components/schemas"));
        return SCHEMAS
                .getSchema(alone)
                .validate(value, context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)))
                .stream()
                .map(error -> error + " in " + value)
                .toList();
    }
}
