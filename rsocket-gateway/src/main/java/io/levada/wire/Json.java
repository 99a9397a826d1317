package io.levada.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.LevadaException;
import io.levada.protocol.FilterJson;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One JSON object of a request, and what may stand in it. Fails with INVALID_REQUEST, and says what was expected. */
public final class Json {
    public static final ObjectMapper MAPPER = new ObjectMapper();

    private static final JsonFactory FACTORY =
            JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

    private final String what;
    private final JsonNode object;

    private Json(String what, JsonNode object) {
        this.what = what;
        this.object = object;
    }

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    public static ByteBuf encode(JsonNode node) {
        return Unpooled.wrappedBuffer(node.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Writes something as JSON. */
    @FunctionalInterface
    public interface Written {
        void to(JsonGenerator out) throws IOException;
    }

    /** Writes JSON behind what is in a stream, which stays open. */
    public static void write(OutputStream stream, Written written) throws IOException {
        try (JsonGenerator out = FACTORY.createGenerator(stream)) {
            written.to(out);
        }
    }

    /** Any JSON; {@code what} it is, for the error where it is none. */
    public static JsonNode tree(String what, String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw invalid(what + " is JSON: " + e.getOriginalMessage());
        }
    }

    /** Reads the object that a buffer holds; an empty buffer is an empty object. */
    public static Json read(String what, ByteBuf data) {
        return read(what, ByteBufUtil.getBytes(data));
    }

    public static Json read(String what, String text) {
        return read(what, text.getBytes(StandardCharsets.UTF_8));
    }

    public static Json read(String what, byte[] bytes) {
        if (bytes.length == 0) {
            return new Json(what, object());
        }
        try {
            JsonNode node = MAPPER.readTree(new String(bytes, StandardCharsets.UTF_8));
            if (node.isObject()) {
                return new Json(what, node);
            }
            throw invalid(what + " takes a JSON object");
        } catch (JsonProcessingException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, what + " takes a JSON object: " + e.getOriginalMessage(), e);
        }
    }

    /** Fails for a field that is not among these. */
    public Json only(String... fields) {
        List<String> known = Arrays.asList(fields);
        object.fieldNames().forEachRemaining(field -> {
            if (!known.contains(field)) {
                throw invalid(what + " has no '" + field + "'; it takes "
                        + (known.isEmpty() ? "nothing" : String.join(", ", known)));
            }
        });
        return this;
    }

    private JsonNode get(String field) {
        JsonNode value = object.path(field);
        return value.isNull() ? object.path("") : value;
    }

    public String text(String field) {
        JsonNode value = get(field);
        if (!value.isTextual()) {
            throw invalid(what + " needs '" + field + "', a string");
        }
        return value.textValue();
    }

    @Nullable
    public String textOrNull(String field) {
        return get(field).isMissingNode() ? null : text(field);
    }

    public long number(String field) {
        JsonNode value = get(field);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
            throw invalid(what + " needs '" + field + "', a whole number from 0");
        }
        return value.longValue();
    }

    @Nullable
    public Long numberOrNull(String field) {
        return get(field).isMissingNode() ? null : (Long) number(field);
    }

    public int smallNumber(String field) {
        long value = number(field);
        if (value > Integer.MAX_VALUE) {
            throw invalid(what + " needs '" + field + "', a whole number from 0 to " + Integer.MAX_VALUE);
        }
        return (int) value;
    }

    /** Any number of 32 bits, below 0 as well: the engine says which are good, each with its own code. */
    @Nullable
    public Integer integerOrNull(String field) {
        JsonNode value = get(field);
        if (value.isMissingNode()) {
            return null;
        } else if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw invalid(what + " needs '" + field + "', a whole number");
        }
        return value.intValue();
    }

    /** Whether it is so; not where nothing is said. */
    public boolean flag(String field) {
        JsonNode value = get(field);
        if (!value.isMissingNode() && !value.isBoolean()) {
            throw invalid(what + " needs '" + field + "', true or false");
        }
        return value.booleanValue();
    }

    /** At least one. */
    public List<String> texts(String field) {
        List<String> texts = textsOrNull(field);
        if (texts == null || texts.isEmpty()) {
            throw invalid(what + " needs '" + field + "', an array of strings");
        }
        return texts;
    }

    /** Any number. */
    @Nullable
    public List<String> textsOrNull(String field) {
        JsonNode value = get(field);
        if (value.isMissingNode()) {
            return null;
        }
        List<String> texts = new ArrayList<>();
        if (!value.isArray()) {
            throw invalid(what + " needs '" + field + "', an array of strings");
        }
        for (JsonNode element : value) {
            if (!element.isTextual()) {
                throw invalid(what + " needs '" + field + "', an array of strings");
            }
            texts.add(element.textValue());
        }
        return texts;
    }

    public List<Json> objects(String field) {
        JsonNode value = get(field);
        if (!value.isArray()) {
            throw invalid(what + " needs '" + field + "', an array of objects");
        }
        List<Json> objects = new ArrayList<>();
        for (JsonNode element : value) {
            if (!element.isObject()) {
                throw invalid(what + " needs '" + field + "', an array of objects");
            }
            objects.add(new Json(what, element));
        }
        return objects;
    }

    @Nullable
    public Filter filterOrNull(String field) {
        JsonNode value = get(field);
        return value.isMissingNode() ? null : FilterJson.fromJson(value);
    }

    /** The settings of an object whose values are scalars; nothing is an empty map. */
    public Map<String, String> settings(String field) {
        JsonNode value = get(field);
        Map<String, String> settings = new LinkedHashMap<>();
        if (value.isMissingNode()) {
            return settings;
        }
        if (!value.isObject()) {
            throw invalid(what + " takes '" + field + "' as an object");
        }
        value.properties().forEach(entry -> {
            if (!entry.getValue().isValueNode() || entry.getValue().isNull()) {
                throw invalid(what + " takes plain values in '" + field + "'");
            }
            settings.put(entry.getKey(), entry.getValue().asText());
        });
        return settings;
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
