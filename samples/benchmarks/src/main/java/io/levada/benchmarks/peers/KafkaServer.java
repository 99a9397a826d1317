package io.levada.benchmarks.peers;

import io.levada.benchmarks.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.Uuid;

/** One Kafka broker that is its own controller, with its defaults but for what one broker needs. */
public final class KafkaServer extends Server {
    /** Where the project has its jars. */
    static final String JARS = "engine/kafka/broker/target/lib";

    private static final long PATIENCE_SECONDS = 60;

    private final String address;

    private KafkaServer(Process process, String address) {
        super(process);
        this.address = address;
    }

    /**
     * Starts one, in a directory that is empty or was one's before.
     *
     * @param jars the directory with its jars
     */
    public static KafkaServer start(Path jars, Path directory, List<String> options)
            throws IOException, InterruptedException {
        String address = Programs.LOOPBACK + ":" + Programs.freePort();
        String controller = Programs.LOOPBACK + ":" + Programs.freePort();
        boolean isNew = Files.notExists(directory);
        Files.createDirectories(directory);
        Path settings = directory.resolve("server.properties");
        Files.write(
                settings,
                List.of(
                        "process.roles=broker,controller",
                        "node.id=1",
                        "controller.quorum.voters=1@" + controller,
                        "listeners=PLAINTEXT://" + address + ",CONTROLLER://" + controller,
                        "controller.listener.names=CONTROLLER",
                        "log.dirs=" + directory.resolve("data"),
                        "offsets.topic.replication.factor=1",
                        "transaction.state.log.replication.factor=1",
                        "transaction.state.log.min.isr=1"));
        String classPath = jars.resolve("*").toString();
        if (isNew) {
            Process format = Programs.java(
                    "-cp",
                    classPath,
                    "kafka.tools.StorageTool",
                    "format",
                    "-t",
                    Uuid.randomUuid().toString(),
                    "-c",
                    settings.toString());
            Programs.output(format).lines().forEach(line -> {});
            format.waitFor();
        }
        List<String> command = new ArrayList<>(options);
        command.addAll(List.of("-cp", classPath, "kafka.Kafka", settings.toString()));
        // Its log stays when the directory goes, to say why one failed.
        Path log = directory.resolveSibling(directory.getFileName() + ".log");
        Process process = Programs.javaInto(log, command.toArray(String[]::new));
        KafkaServer server = new KafkaServer(process, address);
        server.awaitReady();
        server.started();
        return server;
    }

    private void awaitReady() throws InterruptedException {
        long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (System.nanoTime() < patience && isAlive()) {
            try (Admin admin = Admin.create(Map.of(
                    AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                    address,
                    AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                    "1000",
                    AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
                    "1000"))) {
                if (!admin.describeCluster().nodes().get().isEmpty()) {
                    return;
                }
            } catch (ExecutionException e) {
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
        throw new IllegalStateException("Kafka does not answer");
    }

    @Override
    public String address() {
        return address;
    }
}
