package io.levada.benchmarks;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Fills a log, kills the process that does, and takes the time until a server serves it: then, and after a clean end. */
@Command(
        name = "start",
        mixinStandardHelpOptions = true,
        description = "How long a server takes to start on a large log, after kill -9 and after a clean end.")
public final class StartBenchmark implements Callable<Integer> {
    private static final int END_SECONDS = 30;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "JAR", description = "levada.jar")
    private Path jar = Path.of("levada.jar");

    @Parameters(index = "1", paramLabel = "DIR", description = "an empty directory, which is filled")
    private Path directory = Path.of("start");

    @Option(names = "--gigabytes", paramLabel = "N", defaultValue = "10", description = "GiB of log (${DEFAULT-VALUE})")
    private double gigabytes = 10;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "3", description = "clean starts (${DEFAULT-VALUE})")
    private int rounds = 3;

    public static void main(String[] args) {
        System.exit(new CommandLine(new StartBenchmark()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        Process filler = Programs.ours(
                List.of(), Filler.class, directory.toString(), Long.toString((long) (gigabytes * (1L << 30))));
        Programs.awaitLine(Programs.output(filler), Filler.FULL);
        filler.destroyForcibly().waitFor();
        out.printf("| start of a server on %.1f GiB | seconds |%n|---|---|%n", gigabytes);
        out.printf("| after kill -9 | %.2f |%n", start());
        for (int round = 0; round < rounds; round++) {
            out.printf("| after a clean end | %.2f |%n", start());
        }
        return 0;
    }

    /** Seconds from the start of the process until it serves; ends it in an orderly way. */
    private double start() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        Process server = Programs.java(
                "-jar", jar.toString(), "serve", "--store", "file:" + directory, "--port", "0", "--http-port", "0");
        Programs.awaitLine(Programs.output(server), "ready");
        double seconds = (System.nanoTime() - begin) / 1e9;
        server.destroy();
        if (!server.waitFor(END_SECONDS, TimeUnit.SECONDS) || server.exitValue() != 0) {
            throw new IllegalStateException("the server did not end well");
        }
        return seconds;
    }
}
