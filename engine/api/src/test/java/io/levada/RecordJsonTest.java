package io.levada;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordJsonTest {
    private static final byte[] NOT_UTF8 = {(byte) 0xff, 0, 1};

    @Test
    void writes_text_as_strings_and_other_bytes_as_base64_and_absent_as_null() {
        StoredRecord record = stored(null, "grüß\n\"Gott\"".getBytes(UTF_8), List.of(new Header("h", NOT_UTF8)));

        assertEquals(
                "{\"topic\":\"t\",\"partition\":2,\"offset\":7,\"timestamp\":1000,\"key\":null,"
                        + "\"value\":\"grüß\\n\\\"Gott\\\"\",\"headers\":{\"h\":{\"base64\":\"/wAB\"}}}",
                RecordJson.line(record));
    }

    @Test
    void writes_a_header_that_repeats_as_an_array_where_it_first_stood() {
        StoredRecord record = stored(
                "k".getBytes(UTF_8),
                null,
                List.of(Header.of("a", "1"), Header.of("b", "2"), new Header("a", null), Header.of("c", "")));

        assertTrue(RecordJson.line(record).endsWith("\"headers\":{\"a\":[\"1\",null],\"b\":\"2\",\"c\":\"\"}}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"text\"                       | text",
                "\"\"                           | ``",
                "1.50                           | 1.50",
                "12345678901234567890.1         | 12345678901234567890.1",
                "1e400                          | 1e400",
                "true                           | true",
                "[ 1 , \"a\" , null ]           | [1,\"a\",null]",
                "{ \"a\" : { \"b\" : [ {} ] } } | {\"a\":{\"b\":[{}]}}",
                "{}                             | {}",
                "{\"base64\":\"aGk=\"}          | hi",
                "{\"base64\":\"aGk=\",\"x\": 1} | {\"base64\":\"aGk=\",\"x\":1}",
                "{\"base64\": 1.0, \"x\":{}}    | {\"base64\":1.0,\"x\":{}}",
                "{\"base64\": {}}               | {\"base64\":{}}",
                "{\"x\":1,\"base64\":\"aGk=\"}  | {\"x\":1,\"base64\":\"aGk=\"}",
            })
    void reads_a_value(String json, String bytes) {
        Record record = RecordJson.parse("{\"value\":" + json + ",\"key\":" + json + "}");

        assertEquals(bytes, new String(present(record.value()), UTF_8));
        assertArrayEquals(record.value(), record.key());
    }

    @Test
    void reads_null_and_nothing_as_absent() {
        Record record = RecordJson.parse("{\"value\":null,\"headers\":null,\"partition\":null,\"timestamp\":null}");

        assertNull(record.key());
        assertNull(record.value());
        assertEquals(RecordJson.parse("{}"), record);
        assertEquals(Record.of((byte[]) null, null), record);
    }

    @Test
    void reads_headers_partition_and_timestamp() {
        Record record = RecordJson.parse(
                "{\"headers\":{\"a\":[\"1\",{\"x\": 2}],\"b\":null,\"c\":3},\"partition\":4,\"timestamp\":5}");

        assertEquals(
                List.of(Header.of("a", "1"), Header.of("a", "{\"x\":2}"), new Header("b", null), Header.of("c", "3")),
                record.headers());
        assertEquals(4, record.partition());
        assertEquals(5, record.timestampMs());
    }

    @Test
    void reads_what_it_wrote() {
        StoredRecord out = stored(
                NOT_UTF8, "{\"n\":1.0}".getBytes(UTF_8), List.of(Header.of("a", "1"), new Header("b", NOT_UTF8)));

        Record in = RecordJson.parse(RecordJson.line(out));

        assertArrayEquals(out.key(), in.key());
        assertArrayEquals(out.value(), in.value());
        assertEquals(out.headers(), in.headers());
        assertEquals(out.timestampMs(), in.timestampMs());
        assertEquals(out.partition(), in.partition());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "\"text\"",
                "{\"value\":1",
                "{\"value\":[1",
                "{\"value\":{\"a\":",
                "{} {}",
                "{\"vaule\":1}",
                "{\"partition\":-1}",
                "{\"partition\":1.5}",
                "{\"partition\":\"1\"}",
                "{\"partition\":3000000000}",
                "{\"timestamp\":99999999999999999999}",
                "{\"headers\":[]}",
                "{\"value\":{\"base64\":\"?\"}}",
                "{\"value\":\"\\ud800\"}",
                "{\"headers\":{\"\\udc00\":\"v\"}}",
            })
    void refuses_what_is_no_record_and_says_why(String json) {
        LevadaException error = assertThrows(LevadaException.class, () -> RecordJson.parse(json));

        assertEquals(ErrorCode.INVALID_REQUEST, error.code());
        assertTrue(error.getMessage() != null && !error.getMessage().isBlank());
    }

    private static byte[] present(byte @Nullable [] bytes) {
        if (bytes == null) {
            throw new AssertionError("bytes are missing");
        }
        return bytes;
    }

    private static StoredRecord stored(byte @Nullable [] key, byte @Nullable [] value, List<Header> headers) {
        return new StoredRecord("t", 2, 7, 1000, key, value, headers);
    }
}
