package io.levada.main;

import io.levada.cli.CommandContext;
import io.levada.cli.CommandGroup;
import io.levada.cli.LevadaCli;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Looks into the files of a log, without a server. */
@Command(name = "log", description = "Looks into the files of a log.")
final class LogCommand extends CommandGroup {
    private final CommandContext context;

    LogCommand(CommandContext context) {
        this.context = context;
    }

    @Command(
            description = {
                "Prints the batches and records of a store's segments, or of one segment file, and checks every checksum.",
                "With --output json, one line for each batch. Exit code 1 where something is damaged. It may be in use."
            })
    int dump(@Parameters(paramLabel = "DIR|FILE", description = "a store's directory or a .log file") Path path)
            throws IOException {
        new LogDump(context.terminal(), context.wantsJson()).dump(path);
        return LevadaCli.DONE;
    }

    @Command(
            description = {
                "Checks every checksum of a store that is not in use, and that all is there that it knows to be durable.",
                "Prints a line for each damaged range, with its offsets, file and bytes; exit code 1 if there is any."
            })
    int verify(@Parameters(paramLabel = "DIR", description = "a store's directory") Path directory) throws IOException {
        new LogVerify(context.terminal(), context.wantsJson()).verify(directory);
        return LevadaCli.DONE;
    }
}
