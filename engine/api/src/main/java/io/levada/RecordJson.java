package io.levada;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Records as JSON: {@code {"topic","partition","offset","timestamp","key","value","headers":{}}}. Stateless.
 *
 * <p>Going out, bytes that are UTF-8 are a JSON string, others {@code {"base64":"..."}}, absent is null. Going in, a
 * string is its UTF-8 bytes, {@code {"base64":"..."}} alone is bytes, null or nothing is absent, and any other JSON is its
 * compact text, numbers exactly as they were written. A header that repeats is an array of its values.
 */
public final class RecordJson {
    private static final JsonFactory JSON = new JsonFactory();
    private static final String BASE64 = "base64";

    private RecordJson() {}

    /** A stored record as one line of JSON, without the line's end. */
    public static String line(StoredRecord record) {
        StringWriter text = new StringWriter(128);
        try (JsonGenerator out = JSON.createGenerator(text)) {
            write(out, record);
        } catch (IOException e) {
            throw new UncheckedIOException("a StringWriter does not fail", e);
        }
        return text.toString();
    }

    /** Writes a stored record as one JSON object. */
    public static void write(JsonGenerator out, StoredRecord record) throws IOException {
        write(out, record, null);
    }

    /**
     * Writes a stored record as one JSON object.
     *
     * @param before what was left out before it, as {@code "dropped":{"from","to"}}, or null
     */
    public static void write(JsonGenerator out, StoredRecord record, @Nullable Dropped before) throws IOException {
        out.writeStartObject();
        out.writeStringField("topic", record.topic());
        out.writeNumberField("partition", record.partition());
        out.writeNumberField("offset", record.offset());
        out.writeNumberField("timestamp", record.timestampMs());
        out.writeFieldName("key");
        writeBytes(out, record.key());
        out.writeFieldName("value");
        writeBytes(out, record.value());
        out.writeFieldName("headers");
        writeHeaders(out, record.headers());
        if (before != null) {
            out.writeObjectFieldStart("dropped");
            out.writeNumberField("from", before.from());
            out.writeNumberField("to", before.to());
            out.writeEndObject();
        }
        out.writeEndObject();
    }

    private static void writeHeaders(JsonGenerator out, List<Header> headers) throws IOException {
        Map<String, List<Header>> byName = new LinkedHashMap<>();
        headers.forEach(header ->
                byName.computeIfAbsent(header.key(), name -> new ArrayList<>(1)).add(header));
        out.writeStartObject();
        for (Map.Entry<String, List<Header>> named : byName.entrySet()) {
            out.writeFieldName(named.getKey());
            boolean repeats = named.getValue().size() > 1;
            if (repeats) {
                out.writeStartArray();
            }
            for (Header header : named.getValue()) {
                writeBytes(out, header.value());
            }
            if (repeats) {
                out.writeEndArray();
            }
        }
        out.writeEndObject();
    }

    private static void writeBytes(JsonGenerator out, byte @Nullable [] bytes) throws IOException {
        if (bytes == null) {
            out.writeNull();
            return;
        }
        String text = utf8OrNull(bytes);
        if (text != null) {
            out.writeString(text);
        } else {
            out.writeStartObject();
            out.writeStringField(BASE64, Base64.getEncoder().encodeToString(bytes));
            out.writeEndObject();
        }
    }

    private static @Nullable String utf8OrNull(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /**
     * Reads one record, {@code {"key"?,"value"?,"headers"?,"partition"?,"timestamp"?}}; {@code topic} and {@code offset}
     * may stand there and mean nothing, so that what went out may come in. Fails with {@link ErrorCode#INVALID_REQUEST}.
     */
    public static Record parse(String json) {
        try (JsonParser in = JSON.createParser(json)) {
            in.nextToken();
            Record record = read(in);
            if (in.nextToken() != null) {
                throw invalid("something follows the record");
            }
            return record;
        } catch (JsonProcessingException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "no JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("a String does not fail", e);
        }
    }

    /** Reads one record from a parser that stands at its opening brace; leaves it at the closing one. */
    public static Record read(JsonParser in) throws IOException {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            throw invalid("a record is an object {\"key\", \"value\", \"headers\", \"partition\", \"timestamp\"}");
        }
        byte[] key = null;
        byte[] value = null;
        List<Header> headers = List.of();
        long partition = Record.ANY_PARTITION;
        long timestampMs = Record.NO_TIMESTAMP;
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String field = in.currentName();
            in.nextToken();
            switch (field) {
                case "key" -> key = readBytes(in);
                case "value" -> value = readBytes(in);
                case "headers" -> headers = readHeaders(in);
                case "partition" -> partition = readNumber(in, field, Integer.MAX_VALUE, Record.ANY_PARTITION);
                case "timestamp" -> timestampMs = readNumber(in, field, Long.MAX_VALUE, Record.NO_TIMESTAMP);
                case "topic", "offset" -> in.skipChildren();
                default ->
                    throw invalid("a record has no '" + field + "'; it has key, value, headers, partition, timestamp");
            }
        }
        return new Record(key, value, headers, timestampMs, (int) partition);
    }

    private static long readNumber(JsonParser in, String field, long max, long absent) throws IOException {
        if (in.currentToken() == JsonToken.VALUE_NULL) {
            return absent;
        }
        if (in.currentToken() != JsonToken.VALUE_NUMBER_INT
                || in.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                || in.getLongValue() < 0
                || in.getLongValue() > max) {
            throw invalid(field + " is a whole number from 0 to " + max);
        }
        return in.getLongValue();
    }

    private static List<Header> readHeaders(JsonParser in) throws IOException {
        if (in.currentToken() == JsonToken.VALUE_NULL) {
            return List.of();
        }
        if (in.currentToken() != JsonToken.START_OBJECT) {
            throw invalid("headers is an object of names and values");
        }
        List<Header> headers = new ArrayList<>();
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String name = in.currentName();
            if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) { // it would be stored as a question mark
                throw invalid("a header's name has half of a surrogate pair, which UTF-8 cannot say");
            }
            if (in.nextToken() == JsonToken.START_ARRAY) {
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    headers.add(new Header(name, readBytes(in)));
                }
            } else {
                headers.add(new Header(name, readBytes(in)));
            }
        }
        return headers;
    }

    /** The bytes of the value the parser stands at; leaves it at the value's last token. */
    private static byte @Nullable [] readBytes(JsonParser in) throws IOException {
        JsonToken token = in.currentToken();
        if (token == JsonToken.VALUE_NULL) {
            return null;
        } else if (token == JsonToken.VALUE_STRING) {
            return Codecs.utf8().encode(in.getText());
        } else if (token == JsonToken.START_OBJECT) {
            return readObject(in);
        }
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            copy(in, out);
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] readObject(JsonParser in) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            out.writeStartObject();
            JsonToken token = in.nextToken();
            if (token == JsonToken.FIELD_NAME && in.currentName().equals(BASE64)) {
                out.writeFieldName(BASE64);
                if (in.nextToken() == JsonToken.VALUE_STRING) {
                    String encoded = in.getText();
                    token = in.nextToken();
                    if (token == JsonToken.END_OBJECT) {
                        return base64(encoded);
                    }
                    out.writeString(encoded);
                } else {
                    copy(in, out);
                    token = in.nextToken();
                }
            }
            while (token != JsonToken.END_OBJECT) {
                copy(in, out);
                token = in.nextToken();
            }
            out.writeEndObject();
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] base64(String encoded) {
        try {
            return Base64.getDecoder().decode(encoded);
        } catch (IllegalArgumentException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "no base64: " + e.getMessage(), e);
        }
    }

    /** Copies the token the parser stands at and, if it opens something, all up to its end; numbers keep their spelling. */
    private static void copy(JsonParser in, JsonGenerator out) throws IOException {
        int depth = 0;
        while (true) {
            JsonToken token = in.currentToken();
            if (token == null) {
                throw invalid("the JSON ends too early");
            } else if (token.isNumeric()) {
                out.writeNumber(in.getText());
            } else {
                out.copyCurrentEvent(in);
            }
            if (token.isStructStart()) {
                depth++;
            } else if (token.isStructEnd()) {
                depth--;
            }
            if (depth == 0) {
                return;
            }
            in.nextToken();
        }
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
