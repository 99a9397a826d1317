package io.levada.main;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A server in a process of its own, so that it can be killed. Ends with the test that started it. */
public final class ServeProcess implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30;

    private final Process process;
    private final String ready;

    private ServeProcess(Process process, String ready) {
        this.process = process;
        this.ready = ready;
    }

    /** Starts a server on free ports; returns once it says that it is ready. */
    public static ServeProcess start(Path store) throws Exception {
        return start(store, 0, 0);
    }

    /** Starts a server on ports of one's own, 0 for free ones, with more options. */
    public static ServeProcess start(Path store, int port, int httpPort, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "serve",
                "--store",
                "file:" + store,
                "--port",
                Integer.toString(port),
                "--http-port",
                Integer.toString(httpPort)));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        try {
            String line = CompletableFuture.supplyAsync(() -> readLine(out)).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return new ServeProcess(process, line);
        } catch (Exception e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static String readLine(BufferedReader out) {
        try {
            return String.valueOf(out.readLine());
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** The line {@code ready rsocket://H:P http://H:P}. */
    String ready() {
        return ready;
    }

    public String address() {
        return ready.split(" ", -1)[1];
    }

    /** Where pages are. */
    public String http() {
        return ready.split(" ", -1)[2];
    }

    /** Sends SIGTERM and returns the exit code. */
    int terminate() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("still there after " + PATIENCE_SECONDS + " s");
        }
        return process.exitValue();
    }

    /** Sends SIGKILL and returns once it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
