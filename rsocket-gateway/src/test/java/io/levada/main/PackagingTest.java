package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.cli.CommandContext;
import io.levada.cli.Shutdown;
import io.levada.cli.Terminal;
import io.levada.gateway.GatewayConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** What the unit of systemd and the Dockerfile say is what the program takes. There is no docker to build the image here. */
class PackagingTest {
    private static final Path UNIT = Path.of("packaging/levada.service");
    private static final Path DOCKERFILE = Path.of("packaging/Dockerfile");
    private static final Pattern VARIABLE = Pattern.compile("\\b(LEVADA_[A-Z_]+)=(\\S+)");

    private static CommandSpec serve() {
        CommandContext context = new CommandContext(Terminal.ofProcess(), Shutdown.none());
        return new CommandLine(new ServeCommand(context, Map.of())).getCommandSpec();
    }

    private static Map<String, String> variables(Path file) throws IOException {
        return VARIABLE.matcher(Files.readString(file))
                .results()
                .collect(Collectors.toMap(found -> found.group(1), found -> found.group(2)));
    }

    /** What stands behind a word at the beginning of a line. */
    private static String line(Path file, String word) throws IOException {
        Matcher matcher =
                Pattern.compile("^\\s*" + word + "(.*)$", Pattern.MULTILINE).matcher(Files.readString(file));
        assertTrue(matcher.find(), word + " is missing from " + file);
        return matcher.group(1).strip();
    }

    private static int run(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertTrue(process.waitFor(30, TimeUnit.SECONDS), command.toString());
        return process.exitValue();
    }

    private static void areSettings(Map<String, String> variables) {
        List<String> known =
                Settings.of(serve()).stream().map(Settings::variable).toList();
        variables.keySet().forEach(name -> assertTrue(known.contains(name), name + " is no setting"));
    }

    @Test
    void the_unit_starts_the_program_with_options_it_has() throws Exception {
        String start = line(UNIT, "ExecStart=");
        List<String> words = List.of(start.split(" ", -1));
        List<String> given = new ArrayList<>(words.subList(words.indexOf("serve") + 1, words.size()));

        CommandLine serve = new CommandLine(serve());
        serve.parseArgs(given.toArray(String[]::new));
        assertEquals(
                Path.of("/etc/levada/levada.yaml"),
                serve.getCommandSpec().findOption("--config").getValue());
        areSettings(variables(UNIT));
        assertEquals(
                "file:/var/lib/" + line(UNIT, "StateDirectory="),
                variables(UNIT).get("LEVADA_STORE"),
                "the store is in the directory that may be written");
        int limit = Integer.parseInt(line(UNIT, "TimeoutStopSec="));
        assertTrue(limit > 10, "a server may take 10 s to stop");
    }

    @Test
    void systemd_takes_the_unit() throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/systemd-analyze")) && Files.isExecutable(Path.of("/usr/bin/java")),
                "SKIPPED: this machine lacks systemd-analyze, or java in /usr/bin");
        assertEquals(0, run(List.of("systemd-analyze", "verify", UNIT.toString())));
    }

    @Test
    void the_image_has_what_the_server_needs() throws Exception {
        Map<String, String> variables = variables(DOCKERFILE);
        areSettings(variables);
        assertEquals("file:" + line(DOCKERFILE, "VOLUME"), variables.get("LEVADA_STORE"));
        assertEquals(GatewayConfig.DEFAULT_PORT + " " + GatewayConfig.DEFAULT_HTTP_PORT, line(DOCKERFILE, "EXPOSE"));
        assertEquals("SIGTERM", line(DOCKERFILE, "STOPSIGNAL"));
        assertNotEquals("0", line(DOCKERFILE, "USER"));
    }

    @Test
    void the_check_of_the_image_tells_a_server_that_is_ready_from_one_that_is_not() throws Exception {
        String[] words = new ObjectMapper().readValue(line(DOCKERFILE, "CMD(?= \\[\"bash)"), String[].class);
        List<String> command;
        try (Server server = Server.start("memory:", GatewayConfig.defaults().withPorts(0, 0))) {
            command = check(words, server.httpAddress().replaceAll(".*:", ""));
            assertEquals(0, run(command));
        }
        assertNotEquals(0, run(command), "a server that is gone");
    }

    private static List<String> check(String[] words, String port) {
        List<String> command = new ArrayList<>(List.of(words));
        command.set(2, command.get(2).replace(String.valueOf(GatewayConfig.DEFAULT_HTTP_PORT), port));
        return command;
    }
}
