package io.levada.benchmarks.pipelines;

import io.levada.benchmarks.peers.Directories;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Levada and its worker, and Kafka and Kafka Connect, do the same with the same plugins between two databases, in turns. */
@Command(
        name = "pipelines",
        mixinStandardHelpOptions = true,
        description = "From one database to another by Debezium's plugins: through Levada and through Kafka, in turns. "
                + "samples/connect-postgres/compare starts PostgreSQL and runs it.")
public final class Pipelines implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--postgres-port", required = true, paramLabel = "PORT", description = "on this machine; user app")
    private int port;

    @Option(
            names = "--plugins",
            required = true,
            paramLabel = "DIR",
            description = "with Debezium's PostgreSQL and JDBC connectors, a directory each")
    private Path plugins = Path.of("plugins");

    @Option(names = "--project", required = true, paramLabel = "DIR", description = "where all is built")
    private Path project = Path.of(".");

    @Option(names = "--directory", required = true, paramLabel = "DIR", description = "for what they store and say")
    private Path directory = Path.of("pipelines");

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "3", description = "that count (${DEFAULT-VALUE})")
    private int rounds = 3;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "100000",
            description = "of the table (${DEFAULT-VALUE})")
    private int rows = 100_000;

    @Option(
            names = "--inserts",
            paramLabel = "N",
            defaultValue = "200",
            description = "of single rows, 20 a second (${DEFAULT-VALUE})")
    private int inserts = 200;

    @Option(
            names = "--systems",
            split = ",",
            defaultValue = "LEVADA,KAFKA",
            description = "that take part: ${COMPLETION-CANDIDATES}")
    private List<Platforms.Name> systems = List.of();

    @Option(
            names = "--source",
            paramLabel = "SETTING=VALUE",
            description = "more of the source's settings, such as exactly.once.support=required")
    private Map<String, String> sourceSettings = new HashMap<>();

    @Option(
            names = "--java-option",
            paramLabel = "OPTION",
            defaultValue = "-Xmx512m",
            description = "of each process (${DEFAULT-VALUE})")
    private List<String> javaOptions = List.of();

    @Override
    public Integer call() throws Exception {
        Figures figures = new Figures();
        for (int round = 1; round <= rounds; round++) {
            for (Platforms.Name system : systems) {
                turn(system, round, figures);
            }
        }
        figures.print(spec.commandLine().getOut(), rounds);
        return 0;
    }

    private void turn(Platforms.Name system, int round, Figures figures) throws Exception {
        String name = system.name().toLowerCase(Locale.ROOT) + round;
        Path data = directory.resolve(name);
        try (Shop shop = Shop.create(port, name, rows, sourceSettings);
                Platform platform = new Platforms(project, plugins, data, javaOptions).start(system)) {
            new Run(platform, shop, rows, inserts, 50, (what, figure) -> {
                        figures.add(system, what, figure);
                        spec.commandLine().getErr().printf("%s: %s: %.2f%n", name, what, figure);
                        spec.commandLine().getErr().flush();
                    })
                    .measure();
        }
        Directories.delete(data);
    }
}
