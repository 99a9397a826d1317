package io.levada.benchmarks.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** A system under test: one process, its data in a directory of its own. */
public abstract class Server {
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private double secondsToStart;

    protected Server(Process process) {
        this.process = process;
    }

    /** Is told once the process answers. */
    protected final void started() {
        secondsToStart = process.info()
                .startInstant()
                .map(begin -> Duration.between(begin, Instant.now()).toNanos() / 1e9)
                .orElse(Double.NaN);
    }

    /** From the beginning of its process until it answered; NaN where the machine does not say. */
    public final double secondsToStart() {
        return secondsToStart;
    }

    /** What clients connect to. */
    public abstract String address();

    /** What browsers connect to; empty where none can. */
    public String webSocketAddress() {
        return "";
    }

    /** Bytes of memory that are resident now, or 0 where the machine does not say. */
    public final long residentBytes() throws IOException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        if (!Files.exists(status)) {
            return 0;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                .findFirst()
                .orElse(0);
    }

    /** Time of the processor that it has used. */
    Duration cpuUsed() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** Has something done as soon as it ends, by itself or stopped. */
    void onExit(Runnable action) {
        var unused = process.onExit().thenRun(action);
    }

    public final boolean isAlive() {
        return process.isAlive();
    }

    public final void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
