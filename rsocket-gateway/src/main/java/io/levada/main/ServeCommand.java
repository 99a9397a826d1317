package io.levada.main;

import io.levada.access.AccessControl;
import io.levada.cli.CommandContext;
import io.levada.cli.LevadaCli;
import io.levada.gateway.GatewayConfig;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a server until it is told to stop. */
@Command(
        name = "serve",
        description = {
            "Runs a server: RSocket over TCP, and over WebSocket at /rsocket of the HTTP port.",
            "Prints one line 'ready rsocket://HOST:PORT http://HOST:PORT' once it serves. SIGTERM ends it gracefully.",
            "With --tls-certificate and --tls-key both ports speak TLS: 'ready rsockets://HOST:PORT https://HOST:PORT'."
                    + " The files are looked at every 10 s, and a renewed certificate is taken up."
        })
final class ServeCommand implements Callable<Integer> {
    private static final int MAX_PORT = 65_535;
    /** As browsers send it. */
    private static final Pattern ORIGIN = Pattern.compile("https?://(?:[a-z0-9._-]+|\\[[0-9a-f:.]+])(?::[0-9]{1,5})?");

    private final CommandContext context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--store",
            paramLabel = "URI",
            description = "the log to serve: file:DIR, or memory: to forget it; file:./levada-data unless said")
    private String store = "file:./levada-data";

    @Option(names = "--host", paramLabel = "H", description = "the address to bind; 127.0.0.1 unless said")
    private String host = GatewayConfig.defaults().host();

    @Option(names = "--port", paramLabel = "P", description = "of RSocket over TCP; 7878 unless said, 0 for a free one")
    private int port = GatewayConfig.DEFAULT_PORT;

    @Option(
            names = "--http-port",
            paramLabel = "P",
            description = "of HTTP and RSocket over WebSocket; 7880 unless said, 0 for a free one")
    private int httpPort = GatewayConfig.DEFAULT_HTTP_PORT;

    @Option(
            names = "--allow-origin",
            paramLabel = "ORIGIN",
            description =
                    "an origin, such as https://app.example:8443, whose pages may use this server, as its own may;"
                            + " can be given more than once")
    private List<String> origins = List.of();

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

    ServeCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws Exception {
        checkPort("--port", port);
        checkPort("--http-port", httpPort);
        origins.forEach(this::checkOrigin);
        GatewayConfig config = GatewayConfig.defaults()
                .withHost(host)
                .withPorts(port, httpPort)
                .withAllowedOrigins(origins)
                .withInsecure(insecure)
                .withTls(tls.config(context));
        CountDownLatch stop = new CountDownLatch(1);
        context.shutdown().onStop(stop::countDown);
        try (AccessControl doors = access.start();
                Server server = Server.start(store, config, doors)) {
            context.terminal().line("ready " + server.rsocketAddress() + " " + server.httpAddress());
            context.terminal().flush();
            stop.await();
        }
        return LevadaCli.DONE;
    }

    private void checkOrigin(String origin) {
        if (!ORIGIN.matcher(origin).matches()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--allow-origin is like https://app.example or http://localhost:3000, without a path, not "
                            + origin);
        }
    }

    private void checkPort(String option, int number) {
        if (number < 0 || number > MAX_PORT) {
            throw new ParameterException(spec.commandLine(), option + " is 0 to " + MAX_PORT + ", not " + number);
        }
    }
}
