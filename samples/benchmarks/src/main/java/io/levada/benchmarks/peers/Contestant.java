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

/** A system with a driver for it: does tasks, one after the other. */
final class Contestant {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Peer peer;
    private final Server server;
    private final Process driver;
    private final BufferedWriter tasks;
    private final BufferedReader outcomes;

    Contestant(Peer peer, Server server, List<String> options) throws IOException {
        this.peer = peer;
        this.server = server;
        driver = Programs.ours(options, Driver.class, peer.name(), server.address());
        tasks = new BufferedWriter(new OutputStreamWriter(driver.getOutputStream(), StandardCharsets.UTF_8));
        outcomes = Programs.output(driver);
    }

    Peer peer() {
        return peer;
    }

    Server server() {
        return server;
    }

    Outcome run(Task task) throws IOException {
        Duration before = server.cpuUsed();
        tasks.write(JSON.writeValueAsString(task));
        tasks.newLine();
        tasks.flush();
        String answer = answer(task);
        Outcome outcome = JSON.readValue(answer.substring(Driver.ANSWER.length()), Outcome.class);
        return outcome.withCpuSeconds(server.cpuUsed().minus(before).toNanos() / 1e9);
    }

    private String answer(Task task) throws IOException {
        try {
            return Programs.awaitLine(outcomes, Driver.ANSWER);
        } catch (IllegalStateException e) {
            throw new IOException(peer.label() + " failed at " + task + "; its clients say above why", e);
        }
    }

    void stop() throws IOException, InterruptedException {
        tasks.close();
        driver.destroy();
        driver.waitFor();
        server.stop();
    }
}
