package io.levada.connect;

import io.levada.LevadaException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** The program: one command, and what went wrong as one line. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.getProperties().putIfAbsent("io.netty.leakDetection.level", "disabled");
        System.exit(run(args));
    }

    /** Runs the command and gives its exit code. */
    static int run(String... args) {
        CommandLine command = new CommandLine(new ConnectCommand());
        command.setUsageHelpAutoWidth(true);
        command.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
        command.setExecutionExceptionHandler((error, line, parsed) -> failed(line, error));
        return command.execute(args);
    }

    private static int failed(CommandLine line, Exception error) {
        LevadaException ours = LevadaException.of(error);
        LoggerFactory.getLogger(Main.class).debug("failed", error);
        line.getErr().println(ours.line());
        return 1;
    }
}
