package io.levada.trials;

import io.levada.main.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.BindException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A server in a process of its own, perhaps behind a program that watches or hinders it. */
final class ServerProcess implements AutoCloseable {
    static final long PATIENCE_SECONDS = 240;
    private static final int FIRST_PORT = 20_000;
    private static final int PORTS = 12_000;
    private static final Pattern USED_KB = Pattern.compile("used (\\d+)K");

    private final Process process;
    private final CompletableFuture<@Nullable String> ready;
    /** No server outlives the trials, whatever ends them. */
    private final Thread atExit = new Thread(this::destroy);

    private ServerProcess(Process process, CompletableFuture<@Nullable String> ready) {
        this.process = process;
        this.ready = ready;
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * A port that is free, and stays so between servers: it is none of those that connections are given, from 32,768 on.
     */
    static int freePort() throws IOException {
        Random random = new Random();
        while (true) {
            int port = FIRST_PORT + random.nextInt(PORTS);
            try (ServerSocket socket = new ServerSocket(port)) {
                return socket.getLocalPort();
            } catch (BindException e) {
                // somebody else's: another one
            }
        }
    }

    /**
     * Starts a server.
     *
     * @param port 0 for any that is free
     * @param before words that stand before {@code java}, such as strace's
     */
    static ServerProcess start(Path store, Path log, int port, String... before) throws IOException {
        return start(store, log, port, 0, before);
    }

    /** The same, with a port for HTTP, 0 for any that is free. */
    static ServerProcess start(Path store, Path log, int port, int httpPort, String... before) throws IOException {
        return start(store, log, port, httpPort, List.of(), List.of(before));
    }

    /** The same, with more options of {@code serve}. */
    static ServerProcess start(Path store, Path log, int port, int httpPort, List<String> options, List<String> before)
            throws IOException {
        return start("file:" + store, log, port, httpPort, options, before);
    }

    /** The same, on any address that {@code --store} takes. */
    static ServerProcess start(
            String store, Path log, int port, int httpPort, List<String> options, List<String> before)
            throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "serve",
                "--store",
                store,
                "--port",
                Integer.toString(port),
                "--http-port",
                Integer.toString(httpPort)));
        command.addAll(options);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        return new ServerProcess(process, CompletableFuture.supplyAsync(() -> line(out)));
    }

    private static @Nullable String line(BufferedReader out) {
        try {
            return out.readLine();
        } catch (IOException e) {
            return null;
        }
    }

    /** Where it serves, once it does; empty when it ended before. */
    Optional<String> address() throws Exception {
        try {
            String line = ready.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return Optional.ofNullable(line).map(text -> text.split(" ", -1)[1]);
        } catch (TimeoutException e) {
            throw new AssertionError("not ready after " + PATIENCE_SECONDS + " s: " + threads(), e);
        }
    }

    /** What each thread of the server is doing. */
    private String threads() throws IOException {
        String jstack =
                Path.of(System.getProperty("java.home"), "bin", "jstack").toString();
        StringBuilder all = new StringBuilder();
        for (ProcessHandle handle : Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList()) {
            all.append(Shell.attempt(jstack, Long.toString(handle.pid())).text());
        }
        return all.toString();
    }

    long pid() {
        return process.pid();
    }

    /** Bytes of its heap, and of its classes, that are used after a collection. */
    long usedBytes() throws IOException {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        Shell.run(jcmd, Long.toString(pid()), "GC.run");
        Matcher used = USED_KB.matcher(Shell.run(jcmd, Long.toString(pid()), "GC.heap_info"));
        long bytes = 0;
        while (used.find()) {
            bytes += Long.parseLong(used.group(1)) << 10;
        }
        return bytes;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends SIGKILL to the server itself, and returns once it is gone, and what stood before it. */
    void kill() throws InterruptedException {
        List<ProcessHandle> below = process.descendants().toList();
        if (below.isEmpty()) {
            process.destroyForcibly();
        } else {
            below.forEach(ProcessHandle::destroyForcibly);
            below.forEach(child -> child.onExit().join());
        }
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("still there after SIGKILL");
        }
    }

    /** Sends SIGTERM; gives the exit code. */
    int terminate() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("still there after SIGTERM");
        }
        return process.exitValue();
    }

    private void destroy() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    @Override
    public void close() {
        destroy();
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
