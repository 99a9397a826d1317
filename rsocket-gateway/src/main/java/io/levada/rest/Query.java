package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What stands behind the {@code ?} of a request, each name once. Fails with INVALID_REQUEST, and says what was expected. */
final class Query {
    private static final int MAX_PARAMETERS = 32;

    private final Map<String, List<String>> values;

    private Query(Map<String, List<String>> values) {
        this.values = values;
    }

    /** Reads what a request's URI holds. */
    static Query of(String uri) {
        try {
            Map<String, List<String>> values = QueryStringDecoder.builder()
                    .maxParams(MAX_PARAMETERS)
                    .build(uri)
                    .parameters();
            values.forEach((name, all) -> {
                if (all.size() > 1) {
                    throw invalid("'" + name + "' stands there " + all.size() + " times; say it once");
                }
            });
            return new Query(values);
        } catch (IllegalArgumentException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "the query is not URL-encoded: " + e.getMessage(), e);
        }
    }

    /** Fails for a name that is not among these. */
    Query only(String... names) {
        List<String> known = List.of(names);
        List<String> unknown = new ArrayList<>(values.keySet());
        unknown.removeAll(known);
        if (!unknown.isEmpty()) {
            throw invalid("there is no parameter '" + unknown.get(0) + "' here; there "
                    + (known.isEmpty() ? "is none" : "are " + String.join(", ", known)));
        }
        return this;
    }

    @Nullable
    String text(String name) {
        List<String> all = values.get(name);
        return all == null ? null : all.get(0);
    }

    String text(String name, String otherwise) {
        String value = text(name);
        return value == null ? otherwise : value;
    }

    /** A whole number within bounds, or null where nothing is said. */
    @Nullable
    Integer number(String name, int least, int most) {
        String value = text(name);
        if (value == null) {
            return null;
        }
        try {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below, as all that is no such number.
        }
        throw invalid(name + " is a whole number from " + least + " to " + most + ", not '" + value + "'");
    }

    int number(String name, int otherwise, int least, int most) {
        Integer number = number(name, least, most);
        return number == null ? otherwise : number;
    }

    /** A duration like {@code 5s}, zero where nothing is said. */
    Duration duration(String name, Duration most) {
        String value = text(name);
        return value == null ? Duration.ZERO : Durations.parse(name, value, Duration.ZERO, most);
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
