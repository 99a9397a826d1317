package io.levada.cli;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import reactor.core.Exceptions;

/**
 * The command line: parses, runs one command, and turns what went wrong into one line and an exit code: 0 done, 1 failed,
 * 2 wrong usage. Programs add their own commands with {@link #add}. Not thread-safe.
 */
public final class LevadaCli {
    public static final int DONE = 0;
    public static final int FAILED = 1;
    public static final int WRONG_USAGE = 2;

    private static final String COMPLETION = "completion";

    private final CommandContext context;
    private final CommandLine root;
    private final Map<String, Supplier<Object>> commands = new LinkedHashMap<>();

    public LevadaCli(CommandContext context) {
        this.context = context;
        root = new CommandLine(new RootCommand(context));
        add("topic", () -> new TopicCommand(context));
        add("publish", () -> new PublishCommand(context));
        add("consume", () -> new ConsumeCommand(context));
        add("group", () -> new GroupCommand(context));
        add("copy", () -> new CopyCommand(context));
        add(COMPLETION, () -> new CompletionCommand(context));
    }

    /** Adds a command of picocli's by its name; see its {@code @Command}. */
    public LevadaCli add(String name, Supplier<Object> command) {
        commands.put(name, command);
        return this;
    }

    /** Makes the commands that are named, or all where none is or all are asked for: making one takes a while. */
    private void makeCommands(List<String> args) {
        boolean all = args.contains(COMPLETION) || Collections.disjoint(args, commands.keySet());
        commands.forEach((name, command) -> {
            if (all || args.contains(name)) {
                root.addSubcommand(name, command.get());
            }
        });
    }

    /** Runs one command; the exit code is one of the constants here. Never throws for what the user did. */
    public int run(String... args) {
        Terminal terminal = context.terminal();
        makeCommands(List.of(args));
        root.setCaseInsensitiveEnumValuesAllowed(true);
        root.setUsageHelpAutoWidth(true);
        root.setOut(new PrintWriter(terminal.out(), false, StandardCharsets.UTF_8));
        root.setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8));
        root.setParameterExceptionHandler((error, given) -> wrongUsage(error));
        root.setExecutionExceptionHandler((error, command, parsed) -> failed(error));
        int code = root.execute(args);
        return code == DONE ? flushed() : code;
    }

    private int flushed() {
        try {
            root.getOut().flush();
            context.terminal().flush();
            return DONE;
        } catch (IOException e) {
            return DONE; // whoever read our output has enough of it
        }
    }

    private int wrongUsage(ParameterException error) {
        CommandLine command = error.getCommandLine();
        context.terminal()
                .note(ErrorCode.INVALID_REQUEST + ": " + oneLine(String.valueOf(error.getMessage())) + "; see '"
                        + command.getCommandSpec().qualifiedName() + " --help'");
        return WRONG_USAGE;
    }

    private int failed(Exception error) {
        if (error instanceof ParameterException usage) {
            return wrongUsage(usage);
        } else if (error instanceof BrokenPipe) {
            return DONE;
        }
        context.terminal()
                .note(oneLine(LevadaException.of(Exceptions.unwrap(error)).line()));
        return FAILED;
    }

    private static String oneLine(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining(" "));
    }
}
