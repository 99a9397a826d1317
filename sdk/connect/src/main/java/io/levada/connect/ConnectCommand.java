package io.levada.connect;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.access.AccessControl;
import io.levada.access.AuthOptions;
import io.levada.access.Quota;
import io.levada.connect.rest.Gate;
import io.levada.connect.rest.RestServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorInfo;
import org.apache.kafka.connect.util.FutureCallback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The program's one command: runs a worker until it is told to stop. */
@Command(
        name = "levada-connect",
        mixinStandardHelpOptions = true,
        versionProvider = ConnectCommand.Version.class,
        sortOptions = false,
        description = "Runs Kafka Connect's plugins, unmodified, against a log.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:stopped", "1:failed, with one line CODE: message on standard error", "2:wrong usage"})
final class ConnectCommand implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(ConnectCommand.class);

    private static final String LOOPBACK = "127.0.0.1";
    private static final long STOP_LIMIT_S = 30;
    private static final long SERVER_PAUSE_MS = 1_000;

    @Option(
            names = "--server",
            paramLabel = "URI",
            defaultValue = "rsocket://127.0.0.1:7878",
            description =
                    "the log: rsocket://HOST:PORT or ws://HOST:PORT/rsocket, over TLS rsockets:// or wss://, file:DIR for one in"
                            + " this process, memory: for one that is gone with it; ${DEFAULT-VALUE} unless said")
    private String server = "";

    @Option(
            names = "--plugin-path",
            paramLabel = "DIR",
            split = ",",
            description =
                    "directories with plugins, each a directory of jars or a jar; plugins/ of the program unless said")
    private List<String> pluginPath = new ArrayList<>();

    @Option(
            names = "--rest-port",
            paramLabel = "PORT",
            defaultValue = "8083",
            description =
                    "port of Kafka Connect's REST API, on loopback; 0 for a free one; ${DEFAULT-VALUE} unless said")
    private int restPort;

    @Option(
            names = "--group",
            paramLabel = "NAME",
            defaultValue = "connect",
            description =
                    "workers of one group share its connectors; its topics are NAME-configs, -offsets, -status and -work;"
                            + " ${DEFAULT-VALUE} unless said")
    private String group = "";

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "a worker's properties as Kafka Connect has them: converters, config.providers, offset.flush.interval.ms,"
                            + " task.shutdown.graceful.timeout.ms and others; those about brokers have no meaning here")
    private @Nullable Path config;

    @Option(
            names = "--token-file",
            paramLabel = "F",
            description = "a file that holds the bearer token which this worker shows to a remote server")
    private @Nullable String tokenFile;

    @Option(
            names = "--tls-ca",
            paramLabel = "F",
            description = "a PEM file with the certificates that a remote server's is to be issued by")
    private @Nullable String tlsCa;

    @Option(
            names = "--tls-certificate",
            paramLabel = "F",
            description = "a PEM file with the certificate which this worker shows to a remote server")
    private @Nullable String tlsCertificate;

    @Option(names = "--tls-key", paramLabel = "F", description = "a PEM file with its private key, in PKCS#8")
    private @Nullable String tlsKey;

    @ArgGroup(
            exclusive = false,
            validate = false,
            heading =
                    "%nWho may use the REST API of this worker, as 'levada.jar serve' has it; everybody on this machine"
                            + " unless said:%n")
    private AuthOptions auth = new AuthOptions();

    @Parameters(
            paramLabel = "CONNECTOR.json",
            description =
                    "connectors to be there: {\"name\": ..., \"config\": {...}} or a configuration with a name in it")
    private List<Path> connectors = new ArrayList<>();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Map<String, String> settings = settings();
        int port = restPort == 0 ? freePort() : restPort;
        CountDownLatch closed = new CountDownLatch(1);
        try (AccessControl access = auth.start(spec, null, Quota.DEFAULT);
                Levada levada = open();
                ConnectWorker worker = ConnectWorker.start(levada, group, LOOPBACK + ":" + port, settings);
                RestServer rest = RestServer.start(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                        worker.herder(),
                        worker::metricsPage,
                        Gate.loopbackNames(),
                        access)) {
            for (Path file : connectors) {
                put(worker.herder(), file);
            }
            log.info(
                    "ready: group {} on {}, REST on http://{}:{} for {}",
                    group,
                    server,
                    LOOPBACK,
                    rest.address().getPort(),
                    access.asks() ? "who shows who they are" : "everybody on this machine");
            awaitStop(closed);
        } finally {
            closed.countDown();
        }
        return 0;
    }

    /** Waits for a server that is not there yet, as long as one that is gone for a while is waited for. */
    private Levada open() throws InterruptedException {
        LevadaOptions options = options();
        long end = System.nanoTime() + options.reconnectTimeout().toNanos();
        while (true) {
            try {
                return Levada.open(server, options);
            } catch (LevadaException e) {
                if (e.code() != ErrorCode.CONNECTION_LOST || System.nanoTime() > end) {
                    throw e;
                }
                log.warn("{}; this worker waits for it", e.getMessage());
                Thread.sleep(SERVER_PAUSE_MS);
            }
        }
    }

    /** The worker is known by its port before it is bound. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private LevadaOptions options() {
        return LevadaOptions.defaults()
                .withTokenFile(tokenFile)
                .withTrustedCertificates(tlsCa)
                .withClientCertificate(tlsCertificate, tlsKey);
    }

    private Map<String, String> settings() throws IOException {
        Map<String, String> settings = new HashMap<>();
        if (config != null) {
            Properties properties = new Properties();
            try (InputStream in = Files.newInputStream(config)) {
                properties.load(in);
            }
            properties.forEach((name, value) -> settings.put((String) name, (String) value));
        }
        List<String> path = pluginPath.isEmpty() ? ownPlugins() : pluginPath;
        if (!path.isEmpty()) {
            settings.put(WorkerConfig.PLUGIN_PATH_CONFIG, String.join(",", path));
        }
        return settings;
    }

    /** The plugins beside the program's jar, if there are some. */
    private static List<String> ownPlugins() {
        try {
            Path jar = Path.of(ConnectCommand.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Path plugins = jar.resolveSibling("plugins");
            return Files.isDirectory(plugins) ? List.of(plugins.toString()) : List.of();
        } catch (URISyntaxException e) {
            return List.of();
        }
    }

    /** Makes a connector, or gives one that is there this configuration. */
    private static void put(Herder herder, Path file) throws Exception {
        Map<?, ?> said;
        try {
            said = Json.read(Files.readAllBytes(file), Map.class);
        } catch (IOException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    file + " cannot be read: " + e.getMessage() + "; is it where it is said to be?",
                    e);
        }
        Map<?, ?> config = said.get("config") instanceof Map<?, ?> inner ? inner : said;
        Map<String, String> properties = new HashMap<>();
        config.forEach((name, value) -> properties.put(String.valueOf(name), String.valueOf(value)));
        if (said.get("name") instanceof String name) {
            properties.put(ConnectorConfig.NAME_CONFIG, name);
        }
        String name = properties.get(ConnectorConfig.NAME_CONFIG);
        if (name == null) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, file + " names no connector; give it a \"name\"");
        }
        FutureCallback<Herder.Created<ConnectorInfo>> done = new FutureCallback<>();
        herder.putConnectorConfig(name, properties, true, done);
        try {
            log.info("{} connector {}", done.get().created() ? "made" : "updated", name);
        } catch (ExecutionException e) {
            Throwable why = e.getCause() == null ? e : e.getCause();
            throw new LevadaException(ErrorCode.INVALID_CONFIG, file + ": " + why.getMessage(), why);
        }
    }

    /** Until the process is told to end; what is to be closed is closed before it does. */
    private static void awaitStop(CountDownLatch closed) throws InterruptedException {
        CountDownLatch stop = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            stop.countDown();
                            try {
                                boolean clean = closed.await(STOP_LIMIT_S, TimeUnit.SECONDS);
                                Runtime.getRuntime().halt(clean ? 0 : 1); // being told to end is no failure
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        },
                        "connect-stop"));
        stop.await();
    }

    /** What the jar's manifest says. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = ConnectCommand.class.getPackage().getImplementationVersion();
            return new String[] {version == null ? "not packaged" : version};
        }
    }
}
