package io.levada.trials;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A member of a group in a process of its own, which is stopped and ended in every way there is. */
final class TrialMember implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private final Path file;
    private boolean stopped;

    /** Ended by SIGKILL. */
    private boolean killed;

    private TrialMember(Process process, Path file) {
        this.process = process;
        this.file = file;
    }

    static TrialMember start(String address, String group, String topic, Path file, Path log) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MemberProcess.class.getName(),
                        address,
                        group,
                        topic,
                        file.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        return new TrialMember(process, file);
    }

    String name() {
        return file.getFileName().toString();
    }

    /** What it wrote so far. */
    String lines() throws IOException {
        return Files.exists(file) ? Files.readString(file, StandardCharsets.US_ASCII) : "";
    }

    /** Whether it is there, the assignments it had, and the last line that it wrote. */
    String summary() {
        try {
            List<String> lines = lines().lines().toList();
            return name() + (process.isAlive() ? " is there" : " is gone") + (stopped ? ", stopped" : "") + ": "
                    + lines.stream().filter(line -> line.startsWith("assigned")).toList()
                    + (lines.isEmpty() ? "" : ", last " + lines.get(lines.size() - 1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether it has a connection, without which it gives up after a while, and a membership, which it leaves when it ends. */
    boolean hasBegun() {
        return file.toFile().length() > 0;
    }

    /** Whether its process is there, stopped or not. */
    boolean isThere() {
        return process.isAlive();
    }

    boolean isStopped() {
        return stopped;
    }

    /** SIGSTOP. */
    void stop() throws IOException {
        stopped = true;
        signal("STOP");
    }

    /** SIGCONT, if it was stopped. */
    void goOn() throws IOException {
        if (stopped) {
            stopped = false;
            signal("CONT");
        }
    }

    private void signal(String name) throws IOException {
        Shell.run("kill", "-" + name, Long.toString(process.pid()));
    }

    void kill() {
        killed = true;
        process.destroyForcibly();
    }

    /** SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Waits for its end, which is 0 unless it was killed, or SIGTERM met it before it had begun. */
    boolean endsWell() throws InterruptedException {
        return process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)
                && (killed || !hasBegun() || process.exitValue() == 0);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
