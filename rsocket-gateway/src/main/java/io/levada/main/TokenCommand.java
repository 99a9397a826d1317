package io.levada.main;

import io.levada.access.Passwords;
import io.levada.access.StaticTokens;
import io.levada.cli.CommandContext;
import io.levada.cli.CommandGroup;
import io.levada.cli.LevadaCli;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes what principals show, and what a server keeps of it. */
@Command(name = "token", description = "Makes tokens and passwords' hashes for the files of 'serve --auth-...'.")
final class TokenCommand extends CommandGroup {
    private final CommandContext context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec self;

    TokenCommand(CommandContext context) {
        this.context = context;
    }

    @Command(
            description = {
                "Makes a random token for a principal and prints it, this once. What --auth-tokens is to hold of it goes to"
                        + " standard error, or to the end of a file."
            })
    int create(
            @Parameters(paramLabel = "PRINCIPAL", description = "whose token it is to be") String principal,
            @Option(names = "--file", paramLabel = "FILE", description = "the file to append the line to") @Nullable
                    Path file)
            throws IOException {
        StaticTokens.Created token = StaticTokens.create(principal);
        keep(token.line(), file);
        context.terminal().line(token.secret());
        return LevadaCli.DONE;
    }

    @Command(
            description = {
                "Reads a password, one line of standard input, and prints the line that --auth-passwords is to hold, or"
                        + " appends it to a file."
            })
    int password(
            @Parameters(paramLabel = "USER", description = "whose password it is") String user,
            @Option(names = "--file", paramLabel = "FILE", description = "the file to append the line to") @Nullable
                    Path file)
            throws IOException {
        String password =
                new BufferedReader(new InputStreamReader(context.terminal().in(), StandardCharsets.UTF_8)).readLine();
        if (password == null || password.isEmpty()) {
            throw new ParameterException(self.commandLine(), "standard input is to hold the password, in one line");
        }
        String line = Passwords.line(user, password);
        if (file == null) {
            context.terminal().line(line);
        } else {
            keep(line, file);
        }
        return LevadaCli.DONE;
    }

    /** A file that is made now is for its owner alone. */
    private void keep(String line, @Nullable Path file) throws IOException {
        if (file == null) {
            context.terminal().note(line);
            return;
        }
        if (Files.notExists(file)
                && file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
