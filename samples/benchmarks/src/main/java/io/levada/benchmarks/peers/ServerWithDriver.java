package io.levada.benchmarks.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.benchmarks.Programs;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** The two processes of a system: does tasks, one after the other, until one of them fails. */
final class ServerWithDriver {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PATIENCE_MINUTES = 15;

    private final Server server;
    private final Process driver;
    private final BufferedWriter tasks;
    private final BufferedReader outcomes;

    ServerWithDriver(Peer peer, Server server, List<String> options) throws IOException {
        this.server = server;
        driver = Programs.ours(options, Driver.class, peer.name(), server.address(), server.webSocketAddress());
        tasks = new BufferedWriter(new OutputStreamWriter(driver.getOutputStream(), StandardCharsets.UTF_8));
        outcomes = Programs.output(driver);
        // Clients may wait for ever for a server that is gone.
        server.onExit(driver::destroyForcibly);
    }

    Server server() {
        return server;
    }

    Outcome run(Task task) throws IOException {
        Duration before = server.cpuUsed();
        Executor later = CompletableFuture.delayedExecutor(PATIENCE_MINUTES, TimeUnit.MINUTES);
        CompletableFuture<Void> patience = CompletableFuture.runAsync(driver::destroyForcibly, later);
        try {
            tasks.write(JSON.writeValueAsString(task));
            tasks.newLine();
            tasks.flush();
            String answer = Programs.awaitLine(outcomes, Driver.ANSWER);
            Outcome outcome = JSON.readValue(answer.substring(Driver.ANSWER.length()), Outcome.class);
            return outcome.withCpuSeconds(server.cpuUsed().minus(before).toNanos() / 1e9);
        } catch (IllegalStateException e) {
            String who = server.isAlive() ? "its clients ended" : "its server ended";
            throw new IOException(who + "; standard error says why", e);
        } finally {
            patience.cancel(false);
        }
    }

    void stop() throws InterruptedException {
        driver.destroy();
        driver.waitFor();
        server.stop();
    }
}
