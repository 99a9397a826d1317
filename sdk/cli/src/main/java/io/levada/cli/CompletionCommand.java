package io.levada.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints what a shell needs to complete our commands. */
@Command(
        name = "completion",
        description = {
            "Prints a completion script for bash and zsh. To use it:",
            "  alias levada='java -jar .../levada.jar'",
            "  source <(levada completion)"
        })
final class CompletionCommand implements Callable<Integer> {
    private final CommandContext context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    CompletionCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        context.print(AutoComplete.bash("levada", spec.root().commandLine()).stripTrailing());
        return LevadaCli.DONE;
    }
}
