package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.Position;
import io.levada.Token;
import io.levada.TopicPattern;
import io.levada.TopicSpec;
import io.levada.testgate.FuzzGate;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whatever stands in a request's line: it is refused with INVALID_REQUEST, or is one path with parts that are encoded to mean
 * the same, which fits one route at most, with parameters within their bounds and places that are spelled as they are read.
 */
class PathFuzzTest {
    private static final String[] PARAMETERS = {
        "from", "to", "partition", "filter", "overflow", "max", "maxBytes", "wait", "key"
    };
    private static final Duration MOST = Duration.ofSeconds(60);

    private final FuzzGate gate = new FuzzGate();

    @FuzzTest
    void what_a_request_asks_for_is_refused_or_clear(byte[] input) {
        String uri = "/" + new String(input, StandardCharsets.ISO_8859_1);
        int question = uri.indexOf('?');
        path(question < 0 ? uri : uri.substring(0, question));
        Query query = orRefused(() -> Query.of(uri).only(PARAMETERS));
        if (query != null) {
            query(query, question < 0 ? "" : uri.substring(question + 1));
        }
        gate.settled();
    }

    private static <T> @Nullable T orRefused(Supplier<T> reading) {
        try {
            return reading.get();
        } catch (LevadaException e) {
            assertEquals(ErrorCode.INVALID_REQUEST, e.code(), e.line());
            return null;
        }
    }

    private static void path(String path) {
        if (RestRoutes.has(path)) {
            assertTrue(RestRoutes.version(path).matches("/v[13]"));
        }
        Target target = orRefused(() -> Target.of(path));
        if (target == null) {
            return;
        }
        String again = target.parts().stream()
                .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"))
                .collect(Collectors.joining("/"));
        assertEquals(target, Target.of("/" + again + (target.action().isEmpty() ? "" : ":" + target.action())));
        List<String> fits = RestRoutes.patterns().stream().filter(target::is).toList();
        assertTrue(fits.size() <= 1, () -> "one path, and routes " + fits);
        target.parts().forEach(PathFuzzTest::name);
    }

    /** A name is safe in a path, a log and a file's name, and a pattern matches as a regular expression does. */
    private static void name(String name) {
        if (TopicSpec.isName(name)) {
            assertTrue(name.chars().allMatch(c -> c > ' ' && c < 0x7F && c != '/' && c != ':' && c != '*'), name);
            assertTrue(!name.startsWith("..") || name.length() > 2, name);
            assertTrue(TopicPattern.matches(name, name), name);
        }
        if (TopicPattern.isValid(name) && name.length() <= 40) {
            String regex =
                    Arrays.stream(name.split("\\*+", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
            for (String topic : List.of(name.replace("*", ""), name.replace('*', 'x'), "orders-1", "x" + name)) {
                assertEquals(topic.matches(regex), TopicPattern.matches(name, topic), () -> name + " and " + topic);
            }
        }
    }

    private static void query(Query query, String raw) {
        long said = Arrays.stream(PARAMETERS)
                .filter(name -> query.text(name) != null)
                .count();
        long written =
                Arrays.stream(raw.split("[&;]")).filter(each -> !each.isEmpty()).count();
        assertTrue(said <= written, "more parameters than were written");
        Integer partition = orRefused(() -> query.number("partition", 0, 0, Integer.MAX_VALUE));
        assertTrue(partition == null || partition >= 0);
        Integer max = orRefused(() -> query.number("max", 500, 1, 10_000));
        assertTrue(max == null || (max >= 1 && max <= 10_000));
        Duration wait = orRefused(() -> query.duration("wait", MOST));
        assertTrue(wait == null || (!wait.isNegative() && wait.compareTo(MOST) <= 0));
        position(query.text("from", "earliest"));
        end(query.text("to", "never"));
        Overflow overflow = orRefused(() -> Overflow.parse(query.text("overflow", "pause")));
        if (overflow != null) {
            assertTrue(overflow.maxLag() >= 0);
            assertEquals(overflow, Overflow.parse(overflow.spelled()));
        }
    }

    private static void position(String text) {
        Position position = orRefused(() -> Position.parse(text));
        if (position == null) {
            return;
        }
        assertEquals(position, Position.parse(position.spelled()));
        if (position instanceof Position.AtTime at) {
            assertEquals(at.time().toEpochMilli(), at.time().toEpochMilli(), "a time that milliseconds hold");
        } else if (position instanceof Position.AtOffset at) {
            assertTrue(at.offset() >= 0, text);
        } else if (position instanceof Position.AtToken at) {
            token(at.token());
        }
    }

    private static void end(String text) {
        End end = orRefused(() -> End.parse(text));
        if (end == null) {
            return;
        }
        assertEquals(end, End.parse(end.spelled()));
        if (end instanceof End.AtTime at) {
            assertEquals(at.time().toEpochMilli(), at.time().toEpochMilli(), "a time that milliseconds hold");
        } else if (end instanceof End.AtOffset at) {
            assertTrue(at.offset() >= 0, text);
        } else if (end instanceof End.AtToken at) {
            token(at.token());
        }
    }

    private static void token(Token token) {
        token.next()
                .forEach((partition, next) -> assertTrue(partition >= 0 && next >= 0, () -> partition + ": " + next));
        assertEquals(token, Token.parse(token.encode()));
    }
}
