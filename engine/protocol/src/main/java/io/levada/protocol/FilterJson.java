package io.levada.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.LevadaException;
import io.levada.Match;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A filter in requests: {@code {"key":MATCH,"headers":{NAME:MATCH}}}, either part left out where it does not matter, with a
 * match as {@code "value"}, {@code ["one","or another"]} or {@code {"prefix":"text"}}. Stateless.
 */
public final class FilterJson {
    private static final String KEY = "key";
    private static final String HEADERS = "headers";
    private static final String PREFIX = "prefix";

    private FilterJson() {}

    public static ObjectNode toJson(Filter filter) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (filter.key() != null) {
            json.set(KEY, toJson(filter.key()));
        }
        if (!filter.headers().isEmpty()) {
            ObjectNode headers = json.putObject(HEADERS);
            new TreeMap<>(filter.headers()).forEach((name, match) -> headers.set(name, toJson(match)));
        }
        return json;
    }

    private static JsonNode toJson(Match match) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        if (match instanceof Match.Prefix prefix) {
            return nodes.objectNode().put(PREFIX, prefix.prefix());
        }
        Set<String> values = new TreeSet<>(((Match.AnyOf) match).values());
        if (values.size() == 1) {
            return nodes.textNode(values.iterator().next());
        }
        ArrayNode all = nodes.arrayNode();
        values.forEach(all::add);
        return all;
    }

    /** Reads one; fails with {@link ErrorCode#INVALID_REQUEST} where it is none. */
    public static Filter fromJson(JsonNode json) {
        if (!json.isObject()) {
            throw invalid("a filter is an object with key, headers or both");
        }
        @Nullable Match key = null;
        Map<String, Match> headers = new HashMap<>();
        for (Map.Entry<String, JsonNode> part : json.properties()) {
            switch (part.getKey()) {
                case KEY -> key = match(part.getValue());
                case HEADERS -> {
                    if (!part.getValue().isObject()) {
                        throw invalid("a filter's headers are an object of names");
                    }
                    part.getValue()
                            .properties()
                            .forEach(header -> headers.put(header.getKey(), match(header.getValue())));
                }
                default -> throw invalid("a filter has no '" + part.getKey() + "'; it takes key, headers");
            }
        }
        if (key == null && headers.isEmpty()) {
            throw invalid("a filter that wants nothing of a record; leave it out, or give it key or headers");
        }
        return new Filter(key, headers);
    }

    private static Match match(JsonNode json) {
        if (json.isTextual()) {
            return Match.is(json.textValue());
        }
        Set<String> values = new TreeSet<>();
        if (json.isArray()) {
            json.forEach(value -> values.add(text(value)));
            return new Match.AnyOf(values);
        }
        if (json.isObject() && json.size() == 1 && json.has(PREFIX)) {
            return Match.prefix(text(json.get(PREFIX)));
        }
        throw notAMatch();
    }

    private static String text(JsonNode json) {
        if (!json.isTextual()) {
            throw notAMatch();
        }
        return json.textValue();
    }

    private static LevadaException notAMatch() {
        return invalid("a filter compares with \"text\", [\"one\",\"or another\"] or {\"prefix\":\"text\"}");
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
