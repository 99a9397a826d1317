package io.levada.trials;

import io.levada.connect.Main;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A worker of connectors in a process of its own. */
final class WorkerProcess implements AutoCloseable {
    private final Process process;
    /** No worker outlives the trials, whatever ends them. */
    private final Thread atExit = new Thread(this::destroy);

    private WorkerProcess(Process process) {
        this.process = process;
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * Starts one, with the plugins that trials have.
     *
     * @param server the log's address
     * @param connectors files of connectors that are to be there
     * @param options of Java, which plugins may need
     */
    static WorkerProcess start(String server, Path log, int port, List<Path> connectors, String... options)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-Dlogback.configurationFile=" + Main.class.getResource("/logback.xml"), // tests' own says less
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "--server",
                server,
                "--plugin-path",
                System.getProperty("trials.plugins"),
                "--rest-port",
                Integer.toString(port)));
        connectors.forEach(file -> command.add(file.toString()));
        return new WorkerProcess(new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start());
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    private void destroy() {
        process.destroyForcibly();
    }

    @Override
    public void close() {
        destroy();
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
