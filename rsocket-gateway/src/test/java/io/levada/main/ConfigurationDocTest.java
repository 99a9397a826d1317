package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.cli.CommandContext;
import io.levada.cli.Shutdown;
import io.levada.cli.Terminal;
import io.levada.cli.Units;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The reference of settings, and the file to begin with, are what the options say of themselves. */
class ConfigurationDocTest {
    private static final Path DOC = Path.of("../engine/docs/CONFIGURATION.md");
    private static final Path FILE = Path.of("packaging/levada.yaml");
    private static final String HEAD =
            "| setting | environment | default | allowed | what it does |\n|---|---|---|---|---|\n";
    private static final String FIRST = "# ---\n";
    private static final int LINE_LENGTH = 120;
    private static final String MEND = "mvn -pl rsocket-gateway -am test -Dtest=ConfigurationDocTest"
            + " -Dsurefire.failIfNoSpecifiedTests=false -Dlevada.docs.write=true";

    private static List<OptionSpec> settings() {
        CommandContext context = new CommandContext(Terminal.ofProcess(), Shutdown.none());
        CommandLine serve = new CommandLine(new ServeCommand(context, Map.of()));
        return Settings.of(serve.getCommandSpec()).stream()
                .sorted(Comparator.comparing(Settings::name))
                .toList();
    }

    private static String row(OptionSpec option) {
        String name = Settings.isInFile(option) ? "`" + Settings.name(option) + "`" : "`--config` alone";
        String value = shown(option);
        return "| " + name + " | `" + Settings.variable(option) + "` | "
                + (value.isEmpty() ? "" : "`" + value + "`") + " | " + allowed(option) + " | "
                + String.join(" ", option.description()) + " |\n";
    }

    private static String allowed(OptionSpec option) {
        return ValueKind.allowed(option) + (option.isMultiValue() ? "; a list" : "");
    }

    private static String lines(OptionSpec option) {
        StringBuilder text = new StringBuilder("\n");
        StringBuilder line = new StringBuilder("#");
        String comment = String.join(" ", option.description()) + " [" + allowed(option) + "]";
        for (String word : comment.split(" ", -1)) {
            if (line.length() + 1 + word.length() > LINE_LENGTH) {
                text.append(line).append('\n');
                line = new StringBuilder("#");
            }
            line.append(' ').append(word);
        }
        return text.append(line)
                .append("\n#")
                .append(Settings.name(option))
                .append(": ")
                .append(shown(option))
                .append('\n')
                .toString()
                .replace(": \n", ":\n");
    }

    /** What is used where nobody says anything; one that depends on the machine is told in words. */
    private static String shown(OptionSpec option) {
        Object value = option.initialValue();
        if (value == null || (value instanceof Collection<?> many && many.isEmpty())) {
            return "";
        } else if (value instanceof Long bytes) {
            return Units.text(bytes);
        } else if (value instanceof Duration time) {
            return time.toSeconds() + "s";
        }
        return String.valueOf(value);
    }

    private static void isUpToDate(Path file, String head, String wanted, String next) throws IOException {
        String text = Files.readString(file);
        int start = text.indexOf(head) + head.length();
        int end = next.isEmpty() ? text.length() : text.indexOf(next, start);
        String mended = text.substring(0, start) + wanted + text.substring(end);
        if (Boolean.getBoolean("levada.docs.write")) {
            Files.writeString(file, mended);
        }
        assertEquals(mended, Files.readString(file), () -> "mend it with: " + MEND);
    }

    @Test
    void the_reference_is_what_the_program_takes() throws Exception {
        isUpToDate(DOC, HEAD, settings().stream().map(ConfigurationDocTest::row).collect(Collectors.joining()), "\n##");
    }

    @Test
    void the_file_to_begin_with_has_every_setting() throws Exception {
        isUpToDate(
                FILE,
                FIRST,
                settings().stream()
                        .filter(Settings::isInFile)
                        .map(ConfigurationDocTest::lines)
                        .collect(Collectors.joining()),
                "");
    }

    /** The control: what stands there is taken once its mark is removed. */
    @Test
    void the_file_to_begin_with_is_taken_as_it_is_written(@TempDir Path directory) throws Exception {
        String all = Files.readString(FILE).replaceAll("(?m)^#([a-z-]+: .+)$", "$1");
        Path file = Files.writeString(directory.resolve("levada.yaml"), all);

        assertTrue(SettingsFile.read(file).size() > 5, all);
        Program refused = Program.run("serve", "--config", file.toString(), "--store", "nowhere:");
        assertEquals(1, refused.code(), refused.err());
        assertTrue(refused.err().contains("'nowhere:' is no address of a store"), refused.err());
    }
}
