package io.levada.benchmarks.peers;

import io.levada.benchmarks.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What {@code levada.jar serve} starts, with its defaults. */
public final class LevadaServer extends Server {
    private final String address;
    private final String webSocketAddress;

    private LevadaServer(Process process, String address, String httpAddress) {
        super(process);
        this.address = address;
        this.webSocketAddress = httpAddress.replaceFirst("http", "ws") + "/rsocket";
    }

    public static LevadaServer start(String classPath, Path directory, List<String> options) throws IOException {
        return start(classPath, "file:" + directory, options);
    }

    /** On any address that {@code --store} takes. */
    static LevadaServer start(String classPath, String store, List<String> options) throws IOException {
        List<String> command = new ArrayList<>(options);
        command.addAll(List.of("-cp", classPath, "io.levada.main.Main"));
        command.addAll(List.of("serve", "--store", store, "--port", "0", "--http-port", "0"));
        Process process = Programs.java(command.toArray(String[]::new));
        String[] ready = Programs.awaitLine(Programs.output(process), "ready").split(" ", -1);
        LevadaServer server = new LevadaServer(process, ready[1], ready[2]);
        server.started();
        return server;
    }

    @Override
    public String address() {
        return address;
    }

    @Override
    public String webSocketAddress() {
        return webSocketAddress;
    }
}
