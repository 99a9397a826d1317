package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import io.levada.wire.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the documentation tells people to type: each block of shell is run by bash against a server, one after the other, and
 * prints what the block behind it shows. Of JSON the shape is compared, keys and types; {@code ...} stands for anything.
 */
@Timeout(240)
final class HttpExamplesTest {
    private static final String DOCUMENTED = "http://127.0.0.1:7880";
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```sh\n(.*?)^```\n(?:^```(json|text)\n(.*?)^```\n)?");
    private static final Pattern STRING_OR_DOTS = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"|\\.\\.\\.");
    private static final String ANYTHING = "...";
    private static final int PATIENCE_SECONDS = 60;

    @TempDir
    private Path directory;

    private record Ended(int code, String output, String errors) {}

    private static void needs(String program) {
        boolean there = Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
        if (!there) {
            String why = "SKIPPED, examples of the documentation: this machine lacks " + program;
            System.err.println(why);
            Assumptions.abort(why);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"../engine/docs/HTTP.md", "../README.md"})
    void each_block_of_shell_does_what_is_shown(String file) throws Exception {
        needs("bash");
        needs("curl");
        List<String> wrong = new ArrayList<>();
        int blocks = 0;
        int shown = 0;
        try (RestServer server = RestServer.start()) {
            Matcher block = BLOCK.matcher(Files.readString(Path.of(file)));
            while (block.find()) {
                blocks++;
                String script = block.group(1).replace(DOCUMENTED, "http://127.0.0.1:" + server.port());
                Ended ended = run(script);
                String answer = block.group(3);
                boolean fits = answer == null
                        || (block.group(2).equals("json")
                                ? isShaped(answer, ended.output())
                                : isLike(answer, ended.output()));
                if (ended.code() != 0 || !fits) {
                    wrong.add(block.group(1) + "gave " + ended.code() + ": " + ended.output() + ended.errors());
                }
                shown += answer == null ? 0 : 1;
            }
        }
        assertEquals(List.of(), wrong);
        assertTrue(blocks > 0 && shown > 0, blocks + " blocks, of which " + shown + " show what comes");
    }

    private Ended run(String script) throws Exception {
        Path output = Files.createTempFile(directory, "output", ".txt");
        Path errors = Files.createTempFile(directory, "errors", ".txt");
        ProcessBuilder builder = new ProcessBuilder("bash", "-euo", "pipefail", "-c", script)
                .directory(directory.toFile())
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile());
        // Whatever this machine's user has set for the network is nothing to a server on loopback.
        builder.environment().put("CURL_HOME", directory.toString());
        builder.environment().put("no_proxy", "127.0.0.1");
        Process process = builder.start();
        try {
            boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return new Ended(ended ? process.exitValue() : -1, Files.readString(output), Files.readString(errors));
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    /** Whether one JSON behind the other has the shape of those shown. */
    private static boolean isShaped(String shown, String actual) {
        List<JsonNode> wanted = values(STRING_OR_DOTS
                .matcher(shown)
                .replaceAll(found -> found.group().equals(ANYTHING)
                        ? '"' + ANYTHING + '"'
                        : Matcher.quoteReplacement(found.group())));
        List<JsonNode> found = values(actual);
        if (wanted.size() != found.size()) {
            return false;
        }
        for (int i = 0; i < wanted.size(); i++) {
            boolean same = wanted.get(i).isNumber() && !wanted.get(i).equals(found.get(i));
            if (same || !isShaped(wanted.get(i), found.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static List<JsonNode> values(String text) {
        List<JsonNode> values = new ArrayList<>();
        try (JsonParser in = Json.MAPPER.createParser(text)) {
            while (in.nextToken() != null) {
                values.add(Json.MAPPER.readTree(in));
            }
            return values;
        } catch (IOException e) {
            throw new UncheckedIOException(text, e);
        }
    }

    private static boolean isShaped(JsonNode wanted, JsonNode found) {
        if (wanted.isTextual() && wanted.asText().equals(ANYTHING)) {
            return true;
        } else if (wanted.isObject()) {
            return found.isObject()
                    && names(wanted).equals(names(found))
                    && wanted.properties().stream()
                            .allMatch(field -> isShaped(field.getValue(), found.path(field.getKey())));
        } else if (wanted.isArray()) {
            List<JsonNode> some = new ArrayList<>();
            wanted.forEach(some::add);
            List<JsonNode> all = new ArrayList<>();
            found.forEach(all::add);
            return found.isArray()
                    && some.isEmpty() == all.isEmpty()
                    && all.stream().allMatch(one -> some.stream().anyMatch(like -> isShaped(like, one)));
        }
        return wanted.getNodeType() == found.getNodeType();
    }

    private static Set<String> names(JsonNode object) {
        Set<String> names = new TreeSet<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /** Whether a text is the one shown. */
    private static boolean isLike(String shown, String actual) {
        String pattern = Pattern.compile("\\.\\.\\.(?!\\.)|(?:(?!\\.\\.\\.(?!\\.)).)+", Pattern.DOTALL)
                .matcher(shown.strip())
                .results()
                .map(MatchResult::group)
                .map(part -> part.equals(ANYTHING) ? ".*" : Pattern.quote(part))
                .collect(Collectors.joining());
        return Pattern.compile(pattern, Pattern.DOTALL).matcher(actual.strip()).matches();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"a\":1}; {\"a\":2}; true",
                "{\"a\":1}; {\"a\":\"2\"}; false",
                "{\"a\":1}; {\"b\":1}; false",
                "{\"a\":1}; {\"a\":1,\"b\":1}; false",
                "{\"a\":...}; {\"a\":{\"b\":1}}; true",
                "{\"a\":\"x...\"}; {\"a\":\"y\"}; true",
                "[1]; [1,2]; true",
                "[1]; [1,null]; false",
                "[1]; []; false",
                "[]; [1]; false",
                "{\"a\":1} 204; {\"a\":1} 204; true",
                "{\"a\":1} 204; {\"a\":1} 404; false",
                "{\"a\":1}; {\"a\":1}{\"a\":1}; false"
            })
    void shapes_are_compared(String shown, String actual, boolean same) {
        assertEquals(same, isShaped(shown, actual));
    }

    @Test
    void texts_are_compared_but_for_what_is_left_out() {
        assertTrue(isLike("id: t1....\n\n...", "id: t1.abc\n\ndata: 1\n\n"));
        assertFalse(isLike("id: t1....\n\ndata: 2", "id: t1.abc\n\ndata: 1\n\n"));
    }

    @Test
    void a_block_that_fails_is_noticed() throws Exception {
        needs("bash");
        assertEquals(new Ended(3, "", ""), run("true\nexit 3\n"));
        assertTrue(run("false | cat\n").code() != 0);
    }
}
