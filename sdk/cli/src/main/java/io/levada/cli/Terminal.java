package io.levada.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Where a program reads and writes: data to {@link #out}, everything else to {@link #err}. Unlike {@link System#out},
 * {@link #out} throws when its reader has gone, so that a command can end instead of writing into nothing.
 *
 * @param in what the program is given
 * @param out data, buffered: flush it
 * @param err notes, progress and failures
 * @param outIsTerminal whether a person reads {@code out}
 * @param errIsTerminal whether a person reads {@code err}
 */
public record Terminal(
        InputStream in, OutputStream out, PrintStream err, boolean outIsTerminal, boolean errIsTerminal) {
    private static final int BUFFER_BYTES = 64 << 10;

    /** The streams of this process. */
    public static Terminal ofProcess() {
        return new Terminal(
                new FileInputStream(FileDescriptor.in),
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER_BYTES),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                isTerminal(1),
                isTerminal(2));
    }

    /** Writes a line of data; see {@link #flush}. Fails when its reader has gone, which ends the command quietly. */
    public void line(String text) throws IOException {
        line(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes a line of data that need not be text. */
    public void line(byte[] bytes) throws IOException {
        try {
            out.write(bytes);
            out.write('\n');
        } catch (IOException e) {
            throw new BrokenPipe(e);
        }
    }

    /** Hands the lines written over to their reader. */
    public void flush() throws IOException {
        try {
            out.flush();
        } catch (IOException e) {
            throw new BrokenPipe(e);
        }
    }

    /** Writes a line that is no data. */
    public void note(String text) {
        err.println(text);
    }

    /** Whether {@code out} may be coloured: a person reads it and has not asked for none (no-color.org). */
    public boolean outTakesColour() {
        String noColour = System.getenv("NO_COLOR");
        return outIsTerminal && (noColour == null || noColour.isEmpty()) && !"dumb".equals(System.getenv("TERM"));
    }

    /** Java 17 knows only whether both ends are terminals; Linux says it of each descriptor, {@code test} elsewhere. */
    private static boolean isTerminal(int descriptor) {
        Path link = Path.of("/proc/self/fd/" + descriptor);
        try {
            String target = Files.readSymbolicLink(link).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return Files.exists(Path.of("/proc/self")) ? false : testSaysTerminal(descriptor);
        }
    }

    private static boolean testSaysTerminal(int descriptor) {
        try {
            Process test = new ProcessBuilder("test", "-t", String.valueOf(descriptor))
                    .inheritIO()
                    .start();
            return test.waitFor(1, TimeUnit.SECONDS) && test.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
