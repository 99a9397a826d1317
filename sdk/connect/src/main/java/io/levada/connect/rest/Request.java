package io.levada.connect.rest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.type.TypeReference;
import io.levada.access.Rights;
import jakarta.ws.rs.core.Response.Status;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.rest.errors.BadRequestException;
import org.apache.kafka.connect.runtime.rest.errors.ConnectRestException;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.jspecify.annotations.Nullable;

/** What a handler sees of a request: who makes it, the names in its path, its query and its body. */
final class Request {
    private static final TypeReference<Map<String, String>> STRINGS = new TypeReference<>() {};

    private final Rights rights;
    private final Map<String, String> names;
    private final Map<String, List<String>> query;
    private final @Nullable String contentType;
    private final byte[] body;

    /**
     * A request that was routed.
     *
     * @param rights of whoever makes it
     * @param names by the variables of the route's template, decoded
     * @param rawQuery as it was sent
     */
    Request(
            Rights rights,
            Map<String, String> names,
            @Nullable String rawQuery,
            @Nullable String contentType,
            byte[] body) {
        this.rights = rights;
        this.names = names;
        this.query = parameters(rawQuery == null ? "" : rawQuery);
        this.contentType = contentType;
        this.body = body;
    }

    private static Map<String, List<String>> parameters(String rawQuery) {
        Map<String, List<String>> parameters = new LinkedHashMap<>();
        for (String pair : rawQuery.split("&", -1)) {
            String[] parts = pair.split("=", 2);
            parameters
                    .computeIfAbsent(URLDecoder.decode(parts[0], UTF_8), name -> new ArrayList<>())
                    .add(parts.length == 1 ? "" : URLDecoder.decode(parts[1], UTF_8));
        }
        return parameters;
    }

    /** What whoever makes it may do. */
    Rights rights() {
        return rights;
    }

    /** What stands in the path for {@code {connector}}. */
    String connector() {
        return name("connector");
    }

    /** What stands in the path for {@code {connector}} and {@code {task}}. */
    ConnectorTaskId task() {
        String task = name("task");
        try {
            return new ConnectorTaskId(connector(), Integer.parseInt(task));
        } catch (NumberFormatException e) {
            throw new NotFoundException("Tasks are numbered from 0, there is no task " + task, e);
        }
    }

    /** What stands in the path for a variable of the template. */
    String name(String variable) {
        String name = names.get(variable);
        if (name == null) {
            throw new IllegalArgumentException("the route has no variable " + variable);
        }
        return name;
    }

    /** All values of a parameter of the query; empty where it is not there. */
    List<String> all(String parameter) {
        return query.getOrDefault(parameter, List.of());
    }

    /** The first value of a parameter of the query. */
    String first(String parameter, String otherwise) {
        return query.containsKey(parameter) ? all(parameter).get(0) : otherwise;
    }

    boolean flag(String parameter, boolean otherwise) {
        String value = first(parameter, String.valueOf(otherwise));
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new BadRequestException("'" + parameter + "' takes true or false, not '" + value + "'");
        };
    }

    /** The body as an object of strings, which may be changed; numbers and booleans are taken as they are written. */
    Map<String, String> strings() {
        return body(STRINGS);
    }

    <T> T body(TypeReference<T> type) {
        String media = contentType == null ? "" : contentType.split(";", 2)[0].strip();
        if (body.length > 0 && !media.equalsIgnoreCase(Answer.JSON)) {
            throw new ConnectRestException(
                    Status.UNSUPPORTED_MEDIA_TYPE,
                    "HTTP 415 Unsupported Media Type: send JSON, with Content-Type: " + Answer.JSON);
        }
        return Json.read(body, type);
    }
}
