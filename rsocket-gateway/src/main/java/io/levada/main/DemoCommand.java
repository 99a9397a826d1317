package io.levada.main;

import io.levada.cli.CommandContext;
import io.levada.cli.LevadaCli;
import io.levada.gateway.GatewayConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The main job on real data, explained as it goes; then a stream without an end, to be watched in a browser. */
@Command(
        name = "demo",
        description = {
            "Shows the main job on 20,000 real records, explained as it goes; leaves nothing behind.",
            "On a terminal it goes on with a live stream and a page that shows four readers of it, until Enter or Ctrl-C."
        })
final class DemoCommand implements Callable<Integer> {
    private static final int MAX_PORT = 65_535;
    private static final int MAX_RATE = 1_000_000;

    private final CommandContext context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--keep",
            paramLabel = "DIR",
            description = "keeps the log there; the directory must be new or empty")
    private @Nullable Path keep;

    @Option(
            names = "--live",
            description = {
                "the live page at once, without the story, until stopped;",
                "prints 'ready rsocket://HOST:PORT http://HOST:PORT' and the page's address"
            })
    private boolean live;

    @Option(
            names = "--http-port",
            paramLabel = "P",
            description = "of the page, and of RSocket over WebSocket; a free one unless said")
    private int httpPort;

    @Option(
            names = "--rate",
            paramLabel = "N",
            description = "records a second of the live stream, as far as the machine can; 50,000 unless said")
    private int rate = DemoStream.DEFAULT_RATE;

    DemoCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws Exception {
        check("--http-port", httpPort, 0, MAX_PORT);
        check("--rate", rate, 1, MAX_RATE);
        Thread self = Thread.currentThread();
        context.shutdown().onStop(self::interrupt);
        Path directory = keep == null ? Files.createTempDirectory("levada-demo-") : keep;
        try (Server server =
                Server.start("file:" + directory, GatewayConfig.defaults().withPorts(0, httpPort))) {
            return show(server, directory) ? LevadaCli.DONE : LevadaCli.FAILED;
        } finally {
            if (keep == null) {
                delete(directory);
            }
        }
    }

    private void check(String option, int number, int least, int most) {
        if (number < least || number > most) {
            throw new ParameterException(
                    spec.commandLine(), option + " is " + least + " to " + most + ", not " + number);
        }
    }

    private boolean show(Server server, Path directory) throws Exception {
        List<Flight> flights = Flights.load();
        DemoLive page = new DemoLive(context, Browser::open, flights, rate);
        if (live) {
            page.run(server, address -> {
                context.terminal().line("ready " + server.rsocketAddress() + " " + server.httpAddress());
                context.terminal().line("demo " + address);
            });
            return true;
        }
        DemoScreen screen = new DemoScreen(context.terminal());
        boolean good = tell(screen, server, directory, flights);
        lookFurther(screen);
        if (context.terminal().outIsTerminal()) {
            page.run(server, address -> invite(screen, address));
        }
        return good;
    }

    private boolean tell(DemoScreen screen, Server server, Path directory, List<Flight> flights) throws Exception {
        screen.title("Levada: one log, many readers, each at its own pace");
        screen.say("");
        screen.say("  server   " + server.rsocketAddress() + ", a real socket, in front of a log in " + directory);
        screen.say("  topic    " + Demo.TOPIC + ", " + Demo.PARTITIONS + " partitions");
        Demo demo = new Demo(screen, server.rsocketAddress(), flights);
        try {
            demo.run();
            return new DemoReport(screen, flights).print(demo.groups());
        } finally {
            demo.close();
        }
    }

    private void lookFurther(DemoScreen screen) {
        screen.say("");
        screen.title("Look further");
        Stream.of(
                        "mvn -q -DskipTests package   # makes the one jar",
                        "alias levada='java -jar rsocket-gateway/target/levada.jar'",
                        "levada demo --live   # four readers of one stream, to be watched in a browser",
                        keep == null
                                ? "levada serve"
                                : "levada serve --store file:" + keep + "   # the log of this demo",
                        "levada topic create flights --partitions 6   # here and below: from another shell",
                        "levada publish flights --file samples/data/flights-2001.csv --key-delimiter ,",
                        "levada consume flights --group mine --format json   # twice, and they share it",
                        "levada group describe mine")
                .forEach(line -> screen.say("  " + line));
        screen.say("  README.md has the ten lines of Java, engine/docs/PROTOCOL.md the wire.");
    }

    private void invite(DemoScreen screen, String address) {
        screen.say("");
        screen.title("Watch it live");
        screen.say("  " + screen.bold(address));
        screen.say(String.format(
                Locale.ROOT,
                "  One stream of %,d records a second and four readers, each at its own pace. Enter or Ctrl-C ends it.",
                rate));
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
