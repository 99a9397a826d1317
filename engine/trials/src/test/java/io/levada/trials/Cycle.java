package io.levada.trials;

import io.levada.LevadaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * What all trials repeat: start a server, hold the log against the ledger, let clients work for a while, and end the
 * server without warning. For one thread.
 */
final class Cycle {
    private final Path store;
    private final Path log;
    private final Ledger ledger = new Ledger();
    private Map<String, String> topicSettings = Map.of();
    private Outcome outcome = Outcome.NONE;
    private List<LevadaException> failures = List.of();

    /** @param log where the server's own words go, on another file system than the store */
    Cycle(Path store, Path log) {
        this.store = store;
        this.log = log;
    }

    Cycle withTopicSettings(Map<String, String> settings) {
        topicSettings = settings;
        return this;
    }

    /**
     * Once, from start to {@code kill -9}; what is there from before is checked first.
     *
     * @param workMs how long clients work once it serves
     */
    void run(long workMs) throws Exception {
        try (ServerProcess server = ServerProcess.start(store, log)) {
            String address = address(server);
            checkAt(address);
            workAndKill(server, address, workMs);
        }
    }

    /** Starts a server that may be killed, or gone, at any time; it is killed at the end. */
    void runHindered(long workMs, String... before) throws Exception {
        try (ServerProcess server = ServerProcess.start(store, log, before)) {
            Optional<String> address = server.address();
            if (address.isPresent()) {
                workAndKill(server, address.get(), workMs);
            } else {
                server.kill();
            }
        }
    }

    /** Kills a server some time after its process began, whether it serves by then or not. */
    void runFromNothing(long runMs) throws Exception {
        try (ServerProcess server = ServerProcess.start(store, log)) {
            TimeUnit.MILLISECONDS.sleep(runMs);
            server.kill();
        }
    }

    private void workAndKill(ServerProcess server, String address, long workMs) throws InterruptedException {
        try (Workload workload = Workload.start(address, ledger, topicSettings)) {
            TimeUnit.MILLISECONDS.sleep(workMs);
            failures = workload.failures();
            server.kill();
        } catch (LevadaException e) {
            failures = List.of(e); // the server is hindered, or gone already
            server.kill();
        }
    }

    /** Starts a server that nothing hinders, holds everything against the ledger, and stops it. */
    Outcome check() throws Exception {
        try (ServerProcess server = ServerProcess.start(store, log)) {
            Outcome checked = checkAt(address(server));
            server.terminate();
            return checked;
        }
    }

    private Outcome checkAt(String address) {
        Outcome checked = Workload.check(address, ledger);
        outcome = outcome.then(checked);
        return checked;
    }

    private String address(ServerProcess server) throws Exception {
        return server.address().orElseThrow(() -> new AssertionError("the server did not start: " + tail()));
    }

    private String tail() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 10), lines.size()));
        } catch (IOException e) {
            return e.toString();
        }
    }

    Ledger ledger() {
        return ledger;
    }

    /** How clients were told in the last run that something went wrong. */
    List<LevadaException> failures() {
        return failures;
    }

    /** Of all checks; records are counted once. */
    Outcome outcome() {
        return outcome;
    }

    /** From 0.3 to 3 s, most of them short. */
    static long someMs(Random random) {
        double part = random.nextDouble();
        return 300 + (long) (2_700 * part * part * part);
    }
}
