package io.levada.trials;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs of the machine, run to their end. */
final class Shell {
    private static final long PATIENCE_SECONDS = 60;

    private Shell() {}

    /** What a program that ended left behind. */
    record Ended(int code, String text) {}

    /** Runs a program; gives its exit code and what it said, on both streams. */
    static Ended attempt(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try {
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException(List.of(command) + " did not end");
            }
            return new Ended(process.exitValue(), text);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } finally {
            process.destroyForcibly();
        }
    }

    /** Runs a program that has to succeed. */
    static String run(String... command) throws IOException {
        Ended ended = attempt(command);
        if (ended.code() != 0) {
            throw new IOException(List.of(command) + " ended with " + ended.code() + ": " + ended.text());
        }
        return ended.text();
    }

    static boolean has(String program) throws IOException {
        return attempt("sh", "-c", "command -v " + program).code() == 0;
    }
}
