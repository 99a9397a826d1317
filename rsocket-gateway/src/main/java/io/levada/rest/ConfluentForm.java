package io.levada.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.Ack;
import io.levada.Codecs;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.LevadaException;
import io.levada.Record;
import io.levada.wire.Json;
import io.levada.wire.WireErrors;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records as version 3 of Confluent's REST Proxy has them, without schemas: see {@code ProduceRequest} and {@code
 * ProduceResponse} in https://github.com/confluentinc/kafka-rest, api/v3/openapi.yaml. Stateless.
 */
final class ConfluentForm implements ProduceLines.Form {
    /** Keeps numbers as they were written. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    private static final int OK = 200;

    private final String cluster;

    /** @param cluster what the client calls it */
    ConfluentForm(String cluster) {
        this.cluster = cluster;
    }

    /** Bytes, and what their type was. */
    private record Data(String type, byte @Nullable [] bytes) {}

    @Override
    public ProduceLines.Entry read(@Nullable String text) {
        if (text == null) {
            throw new LevadaException(ErrorCode.MESSAGE_TOO_LARGE, "the record is longer than the largest");
        }
        return entry(tree(text));
    }

    static JsonNode tree(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw invalid("no JSON: " + e.getOriginalMessage());
        } catch (NumberFormatException e) {
            throw invalid("no JSON that can be kept: " + e.getMessage());
        }
    }

    ProduceLines.Entry entry(JsonNode node) {
        if (!node.isObject()) {
            throw invalid("a record is an object {partition_id, headers, key, value, timestamp}");
        }
        Data key = data("key", node.path("key"));
        Data value = data("value", node.path("value"));
        Record record = new Record(
                key == null ? null : key.bytes(),
                value == null ? null : value.bytes(),
                headers(node.path("headers")),
                timestampMs(node.path("timestamp")),
                partition(node.path("partition_id")));
        return new ProduceLines.Entry(
                record, ack -> succeeded(ack, key, value).put("error_code", OK).toString());
    }

    private static int partition(JsonNode partition) {
        if (partition.isMissingNode() || partition.isNull()) {
            return Record.ANY_PARTITION;
        } else if (!partition.canConvertToInt() || !partition.isIntegralNumber() || partition.intValue() < 0) {
            throw invalid("partition_id is a whole number from 0");
        }
        return partition.intValue();
    }

    private static long timestampMs(JsonNode timestamp) {
        if (timestamp.isMissingNode() || timestamp.isNull()) {
            return Record.NO_TIMESTAMP;
        }
        try {
            long ms = Instant.parse(timestamp.asText()).toEpochMilli();
            if (ms >= 0) {
                return ms;
            }
        } catch (DateTimeParseException | ArithmeticException e) {
            // Told below, as all that is no such time.
        }
        throw invalid("timestamp is like 2021-02-05T19:14:42Z, and from 1970 on, not " + timestamp);
    }

    private static List<Header> headers(JsonNode headers) {
        List<Header> read = new ArrayList<>();
        for (JsonNode header : headers) {
            JsonNode name = header.path("name");
            JsonNode value = header.path("value");
            if (!name.isTextual() || !StandardCharsets.UTF_8.newEncoder().canEncode(name.asText())) {
                throw invalid("a header has a name that UTF-8 can say, and a value in base64");
            }
            read.add(new Header(name.asText(), value.isTextual() ? base64(value.asText()) : null));
        }
        return read;
    }

    private static @Nullable Data data(String what, JsonNode data) {
        if (data.isMissingNode() || data.isNull()) {
            return null;
        }
        String type = data.path("type").asText();
        JsonNode content = data.path("data");
        return switch (type) {
            case "BINARY" -> new Data(type, content.isNull() ? null : base64(content.asText()));
            case "STRING" -> new Data(type, content.isNull() ? null : utf8(text(what, content)));
            case "JSON" -> new Data(type, utf8(content.isMissingNode() ? "null" : content.toString()));
            default ->
                throw invalid(
                        "the type of " + what + " is BINARY, JSON or STRING; schemas of a registry are not known here");
        };
    }

    private static String text(String what, JsonNode content) {
        if (!content.isTextual()) {
            throw invalid("data of " + what + " is a string for type STRING");
        }
        return content.asText();
    }

    private static byte @Nullable [] utf8(String text) {
        return Codecs.utf8().encode(text);
    }

    private static byte[] base64(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw invalid(
                    "data=" + (text.length() > 50 ? text.substring(0, 50) + "..." : text) + " is not a base64 string");
        }
    }

    private ObjectNode succeeded(Ack ack, @Nullable Data key, @Nullable Data value) {
        ObjectNode told = Json.object()
                .put("cluster_id", cluster)
                .put("topic_name", ack.topic())
                .put("partition_id", ack.partition())
                .put("offset", ack.offset())
                .put("timestamp", Instant.ofEpochMilli(ack.timestampMs()).toString());
        tell(told, "key", key);
        tell(told, "value", value);
        return told;
    }

    private static void tell(ObjectNode told, String what, @Nullable Data data) {
        if (data != null) {
            told.putObject(what).put("type", data.type()).put("size", data.bytes() == null ? 0 : data.bytes().length);
        }
    }

    @Override
    public String failed(Throwable error) {
        return error(error).toString();
    }

    /** What went wrong, as clients of both kinds read it. */
    static ObjectNode error(Throwable error) {
        LevadaException known = WireErrors.known(error);
        ObjectNode told =
                Json.object().put("error_code", known.code().httpStatus()).put("message", known.line());
        told.set("error", WireErrors.object(known));
        return told;
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
