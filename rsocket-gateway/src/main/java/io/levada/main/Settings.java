package io.levada.main;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.PicocliException;
import picocli.CommandLine.Spec;

/**
 * Gives options that were left out their values from the environment, or else from a file. An option {@code --http-port}
 * is the setting {@code http-port} in the file and {@code LEVADA_HTTP_PORT} in the environment: every option of a command
 * and of its mixins is one by being there. Values are converted as those of the command line are, by the option itself. A
 * mixin of the command. For one thread.
 */
final class Settings {
    static final String PREFIX = "LEVADA_";
    private static final String FILE_OPTION = "--config";

    private final Map<String, OptionSpec> options = new TreeMap<>();
    private final Map<String, String> environment;
    private final Consumer<String> warnings;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec command;

    @Option(names = FILE_OPTION, paramLabel = "FILE", description = "settings, as YAML; none unless said")
    private @Nullable Path file;

    /**
     * A value that was found.
     *
     * @param origin where, for whoever has to mend it
     */
    record Given(String origin, List<String> values) {}

    /**
     * @param warnings told of what is no setting, but may have been meant to be one
     */
    Settings(Map<String, String> environment, Consumer<String> warnings) {
        this.environment = environment;
        this.warnings = warnings;
    }

    /** The options of a command that are settings: its own, but for those that all commands have. */
    static List<OptionSpec> of(CommandSpec command) {
        return command.options().stream()
                .filter(option -> !option.inherited() && !option.usageHelp() && !option.versionHelp())
                .toList();
    }

    /** As it stands in a file. */
    static String name(OptionSpec option) {
        return option.longestName().substring(2);
    }

    static String variable(OptionSpec option) {
        return PREFIX + name(option).toUpperCase(Locale.ROOT).replace('-', '_');
    }

    /** Whether a setting can stand in a file, which cannot name another. */
    static boolean isInFile(OptionSpec option) {
        return !option.longestName().equals(FILE_OPTION);
    }

    /**
     * Sets all options of the command, which was parsed, that the command line left out and somebody else gives.
     *
     * @throws ParameterException naming the setting, where it is, its value and what is allowed
     */
    void apply() {
        of(command).forEach(option -> options.put(name(option), option));
        warnOfUnknown();
        OptionSpec named = command.findOption(FILE_OPTION);
        if (!isOnCommandLine(named)) {
            fromEnvironment(named).ifPresent(given -> set(named, given));
        }
        Map<String, Given> inFile = file == null ? Map.of() : read(file);
        for (OptionSpec option : options.values()) {
            if (isInFile(option) && !isOnCommandLine(option)) {
                fromEnvironment(option)
                        .or(() -> Optional.ofNullable(inFile.get(name(option))))
                        .ifPresent(given -> set(option, given));
            }
        }
    }

    private boolean isOnCommandLine(OptionSpec option) {
        return command.commandLine().getParseResult().hasMatchedOption(option);
    }

    /** One that is empty says nothing, as files of units and containers often have them. */
    private Optional<Given> fromEnvironment(OptionSpec option) {
        String variable = variable(option);
        String value = environment.getOrDefault(variable, "");
        if (value.isEmpty()) {
            return Optional.empty();
        }
        List<String> values = option.isMultiValue()
                ? Arrays.stream(value.split(",", -1)).map(String::strip).toList()
                : List.of(value);
        return Optional.of(new Given(variable, values));
    }

    private Map<String, Given> read(Path path) {
        Map<String, Given> found;
        try {
            found = SettingsFile.read(path);
        } catch (SettingsFile.Unusable e) {
            throw new ParameterException(command.commandLine(), e.getMessage(), e);
        }
        List<String> inFile = options.values().stream()
                .filter(Settings::isInFile)
                .map(Settings::name)
                .toList();
        found.forEach((name, given) -> {
            OptionSpec option = options.get(name);
            if (option == null || !isInFile(option)) {
                String near = Nearest.to(name, inFile);
                throw new ParameterException(
                        command.commandLine(),
                        name + " (" + given.origin() + ") is no setting"
                                + (near == null ? "" : "; was it to be " + near + "?"));
            } else if (given.values().size() > 1 && !option.isMultiValue()) {
                throw refused(option, given, "it takes one value, not a list");
            }
        });
        return found;
    }

    /** Has a command that has this option alone parse the value, which sets the option's own field. */
    private void set(OptionSpec option, Given given) {
        CommandSpec alone = CommandSpec.create()
                .addOption(option.toBuilder().required(false).build());
        CommandLine parser = new CommandLine(alone)
                .setExpandAtFiles(false)
                .setCaseInsensitiveEnumValuesAllowed(command.commandLine().isCaseInsensitiveEnumValuesAllowed());
        try {
            parser.parseArgs(given.values().stream()
                    .map(value -> option.longestName() + "=" + value)
                    .toArray(String[]::new));
        } catch (PicocliException e) {
            throw refused(option, given, "allowed: " + ValueKind.allowed(option));
        }
    }

    private ParameterException refused(OptionSpec option, Given given, String why) {
        String values = String.join(", ", given.values());
        String hint = values.startsWith("tcp://") && given.origin().startsWith(PREFIX)
                ? "; Kubernetes sets it so for a Service named levada unless enableServiceLinks is false"
                : "";
        return new ParameterException(
                command.commandLine(), name(option) + " (" + given.origin() + ") is '" + values + "'; " + why + hint);
    }

    private void warnOfUnknown() {
        List<String> known = options.values().stream().map(Settings::variable).toList();
        environment.keySet().stream()
                .filter(variable -> variable.startsWith(PREFIX) && !known.contains(variable))
                .sorted()
                .forEach(variable -> {
                    String near = Nearest.to(variable, known);
                    warnings.accept("the variable " + variable + " is no setting and does nothing"
                            + (near == null ? "" : "; was it to be " + near + "?"));
                });
    }
}
