package io.levada.testgate;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * Kafka brokers as processes of their own on loopback, each a controller too, that can be killed and started again. Their
 * jars are those that engine/kafka/broker lays out. Not safe for several threads.
 */
public final class KafkaCluster implements AutoCloseable {
    private static final Path JARS = Path.of("engine", "kafka", "broker", "target", "lib");
    private static final String LOOPBACK = "127.0.0.1";
    private static final String SECURE = "listener.name.sasl_ssl.";
    private static final int FIRST_PORT = 12_000;
    private static final int PORTS = 8_000;
    private static final long PATIENCE_SECONDS = 120;

    private final Path directory;
    private final String id = Uuid.randomUuid().toString();
    private final List<Integer> ports = new ArrayList<>();
    private final List<Integer> controllerPorts = new ArrayList<>();
    private final List<Integer> securePorts = new ArrayList<>();
    private final List<@Nullable Process> brokers = new ArrayList<>();
    /** No broker outlives whoever started it, whatever ends that. */
    private final Thread atExit = new Thread(this::killAll);

    private KafkaCluster(Path directory, int size) {
        this.directory = directory;
        Runtime.getRuntime().addShutdownHook(atExit);
        for (int i = 0; i < size; i++) {
            ports.add(freePort());
            controllerPorts.add(freePort());
            securePorts.add(freePort());
            brokers.add(null);
        }
    }

    /**
     * Starts brokers, and waits until all of them are in the cluster.
     *
     * @param directory where they keep their logs and what they say; theirs alone
     * @param size how many; with three or more, internal topics have three replicas, of which two must be in sync
     * @param settings what each is set to besides; with those of {@code listener.name.sasl_ssl}, each listens there, too
     */
    public static KafkaCluster start(Path directory, int size, Map<String, String> settings) {
        KafkaCluster cluster = new KafkaCluster(directory, size);
        boolean started = false;
        try {
            for (int broker = 0; broker < size; broker++) {
                cluster.format(broker, settings);
            }
            for (int broker = 0; broker < size; broker++) {
                cluster.start(broker);
            }
            cluster.awaitBrokers(size);
            started = true;
            return cluster;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (!started) {
                cluster.close();
            }
        }
    }

    /** All brokers, as {@code bootstrap.servers} has them. */
    public String bootstrap() {
        return ports.stream().map(port -> LOOPBACK + ":" + port).collect(Collectors.joining(","));
    }

    /** The same by their listeners over TLS with SASL; {@link #start} with settings for those has them. */
    public String secureBootstrap() {
        return securePorts.stream().map(port -> LOOPBACK + ":" + port).collect(Collectors.joining(","));
    }

    /** The directory with the jars of the brokers and of Kafka's tools. */
    public static Path jars() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve(JARS))) {
                return at.resolve(JARS);
            }
        }
        throw new IllegalStateException(JARS + " is not there; build engine/kafka/broker first");
    }

    /** SIGKILL; returns once it is gone. */
    public void kill(int broker) {
        Process process = brokers.set(broker, null);
        if (process != null) {
            process.destroyForcibly().onExit().join();
        }
    }

    /** Starts a broker again that was killed; returns once it answers, and the cluster has as many as were started. */
    public void restart(int broker) {
        try {
            start(broker);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        awaitBrokers((int) brokers.stream().filter(process -> process != null).count());
    }

    /** The id of a broker's process, or -1 when it is not there. */
    public long pid(int broker) {
        Process process = brokers.get(broker);
        return process == null ? -1 : process.pid();
    }

    /**
     * A program of Kafka's own, such as its console consumer, to be started; it says what goes wrong on its standard error.
     *
     * @param mainAndArguments the name of its class first
     */
    public static ProcessBuilder tool(String... mainAndArguments) {
        return new ProcessBuilder(command("-Xmx128m", mainAndArguments));
    }

    /**
     * A figure of the brokers' own, over JMX; the sum over those that are there, 0 before there was anything to count.
     *
     * @param name of beans, such as {@code kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec,*}
     * @param attribute such as {@code Count}
     */
    public long metric(String name, String attribute) {
        long sum = 0;
        for (Process broker : brokers) {
            sum += broker == null ? 0 : metric(broker, name, attribute);
        }
        return sum;
    }

    @SuppressWarnings("BanJNDI") // it asks a process of this object's own
    private static long metric(Process broker, String name, String attribute) {
        try {
            VirtualMachine machine = VirtualMachine.attach(Long.toString(broker.pid()));
            String address = machine.startLocalManagementAgent();
            machine.detach();
            try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(address))) {
                MBeanServerConnection beans = connector.getMBeanServerConnection();
                long sum = 0;
                for (ObjectName each : beans.queryNames(new ObjectName(name), null)) {
                    sum += ((Number) beans.getAttribute(each, attribute)).longValue();
                }
                return sum;
            }
        } catch (IOException | JMException | AttachNotSupportedException e) {
            throw new IllegalStateException("a broker does not tell " + name, e);
        }
    }

    private void format(int broker, Map<String, String> settings) throws IOException {
        int replicas = ports.size() >= 3 ? 3 : 1;
        boolean secure = settings.keySet().stream().anyMatch(name -> name.startsWith(SECURE));
        String voters = IntStream.range(0, ports.size())
                .mapToObj(i -> i + "@" + LOOPBACK + ":" + controllerPorts.get(i))
                .collect(Collectors.joining(","));
        List<String> lines = new ArrayList<>(List.of(
                "process.roles=broker,controller",
                "node.id=" + broker,
                "controller.quorum.voters=" + voters,
                "listeners=PLAINTEXT://" + LOOPBACK + ":" + ports.get(broker) + ",CONTROLLER://" + LOOPBACK + ":"
                        + controllerPorts.get(broker)
                        + (secure ? ",SASL_SSL://" + LOOPBACK + ":" + securePorts.get(broker) : ""),
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
                "controller.listener.names=CONTROLLER",
                "log.dirs=" + directory.resolve("broker-" + broker),
                "auto.create.topics.enable=false",
                "offsets.topic.num.partitions=3",
                "offsets.topic.replication.factor=" + replicas,
                "transaction.state.log.num.partitions=3",
                "transaction.state.log.replication.factor=" + replicas,
                "transaction.state.log.min.isr=" + Math.min(2, replicas),
                "min.insync.replicas=" + Math.min(2, replicas),
                // A dead broker's partitions have another leader soon, and members of groups hear of changes soon.
                "broker.session.timeout.ms=3000",
                "broker.heartbeat.interval.ms=500",
                "controller.quorum.election.timeout.ms=500",
                "controller.quorum.fetch.timeout.ms=1000",
                "group.consumer.min.heartbeat.interval.ms=100",
                "group.consumer.heartbeat.interval.ms=200",
                "group.consumer.min.session.timeout.ms=1000",
                "group.consumer.session.timeout.ms=6000"));
        settings.forEach((name, value) -> lines.add(name + "=" + value));
        Files.createDirectories(directory);
        Files.write(settings(broker), lines);
        int code = java(
                        broker,
                        "-Xmx64m",
                        "kafka.tools.StorageTool",
                        "format",
                        "-t",
                        id,
                        "-c",
                        settings(broker).toString())
                .onExit()
                .join()
                .exitValue();
        if (code != 0) {
            throw new IllegalStateException(
                    "broker " + broker + " was not formatted:\n" + Files.readString(log(broker)));
        }
    }

    private void start(int broker) throws IOException {
        brokers.set(
                broker, java(broker, "-Xmx256m", "kafka.Kafka", settings(broker).toString()));
    }

    private Process java(int broker, String heap, String... mainAndArguments) throws IOException {
        return new ProcessBuilder(command(heap, mainAndArguments))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log(broker).toFile()))
                .start();
    }

    private static List<String> command(String heap, String... mainAndArguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                heap,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-cp",
                jars().resolve("*").toString()));
        command.addAll(List.of(mainAndArguments));
        return command;
    }

    private Path settings(int broker) {
        return directory.resolve("broker-" + broker + ".properties");
    }

    /** What a broker says. */
    public Path log(int broker) {
        return directory.resolve("broker-" + broker + ".log");
    }

    private void awaitBrokers(int count) {
        long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        Map<String, Object> settings = Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrap(),
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                "2000",
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
                "1000");
        try (Admin admin = Admin.create(settings)) {
            while (System.nanoTime() < patience) {
                // One that was killed counts on for a while: those that are there must answer, too.
                if (allAnswer() && brokersSeen(admin) >= count) {
                    return;
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new IllegalStateException("the brokers are not there; see " + directory + "/*.log");
    }

    private boolean allAnswer() {
        for (int broker = 0; broker < brokers.size(); broker++) {
            Process process = brokers.get(broker);
            if (process != null && !process.isAlive()) {
                throw new IllegalStateException("broker " + broker + " ended by itself; see " + log(broker));
            }
            if (process != null && !answers(ports.get(broker))) {
                return false;
            }
        }
        return true;
    }

    private static boolean answers(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private static int brokersSeen(Admin admin) throws InterruptedException {
        try {
            return admin.describeCluster().nodes().get().size();
        } catch (ExecutionException e) {
            return 0; // nobody is there yet
        }
    }

    /** One that stays free while its broker is away: none of those that connections are given, from 32,768 on. */
    private static int freePort() {
        Random random = new Random();
        while (true) {
            int port = FIRST_PORT + random.nextInt(PORTS);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException e) {
                // somebody else's: another one
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void killAll() {
        for (int broker = 0; broker < brokers.size(); broker++) {
            kill(broker);
        }
    }

    /** Kills all brokers; what they wrote stays for whoever made the directory. */
    @Override
    public void close() {
        killAll();
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
