package io.levada;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Positions, ends, tokens and what else has a name in requests: their spellings, and what is refused. */
class PlacesTest {
    private static final Token TOKEN =
            new Token(new UUID(1, 2), new UUID(-3, 4), new TreeMap<>(Map.of(0, 7L, 9_999, Long.MAX_VALUE)));

    @ParameterizedTest
    @ValueSource(
            strings = {"earliest", "latest", "committed", "offset:0", "offset:42", "time:2001-01-01T00:00:00Z", "t1."})
    void positions_are_spelled_as_they_are_read(String text) {
        String spelling = text.equals("t1.") ? TOKEN.encode() : text;

        assertEquals(spelling, Position.parse(spelling).spelled());
    }

    @ParameterizedTest
    @ValueSource(strings = {"pause:0", "latest:0", "conflate:7", "drop:1000", "disconnect:10000"})
    void overflow_policies_are_spelled_as_they_are_read(String text) {
        assertEquals(text, Overflow.parse(text).spelled());
        assertEquals("disconnect:10000", Overflow.parse("disconnect").spelled());
    }

    @ParameterizedTest
    @EnumSource
    void compression_codecs_are_spelled_as_they_are_read(Compression compression) {
        assertEquals(compression, Compression.parse(compression.spelled()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GZIP", "brotli"})
    void what_is_no_compression_codec_is_refused_with_those_there_are(String text) {
        LevadaException refused = assertThrows(LevadaException.class, () -> Compression.parse(text));
        assertEquals(ErrorCode.INVALID_REQUEST, refused.code());
        assertEquals("'" + text + "' is no codec; use none, gzip, snappy, lz4, zstd", refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "keep", "drop:", "drop:x", "drop:-1", "DROP"})
    void what_is_no_overflow_policy_is_refused(String text) {
        assertEquals(
                ErrorCode.INVALID_REQUEST,
                assertThrows(LevadaException.class, () -> Overflow.parse(text)).code());
    }

    @ParameterizedTest
    @ValueSource(strings = {"never", "now", "offset:0", "offset:42", "time:2001-01-01T00:00:00Z"})
    void ends_are_spelled_as_they_are_read(String text) {
        assertEquals(text, End.parse(text).spelled());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "first",
                "offset:",
                "offset:-1",
                "offset:1.5",
                "offset:99999999999999999999",
                "time:now",
                "t1.%"
            })
    void refuses_what_is_no_position(String text) {
        assertRefused(() -> Position.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "latest", "offset:", "offset:-1", "time:2001", "t1."})
    void refuses_what_is_no_end(String text) {
        assertRefused(() -> End.parse(text));
    }

    @Test
    void positions_say_what_they_are() {
        assertEquals(new Position.AtOffset(5), Position.parse("offset:5"));
        assertEquals(new Position.AtTime(Instant.EPOCH), Position.parse("time:1970-01-01T00:00:00Z"));
        assertEquals(new Position.AtToken(TOKEN), Position.parse(TOKEN.encode()));
        assertRefused(() -> Position.offset(-1));
        assertRefused(() -> End.offset(-1));
    }

    @Test
    void tokens_are_text_that_a_url_can_hold() {
        assertEquals(TOKEN, Token.parse(TOKEN.encode()));
        assertTrue(TOKEN.encode().matches("t1\\.[A-Za-z0-9_-]+"), TOKEN.encode());
    }

    @Test
    void a_token_moves_behind_a_record_of_its_partition() {
        StoredRecord record = new StoredRecord("t", 3, 41, 0, null, null, List.of());

        Token moved = TOKEN.after(record);
        assertEquals(42L, moved.next().get(3));
        assertEquals(7L, moved.next().get(0));
        assertEquals(2, TOKEN.next().size());
    }

    @Test
    void refuses_damaged_tokens() {
        String text = TOKEN.encode();

        assertRefused(() -> Token.parse(text.substring(3)));
        assertRefused(() -> Token.parse(text.substring(0, text.length() - 4)));
        assertRefused(() -> Token.parse("t1."));
        assertRefused(() -> Token.parse("t1.????"));
        assertRefused(
                () -> Token.parse(new Token(TOKEN.logId(), TOKEN.topicId(), new TreeMap<>(Map.of(-1, 7L))).encode()));
        assertRefused(
                () -> Token.parse(new Token(TOKEN.logId(), TOKEN.topicId(), new TreeMap<>(Map.of(0, -7L))).encode()));
    }

    @Test
    void refuses_times_that_no_record_can_have() {
        assertRefused(() -> Position.parse("time:+1000000000-12-31T23:59:59Z"));
        assertRefused(() -> End.parse("time:-1000000000-01-01T00:00:00Z"));
        assertRefused(() -> Position.time(Instant.MAX));
        Instant last = Instant.ofEpochMilli(Long.MAX_VALUE);
        assertEquals(Position.time(last), Position.parse("time:" + last));
    }

    private static void assertRefused(Runnable action) {
        LevadaException error = assertThrows(LevadaException.class, action::run);
        assertEquals(ErrorCode.INVALID_REQUEST, error.code());
    }
}
