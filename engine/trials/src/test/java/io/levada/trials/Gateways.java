package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Servers over one Kafka cluster, each with a port of its own that it has again after it was killed. */
final class Gateways implements AutoCloseable {
    private final String store;
    private final Path directory;
    private final List<Integer> ports = new ArrayList<>();
    private final List<ServerProcess> servers = new ArrayList<>();

    private Gateways(String store, Path directory) {
        this.store = store;
        this.directory = directory;
    }

    /**
     * Starts some.
     *
     * @param bootstrap the cluster, as {@code bootstrap.servers} has it
     */
    static Gateways start(String bootstrap, Path directory, int count) throws Exception {
        Gateways gateways = new Gateways("kafka://" + bootstrap, directory);
        boolean started = false;
        try {
            for (int i = 0; i < count; i++) {
                gateways.ports.add(ServerProcess.freePort());
                gateways.servers.add(gateways.server(i));
            }
            for (int i = 0; i < count; i++) {
                gateways.awaitReady(i);
            }
            started = true;
            return gateways;
        } finally {
            if (!started) {
                gateways.close();
            }
        }
    }

    private ServerProcess server(int gateway) throws IOException {
        return ServerProcess.start(store, log(gateway), ports.get(gateway), 0, List.of(), List.of());
    }

    private void awaitReady(int gateway) throws Exception {
        assertTrue(servers.get(gateway).address().isPresent(), () -> "it did not start:\n" + words(gateway));
    }

    private Path log(int gateway) {
        return directory.resolve("gateway-" + gateway + ".log");
    }

    /** What a gateway said. */
    String words(int gateway) {
        try {
            return Files.readString(log(gateway));
        } catch (IOException e) {
            return e.toString();
        }
    }

    String address(int gateway) {
        return "rsocket://127.0.0.1:" + ports.get(gateway);
    }

    int count() {
        return servers.size();
    }

    /** The next one, which is the other one of two. */
    int other(int gateway) {
        return (gateway + 1) % ports.size();
    }

    /** SIGKILL. */
    void kill(int gateway) throws InterruptedException {
        servers.get(gateway).kill();
        servers.get(gateway).close();
    }

    /** Starts one again that was killed; returns once it serves. */
    void restart(int gateway) throws Exception {
        servers.set(gateway, server(gateway));
        awaitReady(gateway);
    }

    @Override
    public void close() {
        servers.forEach(ServerProcess::close);
    }
}
