package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.cli.CommandContext;
import io.levada.cli.Shutdown;
import io.levada.cli.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

class SettingsTest {
    @TempDir
    private Path directory = Path.of("");

    private static CommandLine serve(Map<String, String> environment) {
        Terminal nowhere = new Terminal(
                new ByteArrayInputStream(new byte[0]),
                new ByteArrayOutputStream(),
                new PrintStream(new ByteArrayOutputStream()),
                false,
                false);
        return new CommandLine(new ServeCommand(new CommandContext(nowhere, Shutdown.none()), environment));
    }

    private static CommandLine apply(Map<String, String> environment, String... args) {
        CommandLine serve = serve(environment);
        serve.parseArgs(args);
        ((Settings) Objects.requireNonNull(serve.getMixins().get("settings"))).apply();
        return serve;
    }

    private static Object value(CommandLine command, String option) {
        return Objects.requireNonNull(
                command.getCommandSpec().findOption(option).getValue());
    }

    private String file(String text) throws Exception {
        return Files.writeString(directory.resolve("levada.yaml"), text).toString();
    }

    private static String refusal(Map<String, String> environment, String... args) {
        return String.valueOf(assertThrows(ParameterException.class, () -> apply(environment, args))
                .getMessage());
    }

    @Test
    void an_option_goes_before_the_environment_and_that_before_the_file() throws Exception {
        String file = file("http-port: 1\nport: 1\nhost: from-file\n");
        Map<String, String> environment = Map.of("LEVADA_HTTP_PORT", "2", "LEVADA_PORT", "2");

        CommandLine serve = apply(environment, "--config", file, "--port", "3");

        assertEquals(3, value(serve, "--port"));
        assertEquals(2, value(serve, "--http-port"));
        assertEquals("from-file", value(serve, "--host"));
        assertEquals("file:./levada-data", value(serve, "--store"), "nobody said anything");
    }

    @Test
    void the_file_may_be_named_by_the_environment() throws Exception {
        CommandLine serve = apply(Map.of("LEVADA_CONFIG", file("port: 5\n")));
        assertEquals(5, value(serve, "--port"));
    }

    @Test
    void a_list_is_one_in_the_file_and_parted_by_commas_in_the_environment() throws Exception {
        List<String> both = List.of("https://a.example", "http://b:3000");
        String file = file("# who may\nallow-origin:\n  - https://a.example\n  - http://b:3000\n");

        assertEquals(both, value(apply(Map.of(), "--config", file), "--allow-origin"));
        assertEquals(
                both,
                value(apply(Map.of("LEVADA_ALLOW_ORIGIN", "https://a.example, http://b:3000")), "--allow-origin"));
        assertEquals(
                List.of("https://a.example"),
                value(apply(Map.of(), "--config", file("allow-origin: https://a.example")), "--allow-origin"));
        assertEquals(List.of(), value(apply(Map.of(), "--config", file("allow-origin: []")), "--allow-origin"));
    }

    @Test
    void a_switch_is_true_or_false_and_the_command_line_can_take_it_back() throws Exception {
        String file = file("insecure: true");
        assertEquals(true, value(apply(Map.of(), "--config", file), "--insecure"));
        assertEquals(false, value(apply(Map.of("LEVADA_INSECURE", "false"), "--config", file), "--insecure"));
        assertEquals(false, value(apply(Map.of("LEVADA_INSECURE", "true"), "--insecure=false"), "--insecure"));
    }

    @Test
    void an_empty_variable_says_nothing() {
        assertEquals(7_878, value(apply(Map.of("LEVADA_PORT", "", "LEVADA_CONFIG", "")), "--port"));
    }

    @Test
    void sizes_and_times_are_written_as_on_the_command_line() {
        CommandLine serve = apply(
                Map.of("LEVADA_OUTBOUND_BUDGET_BYTES", "2MiB", "LEVADA_STOP_TIMEOUT", "250ms"),
                "--tail-cache-bytes=1MB");
        assertEquals(2L << 20, value(serve, "--outbound-budget-bytes"));
        assertEquals(Duration.ofMillis(250), value(serve, "--stop-timeout"));
        assertEquals(1_000_000L, value(serve, "--tail-cache-bytes"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "LEVADA_PORT | 70000 | port (LEVADA_PORT) is '70000'; allowed: 0 (any that is free) to 65535",
                "LEVADA_INSECURE | maybe | insecure (LEVADA_INSECURE) is 'maybe'; allowed: true, false",
                "LEVADA_STREAMS_PER_CONNECTION | 0 | streams-per-connection (LEVADA_STREAMS_PER_CONNECTION) is '0'; allowed: 1 to 65536",
                "LEVADA_OUTBOUND_BUDGET_BYTES | 1GB5 | outbound-budget-bytes (LEVADA_OUTBOUND_BUDGET_BYTES) is '1GB5'; allowed: 64KiB to 1GiB, as 65536, 64MiB or 10GB",
                "LEVADA_STOP_TIMEOUT | 1h | stop-timeout (LEVADA_STOP_TIMEOUT) is '1h'; allowed: 0ms to 8s, as 500ms, 5s or 2m",
                "LEVADA_ALLOW_ORIGIN | https://a/x | allow-origin (LEVADA_ALLOW_ORIGIN) is 'https://a/x'; allowed: an origin like https://app.example or http://localhost:3000, without a path",
                "LEVADA_ALLOW_HOST | a.example:80 | allow-host (LEVADA_ALLOW_HOST) is 'a.example:80'; allowed: a name like levada.example, without a port",
                "LEVADA_PORT | tcp://10.0.0.1:7878 | port (LEVADA_PORT) is 'tcp://10.0.0.1:7878'; allowed: 0 (any that is free) to 65535; Kubernetes sets it so for a Service named levada unless enableServiceLinks is false",
            })
    void what_the_environment_cannot_mean_is_refused(String variable, String value, String message) {
        assertEquals(message, refusal(Map.of(variable, value)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`port: x` | port (FILE:1) is 'x'; allowed: 0 (any that is free) to 65535",
                "`host: h\nprot: 1` | prot (FILE:2) is no setting; was it to be port?",
                "`nothing-like-it: 1` | nothing-like-it (FILE:1) is no setting",
                "`config: other.yaml` | config (FILE:1) is no setting",
                "`server: x` | server (FILE:1) is no setting",
                "`port: [1, 2]` | port (FILE:1) is '1, 2'; it takes one value, not a list",
                "`port: 1\n\nport: 2` | FILE:3 sets port again, after FILE:1",
                "`port:` | FILE:1 gives port no value; give it one, or take the line out",
                "`port:\n  of: 1` | FILE:2 gives port more levels; a setting takes a value or a list of them",
                "`port: &a 1\nhttp-port: *a` | FILE:2 gives http-port an alias; write the value out",
                "`- port` | FILE:1 is no setting; write NAME: VALUE",
                "`port: 1\n---\nport: 2` | FILE:3 begins another document; there is to be one",
                "`port: 1\n  host: [` | FILE:2 is no YAML: mapping values are not allowed here",
            })
    void what_the_file_cannot_mean_is_refused_with_its_line(String text, String message) throws Exception {
        String file = file(text);
        assertEquals(message.replace("FILE", file), refusal(Map.of(), "--config", file));
    }

    @Test
    void the_file_is_checked_even_where_something_else_goes_before_it() throws Exception {
        String file = file("prot: 1");
        assertTrue(refusal(Map.of("LEVADA_PORT", "1"), "--config", file, "--port", "2")
                .contains("no setting"));
    }

    @Test
    void a_file_of_comments_sets_nothing_and_one_that_is_missing_is_refused() throws Exception {
        assertEquals(7_878, value(apply(Map.of(), "--config", file("# port: 1\n")), "--port"));
        String missing = directory.resolve("no.yaml").toString();
        assertEquals("the settings file " + missing + " is not there", refusal(Map.of(), "--config", missing));
    }

    @Test
    void a_variable_that_is_no_setting_is_warned_of() {
        Some some = new Some(Map.of("LEVADA_MODES", "lax", "LEVADA_SERVICE_HOST", "10.0.0.1", "PATH", "/bin"));
        assertEquals(
                List.of(
                        "the variable LEVADA_MODES is no setting and does nothing; was it to be LEVADA_MODE?",
                        "the variable LEVADA_SERVICE_HOST is no setting and does nothing"),
                some.warnings);
    }

    @Test
    void every_refusal_is_one_line_and_wrong_usage() throws Exception {
        String file = file("port: x");
        Program refused = Program.run("serve", "--store", "memory:", "--config", file);

        assertEquals(2, refused.code());
        assertEquals(
                "INVALID_REQUEST: port (" + file + ":1) is 'x'; allowed: 0 (any that is free) to 65535;"
                        + " see 'levada serve --help'\n",
                refused.err());
    }

    /** What another part of the program adds to a command: it knows nothing of settings. */
    static final class Added {
        enum Mode {
            STRICT,
            LAX
        }

        @Option(names = "--mode")
        Mode mode = Mode.STRICT;

        @Option(names = "--some-file")
        Path file = Path.of("a");

        @Option(names = "--number")
        List<Integer> numbers = List.of();
    }

    @Command(name = "some")
    static final class Some {
        private final List<String> warnings = new ArrayList<>();

        @Mixin
        private final Settings settings;

        @Mixin
        private final Added added = new Added();

        Some(Map<String, String> environment, String... args) {
            settings = new Settings(environment, warnings::add);
            new CommandLine(this).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(args);
            settings.apply();
        }
    }

    @Test
    void options_of_a_mixin_are_settings_by_being_there() throws Exception {
        String file = file("some-file: b\nnumber: [1, 2]\n");

        Added added = new Some(Map.of("LEVADA_MODE", "lax"), "--config", file).added;

        assertEquals(Added.Mode.LAX, added.mode);
        assertEquals(Path.of("b"), added.file);
        assertEquals(List.of(1, 2), added.numbers);
        ParameterException refused =
                assertThrows(ParameterException.class, () -> new Some(Map.of("LEVADA_MODE", "odd")));
        assertEquals("mode (LEVADA_MODE) is 'odd'; allowed: strict, lax", refused.getMessage());
    }

    /** What {@link Settings} cannot set: an option that has to be given, or is one of a group. */
    @Test
    void every_option_of_serve_can_be_a_setting() {
        List<OptionSpec> options = Settings.of(serve(Map.of()).getCommandSpec());
        assertTrue(options.size() > 10, options.toString());
        for (OptionSpec option : options) {
            assertTrue(option.longestName().matches("--[a-z]+(-[a-z]+)*"), option.longestName());
            assertTrue(!option.required() && option.group() == null, option + " is required, or one of a group");
        }
    }
}
