package io.levada.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The client in JavaScript, held to its types and to a server by the tests of its own, which Node runs. They use what
 * {@code npm ci} brought, which this does not run: without it, or without Node 20, it is skipped, loudly.
 */
final class JavaScriptTest {
    private static final Path CLIENT = Path.of("../sdk/javascript");
    private static final long PATIENCE_MINUTES = 8;
    private static final int OLDEST_NODE = 20;

    /** What a page has to load of the client once it is minified and packed, so that it does not grow unnoticed. */
    private static final int MOST_BYTES = 12_500;

    @TempDir
    private Path directory;

    /** Where Node is; aborts where it, or what the tests import, is not. */
    private String node() throws Exception {
        Path node = Machine.program("node").orElse(null);
        if (node == null || version(node) < OLDEST_NODE) {
            Assumptions.abort(Machine.skipped(1, "node " + OLDEST_NODE));
        }
        if (!Files.exists(CLIENT.resolve("node_modules/typescript/bin/tsc"))) {
            Assumptions.abort(Machine.skipped(1, "sdk/javascript/node_modules, see npm ci"));
        }
        return node.toString();
    }

    private int version(Path node) throws Exception {
        Matcher major = Pattern.compile("v([0-9]+)\\..*\\s*")
                .matcher(run(Map.of(), node.toString(), "--version").output());
        return major.matches() ? Integer.parseInt(major.group(1)) : 0;
    }

    private Ended run(Map<String, String> environment, String... command) throws Exception {
        Path output = Files.createTempFile(directory, "output", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(CLIENT.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            boolean ended = process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES);
            return new Ended(ended ? process.exitValue() : -1, Files.readString(output, StandardCharsets.UTF_8));
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static List<String> tests() throws IOException {
        try (Stream<Path> files = Files.list(CLIENT.resolve("test"))) {
            return files.map(file -> "test/" + file.getFileName())
                    .filter(file -> file.endsWith(".test.js"))
                    .sorted()
                    .toList();
        }
    }

    /** How many tests the summary of Node counts as skipped, failed, and so on. */
    private static int counted(String what, String output) {
        Matcher line = Pattern.compile("(?m)^# " + what + " ([0-9]+)$").matcher(output);
        assertTrue(line.find(), output);
        return Integer.parseInt(line.group(1));
    }

    @Test
    void its_tests_pass_against_a_server() throws Exception {
        List<String> command =
                new ArrayList<>(List.of(node(), "--test", "--test-concurrency=4", "--test-reporter=tap"));
        List<String> tests = tests();
        assertFalse(tests.isEmpty());
        command.addAll(tests);
        try (WebServer server = WebServer.start()) {
            Ended ended = run(
                    Map.of("LEVADA_WS", server.webSocket(), "LEVADA_TCP", server.tcp(), "LEVADA_HTTP", server.http()),
                    command.toArray(new String[0]));
            assertEquals(0, ended.code(), ended::output);
            assertTrue(counted("pass", ended.output()) >= tests.size(), ended::output);
            assertEquals(0, counted("skipped", ended.output()), ended::output);
        }
    }

    @Test
    void its_types_are_sound_and_can_be_written_down() throws Exception {
        String node = node();
        String tsc = "node_modules/typescript/bin/tsc";
        Ended checked = run(Map.of(), node, tsc, "-p", ".");
        assertEquals(0, checked.code(), checked::output);

        Path types = directory.resolve("types");
        Ended written = run(
                Map.of(),
                node,
                tsc,
                "-p",
                "tsconfig.types.json",
                "--outDir",
                types.toAbsolutePath().toString());
        assertEquals(0, written.code(), written::output);
        String declared = Files.readString(types.resolve("levada.d.ts"));
        assertTrue(declared.contains("export function connect("), declared);
    }

    @Test
    void it_stays_small() throws Exception {
        node();
        Ended minified = run(Map.of(), "node_modules/.bin/esbuild", "levada.js", "--minify", "--format=esm");
        assertEquals(0, minified.code(), minified::output);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(minified.output().getBytes(StandardCharsets.UTF_8));
        }
        assertTrue(packed.size() <= MOST_BYTES, () -> packed.size() + " bytes, " + MOST_BYTES + " are the most");
    }

    private record Ended(int code, String output) {}
}
