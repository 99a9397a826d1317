package io.levada.benchmarks.pipelines;

import io.levada.benchmarks.Programs;
import io.levada.benchmarks.peers.Server;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A worker in a process of its own; started once its REST API lists connectors. */
final class Worker extends Server {
    private static final long PATIENCE_SECONDS = 120;

    private final String address;

    private Worker(Process process, String address) {
        super(process);
        this.address = address;
    }

    /**
     * Starts one.
     *
     * @param port of its REST API
     * @param log where it says what it does
     * @param command after {@code java}
     */
    static Worker start(int port, Path log, List<String> command) throws IOException, InterruptedException {
        Process process = Programs.javaInto(log, new ArrayList<>(command).toArray(String[]::new));
        Worker worker = new Worker(process, "http://" + Programs.LOOPBACK + ":" + port);
        Connectors connectors = new Connectors(worker.address());
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!connectors.answers()) {
            if (System.nanoTime() > end || !worker.isAlive()) {
                throw new IllegalStateException("the worker does not answer; what it said is in " + log);
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        worker.started();
        return worker;
    }

    @Override
    public String address() {
        return address;
    }
}
