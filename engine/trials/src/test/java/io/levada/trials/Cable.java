package io.levada.trials;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
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

    /** Lays one to a port; its script is put into a directory. */
    Cable(Path directory, int to) throws IOException {
        this.to = to;
        Path script = directory.resolve(SCRIPT);
        if (!Files.exists(script)) {
            try (InputStream in = Cable.class.getResourceAsStream(SCRIPT)) {
                Files.copy(Objects.requireNonNull(in), script);
            }
        }
        process = new ProcessBuilder("perl", script.toString(), Integer.toString(to))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
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

    /** Connections cut off that the server has not closed. */
    int heldByServer() throws IOException {
        return standing(LOCAL, REMOTE);
    }

    /** Connections cut off whose other end has not heard of anything: all of them, or it was not cut off. */
    int heldByPeers() throws IOException {
        return standing(REMOTE, LOCAL);
    }

    private int standing(int server, int peer) throws IOException {
        int count = 0;
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            for (String line : Files.readAllLines(Path.of(table))) {
                String[] words = line.strip().split("\\s+", -1);
                if (words[STATE].equals(ESTABLISHED) && port(words[server]) == to && ends.contains(port(words[peer]))) {
                    count++;
                }
            }
        }
        return count;
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
