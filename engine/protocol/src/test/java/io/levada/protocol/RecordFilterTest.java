package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.Header;
import io.levada.Match;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordFilterTest {
    /** Offsets of those of {@link Batches#variety} that pass. */
    private static List<Long> passing(Filter filter) {
        RecordFilter ready = Objects.requireNonNull(RecordFilter.of(filter));
        List<Long> offsets = new ArrayList<>();
        ByteBuf batch = Batches.build(Compression.NONE, Batches.variety());
        try (RecordCursor cursor = RecordCursor.open(batch, Batches.LIMITS)) {
            while (cursor.next()) {
                List<Header> before = cursor.headers();
                if (ready.test(cursor)) {
                    offsets.add(cursor.offset());
                }
                assertEquals(before, cursor.headers(), "the cursor stands where it stood");
            }
        } finally {
            batch.release();
        }
        return offsets;
    }

    @Test
    void compares_keys_as_bytes_and_a_null_never_matches() {
        assertEquals(List.of(0L), passing(Filter.byKey(Match.is("key"))));
        assertEquals(List.of(), passing(Filter.byKey(Match.is("ke"))));
        assertEquals(List.of(0L, 5L), passing(Filter.byKey(Match.anyOf("schlüssel", "key", "other"))));
        assertEquals(List.of(5L), passing(Filter.byKey(Match.prefix("schlü"))));
        assertEquals(List.of(3L), passing(Filter.byKey(Match.is(""))));
        assertEquals(List.of(0L, 2L, 3L, 5L), passing(Filter.byKey(Match.prefix(""))));
    }

    @Test
    void wants_one_header_of_the_name_and_all_of_the_names() {
        assertEquals(List.of(5L), passing(Filter.byHeader("trace", Match.is("2"))));
        assertEquals(List.of(), passing(Filter.byHeader("trace", Match.is("3"))));
        assertEquals(List.of(), passing(Filter.byHeader("tracer", Match.is("1"))));
        assertEquals(List.of(), passing(Filter.byHeader("", Match.prefix(""))), "its value is null");
        assertEquals(List.of(5L), passing(Filter.byHeader("leer", Match.is(""))));
        Filter both = Filter.byHeader("trace", Match.is("1")).withHeader("leer", Match.prefix(""));
        assertEquals(List.of(5L), passing(both.withKey(Match.prefix("s"))));
        assertEquals(List.of(), passing(both.withKey(Match.is("key"))));
        assertEquals(List.of(), passing(both.withHeader("none", Match.prefix(""))));
    }

    @Test
    void what_is_too_large_or_empty_is_refused() {
        Set<String> many = IntStream.range(0, Filter.MAX_VALUES + 1)
                .mapToObj(Integer::toString)
                .collect(Collectors.toSet());
        for (Match wrong : List.of(
                new Match.AnyOf(many), new Match.AnyOf(Set.of()), Match.prefix("x".repeat(Filter.MAX_BYTES + 1)))) {
            Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> RecordFilter.of(Filter.byKey(wrong)));
            Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> RecordFilter.of(Filter.byHeader("h", wrong)));
        }
        Batches.assertFails(
                ErrorCode.INVALID_REQUEST,
                () -> RecordFilter.of(Filter.byHeader("x".repeat(Filter.MAX_BYTES), Match.is("v"))));
        Filter halfEmpty = Filter.byKey(Match.anyOf("a", "b")).withHeader("h", new Match.AnyOf(Set.of()));
        Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> RecordFilter.of(halfEmpty));
        assertNull(RecordFilter.of(null));
    }

    private static Filter parse(String json) throws JsonProcessingException {
        return FilterJson.fromJson(new ObjectMapper().readTree(json));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"key\":\"a\"}",
                "{\"key\":[\"a\",\"b\"]}",
                "{\"key\":{\"prefix\":\"a\"},\"headers\":{\"h\":\"x\",\"i\":{\"prefix\":\"\"}}}"
            })
    void is_the_same_after_its_way_as_json(String json) throws JsonProcessingException {
        assertEquals(json, FilterJson.toJson(parse(json)).toString());
    }

    @Test
    void json_says_what_a_filter_says() throws JsonProcessingException {
        assertEquals(
                new Filter(Match.anyOf("a", "b"), Map.of("h", Match.prefix("x"))),
                parse("{\"key\":[\"b\",\"a\"],\"headers\":{\"h\":{\"prefix\":\"x\"}}}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"a\"",
                "{}",
                "{\"headers\":{}}",
                "{\"headers\":[]}",
                "{\"key\":1}",
                "{\"key\":null}",
                "{\"key\":[1]}",
                "{\"key\":{\"suffix\":\"a\"}}",
                "{\"key\":{\"prefix\":1}}",
                "{\"value\":\"a\"}"
            })
    void what_is_no_filter_is_refused(String json) {
        Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> parse(json));
    }
}
