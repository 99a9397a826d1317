package io.levada.main;

import io.levada.access.AccessControl;
import io.levada.cli.CommandContext;
import io.levada.cli.LevadaCli;
import io.levada.gateway.GatewayConfig;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs a server until it is told to stop. */
@Command(
        name = "serve",
        description = {
            "Runs a server: RSocket over TCP, and over WebSocket at /rsocket of the HTTP port.",
            "Prints one line 'ready rsocket://HOST:PORT http://HOST:PORT' once it serves. SIGTERM ends it gracefully.",
            "With --tls-certificate and --tls-key both ports speak TLS: 'ready rsockets://HOST:PORT https://HOST:PORT'."
                    + " The files are looked at every 10 s, and a renewed certificate is taken up."
        },
        footer = {
            "",
            "Each option is a setting too: --http-port 7881 is LEVADA_HTTP_PORT=7881 in the environment and"
                    + " 'http-port: 7881' in the file that --config names. An option goes before the environment, and that"
                    + " before the file."
        })
final class ServeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    private final CommandContext context;

    @Mixin
    private final Settings settings;

    @Option(
            names = "--store",
            paramLabel = "URI",
            description =
                    "the log to serve: file:DIR, memory: to forget it, or a Kafka cluster, kafka://HOST:PORT,HOST:PORT with"
                            + " ?properties=FILE behind it for settings of its clients; file:./levada-data unless said")
    private String store = "file:./levada-data";

    @Option(names = "--host", paramLabel = "H", description = "the address to bind; 127.0.0.1 unless said")
    private String host = GatewayConfig.defaults().host();

    @Option(
            names = "--port",
            paramLabel = "P",
            converter = ValueKind.Port.class,
            description = "of RSocket over TCP; 7878 unless said, 0 for a free one")
    private int port = GatewayConfig.DEFAULT_PORT;

    @Option(
            names = "--http-port",
            paramLabel = "P",
            converter = ValueKind.Port.class,
            description = "of HTTP and RSocket over WebSocket; 7880 unless said, 0 for a free one")
    private int httpPort = GatewayConfig.DEFAULT_HTTP_PORT;

    @Option(
            names = "--allow-origin",
            paramLabel = "ORIGIN",
            converter = ValueKind.Origin.class,
            description =
                    "an origin, such as https://app.example:8443, whose pages may use this server, as its own may;"
                            + " can be given more than once")
    private List<String> origins = List.of();

    @Option(
            names = "--allow-host",
            paramLabel = "NAME",
            converter = ValueKind.HostName.class,
            description = "a name by which others may ask for this server over HTTP, besides its address and localhost;"
                    + " can be given more than once")
    private List<String> hosts = List.of();

    @Option(
            names = "--advertise",
            paramLabel = "HOST:PORT",
            converter = ValueKind.HostAndPort.class,
            description =
                    "where clients reach HTTP of this server and no other, not of a balancer before several: other"
                            + " gateways of a cluster name it to those whose claims are of this one; the address and port that are"
                            + " bound unless said")
    private @Nullable String advertise;

    @Option(
            names = "--log-format",
            paramLabel = "text|json",
            description = "how the log on standard error is written: lines for people, or for programs that collect"
                    + " logs; text unless said")
    private LogFormat logFormat = LogFormat.TEXT;

    @Option(
            names = "--insecure",
            description =
                    "binds an address that others reach although what travels is not encrypted, and though nobody has"
                            + " to say who they are")
    private boolean insecure;

    @Mixin
    private final TlsOptions tls = new TlsOptions();

    @Mixin
    private final AccessOptions access = new AccessOptions();

    @Mixin
    private final LimitOptions limits = new LimitOptions();

    @Mixin
    private final TraceOptions traces = new TraceOptions();

    ServeCommand(CommandContext context) {
        this(context, System.getenv());
    }

    ServeCommand(CommandContext context, Map<String, String> environment) {
        this.context = context;
        this.settings = new Settings(environment, LOG::warn);
    }

    @Override
    public Integer call() throws Exception {
        settings.apply();
        LogSetup.use(logFormat);
        GatewayConfig gateway = GatewayConfig.defaults()
                .withHost(host)
                .withPorts(port, httpPort)
                .withAllowedHosts(hosts)
                .withAllowedOrigins(origins)
                .withInsecure(insecure)
                .withTls(tls.config(context))
                .withAdvertised(advertise)
                .withLimits(limits.gateway());
        CountDownLatch stop = new CountDownLatch(1);
        context.shutdown().onStop(stop::countDown);
        try (Tracing tracing = traces.start();
                AccessControl doors = access.start();
                Server server = Server.start(store, gateway, doors, limits.delivery(), tracing.observations())) {
            server.tellStart();
            context.terminal().line("ready " + server.rsocketAddress() + " " + server.httpAddress());
            context.terminal().flush();
            stop.await();
        }
        return LevadaCli.DONE;
    }
}
