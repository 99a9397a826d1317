package io.levada.benchmarks.peers;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoublePredicate;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a gateway costs and gives: clients of Levada's over a Kafka broker, and Kafka's own on the same one, in turns. */
@Command(
        name = "cluster",
        mixinStandardHelpOptions = true,
        description = "A gateway over a Kafka broker, beside Kafka's own clients on the same broker, in turns.")
public final class ClusterBenchmark implements Callable<Integer> {
    private static final int FAN_OUT_RECORDS = 20_000;
    private static final int SMALL_BYTES = 100;
    private static final int LARGE_BYTES = 1_000;
    private static final double MOST_ADDED_MS = 1;
    private static final double LEAST_SHARE = 0.7;
    private static final double LEAST_FAN_OUT = 5;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            defaultValue = "target/cluster",
            description = "for what is stored and said (${DEFAULT-VALUE})")
    private Path directory = Path.of("target/cluster");

    @Mixin
    private final TurnOptions turns = new TurnOptions();

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "8",
            description =
                    "rounds of each before those: what is compiled meanwhile takes half a core of two (${DEFAULT-VALUE})")
    private int warmUp = 8;

    @Option(names = "--partitions", paramLabel = "N", defaultValue = "4", description = "of topics (${DEFAULT-VALUE})")
    private int partitions = 4;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "10000",
            description = "records a second at which latencies are taken (${DEFAULT-VALUE})")
    private int rate = 10_000;

    @Option(
            names = "--megabytes",
            paramLabel = "N",
            defaultValue = "100",
            description = "of values that one reader reads (${DEFAULT-VALUE})")
    private int megabytes = 100;

    @Option(
            names = "--subscribers",
            paramLabel = "N",
            defaultValue = "100",
            description = "of the fan-out (${DEFAULT-VALUE})")
    private int subscribers = 100;

    /**
     * Something both do, in each round one after the other.
     *
     * @param figure of one turn
     * @param compared the gateway's figure and the other of the same round
     * @param aim whether what compared gives, its median, is as good as it is to be
     */
    private record Work(
            String name,
            Task gateway,
            Task plain,
            ToDoubleFunction<Outcome> figure,
            DoubleBinaryOperator compared,
            String aimed,
            DoublePredicate aim,
            Row row,
            List<Double> comparisons) {
        static Work ratio(String name, Task gateway, Task plain, double least) {
            return new Work(
                    name + ", records/s",
                    gateway,
                    plain,
                    Outcome::recordsPerSecond,
                    (ours, theirs) -> ours / theirs,
                    "at least " + least + " times",
                    ratio -> ratio >= least,
                    Row.of("cluster", name, "records/s"),
                    new ArrayList<>());
        }

        static Work added(String name, Task task, double most) {
            return new Work(
                    name + ", ms",
                    task,
                    task,
                    outcome -> outcome.histogram().getValueAtPercentile(50) / 1e6,
                    (ours, theirs) -> ours - theirs,
                    "at most " + most + " more",
                    added -> added <= most,
                    Row.of("cluster", name, "ms"),
                    new ArrayList<>());
        }

        void add(double ours, double theirs) {
            row.add(Peer.GATEWAY, ours);
            row.add(Peer.PLAIN, theirs);
            comparisons.add(compared.applyAsDouble(ours, theirs));
        }

        String line() {
            double compare = Row.median(comparisons);
            return "| %s | %s | %s | %s | %s | %s |"
                    .formatted(
                            name,
                            Findings.figure(row.median(Peer.GATEWAY)),
                            Findings.figure(row.median(Peer.PLAIN)),
                            Findings.figure(compare),
                            aimed,
                            aim.test(compare) ? "met" : "NOT MET");
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path data = directory.resolve("broker");
        Directories.delete(data);
        Files.createDirectories(directory);
        List<String> options = turns.heapOptions();
        KafkaServer broker = KafkaServer.start(Peers.project(KafkaServer.JARS), data, options);
        try {
            ServerWithDriver plain = new ServerWithDriver(Peer.PLAIN, broker, options);
            LevadaServer server = LevadaServer.start(turns.levada(), "kafka://" + broker.address(), options);
            ServerWithDriver gateway = new ServerWithDriver(Peer.GATEWAY, server, options);
            try {
                List<Work> works = works();
                for (Work work : works) {
                    for (int round = 1 - warmUp; round <= turns.rounds(); round++) {
                        turn(work, round, gateway, plain);
                    }
                }
                print(works);
            } finally {
                gateway.stop();
                plain.stop();
            }
        } finally {
            broker.stop();
            Directories.delete(data);
        }
        return 0;
    }

    private List<Work> works() {
        List<Work> works = new ArrayList<>();
        works.add(Work.added(
                "p50 from publishing to a reader, %,d records of %d B a second".formatted(rate, SMALL_BYTES),
                Task.latency(rate, partitions, SMALL_BYTES, turns.seconds()).without(),
                MOST_ADDED_MS));
        for (int bytes : new int[] {SMALL_BYTES, LARGE_BYTES}) {
            Task read = Task.read(partitions, bytes, count(megabytes * 1_000_000L / bytes), turns.seconds());
            works.add(Work.ratio("one reader, records of %d B".formatted(bytes), read, read, LEAST_SHARE));
        }
        for (int bytes : new int[] {SMALL_BYTES, LARGE_BYTES}) {
            Task groups = Task.fanOut(subscribers, partitions, bytes, FAN_OUT_RECORDS);
            works.add(Work.ratio(
                    "%d readers live, records of %d B, together".formatted(subscribers, bytes),
                    groups.as(Task.Kind.SUBSCRIBERS),
                    groups,
                    LEAST_FAN_OUT));
        }
        return works;
    }

    /** As many as those who fill a topic divide among them. */
    private static long count(long records) {
        return records / Driver.FILLERS * Driver.FILLERS;
    }

    /** Who is first changes from round to round. */
    private void turn(Work work, int round, ServerWithDriver gateway, ServerWithDriver plain) throws IOException {
        boolean first = Math.floorMod(round, 2) == 0;
        double ours = first ? figure(work, work.gateway, "gateway", round, gateway, plain) : 0;
        double theirs = figure(work, work.plain, "plain", round, plain, plain);
        ours = first ? ours : figure(work, work.gateway, "gateway", round, gateway, plain);
        if (round > 0) {
            work.add(ours, theirs);
        }
        progress("round %d: %s: %s through the gateway, %s plain"
                .formatted(round, work.name, Findings.figure(ours), Findings.figure(theirs)));
    }

    /** Each on a topic of its own, which is filled by Kafka's clients where it is to be read. */
    private static double figure(
            Work work, Task task, String who, int round, ServerWithDriver system, ServerWithDriver plain)
            throws IOException {
        Task mine = task.on("%s-%s-%d-%d".formatted(task.kind(), who, task.bytes(), round + Byte.MAX_VALUE));
        if (task.kind() == Task.Kind.READ) {
            plain.run(mine.as(Task.Kind.FILL));
        }
        double figure = work.figure.applyAsDouble(system.run(mine));
        plain.run(mine.as(Task.Kind.DELETE));
        return figure;
    }

    private void print(List<Work> works) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                "| medians of %d rounds | gateway | plain | compared | aim | |%n|---|---|---|---|---|---|%n",
                turns.rounds());
        works.forEach(work -> out.println(work.line()));
        out.flush();
    }

    private void progress(String line) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(line);
        err.flush();
    }
}
