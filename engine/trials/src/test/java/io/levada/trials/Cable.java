package io.levada.trials;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A cable to a port of this machine that can be pulled: from then on the server hears nothing of whom it talked to, no byte, no
 * acknowledgement and no end, as of a machine whose power is gone. A socket filter drops what the server sends; it needs no rights.
 */
final class Cable implements AutoCloseable {
    private static final String SCRIPT = "cable.pl";
    /** The state of a connection that stands, in /proc/net/tcp. */
    private static final String ESTABLISHED = "01";

    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int STATE = 3;

    private final int to;
    private final Process process;
    private final BufferedReader said;
    private final int port;
    private Set<Integer> ends = Set.of();

    /** Lays one to a port. */
    Cable(int to) throws IOException {
        this.to = to;
        process = new ProcessBuilder("perl", "-", Integer.toString(to))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (InputStream script = Objects.requireNonNull(Cable.class.getResourceAsStream(SCRIPT));
                OutputStream into = process.getOutputStream()) {
            script.transferTo(into);
        }
        said = process.inputReader(StandardCharsets.US_ASCII);
        port = Integer.parseInt(line());
    }

    private String line() throws IOException {
        String line = said.readLine();
        if (line == null) {
            throw new IOException(SCRIPT + " has ended");
        }
        return line;
    }

    /** Where it begins. */
    int port() {
        return port;
    }

    /** Cuts off whoever came through it. */
    void pull() throws IOException {
        Shell.run("kill", "-USR1", Long.toString(process.pid()));
        ends = Arrays.stream(line().split(" ", -1)).map(Integer::valueOf).collect(Collectors.toSet());
    }

    /** How many were cut off. */
    int cutOff() {
        return ends.size();
    }

    /** Those cut off that the server has not closed. */
    int heldByServer() {
        return standing(LOCAL, REMOTE);
    }

    /** Those cut off whose other end has not heard of anything: all of them, or it was not cut off. */
    int heldByPeers() {
        return standing(REMOTE, LOCAL);
    }

    private int standing(int server, int peer) {
        int count = 0;
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            for (String line : lines(table)) {
                String[] words = line.strip().split("\\s+", -1);
                if (words[STATE].equals(ESTABLISHED) && port(words[server]) == to && ends.contains(port(words[peer]))) {
                    count++;
                }
            }
        }
        return count;
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
