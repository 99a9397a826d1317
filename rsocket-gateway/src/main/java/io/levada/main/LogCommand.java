package io.levada.main;

import io.levada.cli.CommandContext;
import io.levada.cli.CommandGroup;
import io.levada.cli.LevadaCli;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Looks into the files of a log, without a server and also beside a running one. */
@Command(name = "log", description = "Looks into the files of a log; the log may be in use.")
final class LogCommand extends CommandGroup {
    private final CommandContext context;

    LogCommand(CommandContext context) {
        this.context = context;
    }

    @Command(
            description = {
                "Prints the batches and records of a store's segments, or of one segment file, and checks every checksum.",
                "With --output json, one line for each batch. Exit code 1 where something is damaged."
            })
    int dump(@Parameters(paramLabel = "DIR|FILE", description = "a store's directory or a .log file") Path path)
            throws IOException {
        new LogDump(context.terminal(), context.wantsJson()).dump(path);
        return LevadaCli.DONE;
    }
}
