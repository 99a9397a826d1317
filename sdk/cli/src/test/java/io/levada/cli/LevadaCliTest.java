package io.levada.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.LevadaOptions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LevadaCliTest {
    private final Cli cli = new Cli();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "topic",
                "nonsense",
                "topic create",
                "topic create t --partitions many",
                "topic list --nonsense",
                "topic list --output yaml",
                "publish",
                "publish t --codec rar",
                "publish t --partition -3",
                "publish t --expected-offset -1",
                "publish t --producer a/b",
                "consume t --from somewhere",
                "group reset g --topic t",
                "group reset g --to earliest",
                "group reset g --topic t --to ago:soon",
                "consume t --to never-ever",
                "consume t --rate -1",
                "consume t --group g --partition 1",
                "consume t --from committed",
                "consume t --group g --to time:2001-01-01T00:00:00Z"
            })
    void wrong_usage_gives_one_line_and_exit_code_2(String line) {
        assertEquals(2, cli.run(line.isEmpty() ? new String[0] : line.split(" ")));

        assertEquals("", cli.out());
        assertTrue(cli.err().matches("INVALID_REQUEST: [^\n]+; see '[^\n]+ --help'\n"), cli.err());
    }

    @Test
    void a_failure_gives_its_code_and_exit_code_1() {
        assertEquals(1, cli.run("topic", "describe", "t"));

        assertEquals("", cli.out());
        assertEquals("UNKNOWN_TOPIC_OR_PARTITION: there is no topic t; create it first\n", cli.err());
        assertEquals(1, cli.log.closed.get());
    }

    @Test
    void how_client_and_server_know_each_other_is_passed_on() {
        String given = "--token-file t --tls-ca a --tls-certificate c --tls-key k topic list";
        assertEquals(0, cli.run(given.split(" ", -1)), cli.err());
        assertEquals(
                new LevadaOptions.Security("t", false, "a", "c", "k"),
                cli.options.get(0).security());

        assertEquals(0, cli.run("topic", "list"), cli.err());
        assertEquals(LevadaOptions.Security.NONE, cli.options.get(1).security());
    }

    @Test
    void a_certificate_without_its_key_is_refused_in_one_line() {
        assertEquals(1, cli.run("topic", "list", "--tls-certificate", "c"));
        assertTrue(cli.err().matches("INVALID_REQUEST: [^\n]*--tls-certificate and --tls-key\n"), cli.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--server a: topic list", "topic --server a: list", "topic list --server a:"})
    void global_options_stand_anywhere(String line) {
        assertEquals(0, cli.run(line.split(" ")), cli.err());

        assertEquals(List.of("a:"), cli.addresses);
    }

    @Test
    void the_server_is_the_local_one_unless_said() {
        assertEquals(0, cli.run("topic", "list"));

        assertEquals(List.of("rsocket://127.0.0.1:7878"), cli.addresses);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "topic --help", "topic create --help", "publish --help", "consume t --help"})
    void help_goes_to_standard_output(String line) {
        assertEquals(0, cli.run(line.split(" ")));

        assertTrue(cli.out().startsWith("Usage: levada"), cli.out());
        assertTrue(cli.out().contains("--server"), cli.out());
        assertEquals("", cli.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "topic list --version"})
    void the_version_is_that_of_the_build(String line) {
        assertEquals(0, cli.run(line.split(" ")));

        assertTrue(cli.out().matches("levada [0-9]+\\.[0-9]+\\.[0-9]+\n"), cli.out());
    }

    @Test
    void completion_knows_the_commands() {
        assertEquals(0, cli.run("completion"));

        assertTrue(cli.out().startsWith("#!"), cli.out());
        assertTrue(cli.out().contains("consume") && cli.out().contains("--key-delimiter"), cli.out());
    }
}
