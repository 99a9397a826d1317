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
import org.jspecify.annotations.Nullable;

/**
 * What all trials repeat: start a server, hold the log against the ledger, let clients work for a while, and end the
 * server without warning. For one thread.
 */
final class Cycle implements AutoCloseable {
    /** How many more records have to be acknowledged before a server that nothing hinders is killed. */
    private static final int LEAST_ACKED = 100;

    private static final long PATIENCE_SECONDS = 240;

    private final Path store;
    private final Path log;
    private final int port;
    private final Ledger ledger = new Ledger();
    private Map<String, String> topicSettings = Map.of();
    private Outcome outcome = Outcome.NONE;
    private List<LevadaException> failures = List.of();
    private @Nullable LastingPublishers lasting;

    /** The server ended before it served. */
    static final class NotStarted extends AssertionError {
        private static final long serialVersionUID = 1;

        private NotStarted(String lastWords) {
            super("the server did not start: " + lastWords);
        }
    }

    /** @param log where the server's own words go, on another file system than the store */
    Cycle(Path store, Path log) throws IOException {
        this.store = store;
        this.log = log;
        this.port = ServerProcess.freePort();
    }

    Cycle withTopicSettings(Map<String, String> settings) {
        topicSettings = settings;
        return this;
    }

    /**
     * Once, from start to {@code kill -9}; what is there from before is checked first.
     *
     * @param workMs how long clients work at least once it serves; they go on until something is acknowledged
     */
    void run(long workMs) throws Exception {
        try (ServerProcess server = ServerProcess.start(store, log, port)) {
            String address = address(server);
            checkAt(address);
            workAndKill(server, address, workMs, LEAST_ACKED);
        }
    }

    /** Something done while the server runs. */
    interface Hindrance {
        void begin() throws Exception;
    }

    /** Starts a server that may be killed, or gone, at any time; it is killed at the end. */
    void runHindered(long workMs, String... before) throws Exception {
        runHindered(workMs, () -> {}, before);
    }

    /** The same, with something that hinders it from when it serves. */
    void runHindered(long workMs, Hindrance hindrance, String... before) throws Exception {
        try (ServerProcess server = ServerProcess.start(store, log, port, before)) {
            Optional<String> address = server.address();
            if (address.isPresent()) {
                hindrance.begin();
                workAndKill(server, address.get(), workMs, 0);
            } else {
                server.kill();
            }
        }
    }

    /** Kills a server some time after its process began, whether it serves by then or not. */
    void runFromNothing(long runMs) throws Exception {
        try (ServerProcess server = ServerProcess.start(store, log, port)) {
            TimeUnit.MILLISECONDS.sleep(runMs);
            server.kill();
        }
    }

    private void workAndKill(ServerProcess server, String address, long workMs, int leastAcked) throws Exception {
        long before = ledger.acked();
        try (Workload workload = Workload.start(address, ledger, topicSettings)) {
            lastingPublishersAt(address);
            TimeUnit.MILLISECONDS.sleep(workMs);
            awaitAcked(before + leastAcked, workload);
            failures = workload.failures();
            server.kill();
        } catch (LevadaException e) {
            failures = List.of(e); // the server is hindered, or gone already
            server.kill();
        }
        if (lasting != null) {
            lasting.pause();
        }
    }

    private void lastingPublishersAt(String address) {
        if (lasting == null) {
            lasting = LastingPublishers.start(address, ledger);
        } else {
            lasting.resume();
        }
    }

    private void awaitAcked(long count, Workload workload) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (ledger.acked() < count) {
            if (System.nanoTime() > end) {
                throw new AssertionError("nothing is acknowledged; clients were told " + workload.failures());
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    /** Starts a server that nothing hinders, holds everything against the ledger, and stops it. */
    Outcome check() throws Exception {
        try (ServerProcess server = ServerProcess.start(store, log, port)) {
            Outcome checked = checkAt(address(server));
            server.terminate();
            return checked;
        }
    }

    private Outcome checkAt(String address) throws InterruptedException {
        if (lasting != null) {
            lasting.settle();
        }
        Outcome checked = Workload.check(address, ledger);
        outcome = outcome.then(checked);
        return checked;
    }

    private String address(ServerProcess server) throws Exception {
        return server.address().orElseThrow(() -> new NotStarted(tail()));
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

    /** How publishers that outlive the server were told that they cannot go on, in any run. */
    List<LevadaException> lastingFailures() {
        return lasting == null ? List.of() : lasting.failures();
    }

    @Override
    public void close() {
        if (lasting != null) {
            lasting.close();
        }
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
