package io.levada.main;

import io.levada.cli.CommandContext;
import io.levada.cli.LevadaCli;
import io.levada.gateway.GatewayConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The main job on real data, explained as it goes. */
@Command(
        name = "demo",
        description = "Shows the main job on 20,000 real records, explained as it goes; leaves nothing behind.")
final class DemoCommand implements Callable<Integer> {
    private final CommandContext context;

    @Option(
            names = "--keep",
            paramLabel = "DIR",
            description = "keeps the log there; the directory must be new or empty")
    private @Nullable Path keep;

    DemoCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws Exception {
        Thread self = Thread.currentThread();
        context.shutdown().onStop(self::interrupt);
        Path directory = keep == null ? Files.createTempDirectory("levada-demo-") : keep;
        try {
            return show(directory) ? LevadaCli.DONE : LevadaCli.FAILED;
        } finally {
            if (keep == null) {
                delete(directory);
            }
        }
    }

    private boolean show(Path directory) throws Exception {
        DemoScreen screen = new DemoScreen(context.terminal());
        List<Flight> flights = Flights.load();
        screen.title("Levada: one log, many readers, each at its own pace");
        screen.say("");
        try (Server server =
                Server.start("file:" + directory, GatewayConfig.defaults().withPorts(0, 0))) {
            screen.say("  server   " + server.rsocketAddress() + ", a real socket, in front of a log in " + directory);
            screen.say("  topic    " + Demo.TOPIC + ", " + Demo.PARTITIONS + " partitions");
            Demo demo = new Demo(screen, server.rsocketAddress(), flights);
            try {
                demo.run();
                boolean good = new DemoReport(screen, flights).print(demo.groups());
                lookFurther(screen);
                return good;
            } finally {
                demo.close();
            }
        }
    }

    private void lookFurther(DemoScreen screen) {
        screen.say("");
        screen.title("Look further");
        Stream.of(
                        "mvn -q -DskipTests package   # makes the one jar",
                        "alias levada='java -jar rsocket-gateway/target/levada.jar'",
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

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
