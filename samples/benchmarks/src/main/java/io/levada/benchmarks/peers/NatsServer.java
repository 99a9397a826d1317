package io.levada.benchmarks.peers;

import io.levada.benchmarks.Programs;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One NATS server with JetStream, with its defaults. */
final class NatsServer extends Server {
    private static final String PROGRAM = "nats-server";
    private static final long PATIENCE_SECONDS = 60;
    private static final long PAUSE_MILLIS = 20;

    private final String address;

    private NatsServer(Process process, String address) {
        super(process);
        this.address = address;
    }

    /** The program, where it is installed. */
    static Optional<Path> program() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .map(directory -> Path.of(directory, PROGRAM))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static NatsServer start(Path program, Path directory) throws IOException, InterruptedException {
        int port = Programs.freePort();
        Path log = directory.resolveSibling(directory.getFileName() + ".log");
        List<String> command = List.of(
                program.toString(),
                "--jetstream",
                "--store_dir",
                directory.toString(),
                "--addr",
                Programs.LOOPBACK,
                "--port",
                Integer.toString(port),
                "--log",
                log.toString());
        Process process = Programs.any(command, ProcessBuilder.Redirect.DISCARD);
        NatsServer server = new NatsServer(process, "nats://" + Programs.LOOPBACK + ":" + port);
        server.awaitReady();
        server.started();
        return server;
    }

    private void awaitReady() throws InterruptedException {
        long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (System.nanoTime() < patience && isAlive()) {
            if (NatsClient.isAnswered(address)) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
        throw new IllegalStateException("NATS does not answer");
    }

    @Override
    public String address() {
        return address;
    }
}
