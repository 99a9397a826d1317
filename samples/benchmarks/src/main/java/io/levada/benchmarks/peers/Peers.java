package io.levada.benchmarks.peers;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Levada and others, each as it comes for one machine, do the same work in turns. */
@Command(
        name = "peers",
        mixinStandardHelpOptions = true,
        description = {
            "Starts each system in a process of its own and its clients in another, all with the same heap, lets them do"
                    + " the same work in turns, and compares: a table on standard output, all figures in"
                    + " report.json, and charts of them in report.html, which needs no network.",
            "The first rounds of each piece of work warm up and are not counted: compilers take their time."
        })
public final class Peers implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            defaultValue = "target/peers",
            description = "for the systems' data, which is deleted, and for the report (${DEFAULT-VALUE})")
    private Path directory = Path.of("target/peers");

    @Option(
            names = "--systems",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "levada-fsync,levada-os,kafka,kafka-flush,nats",
            description = "who takes part (${DEFAULT-VALUE})")
    private List<String> systems = List.of();

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "PART",
            description =
                    "machine, start, publish, partitions, fan-out, catch-up, latency or websocket; all unless said")
    private List<String> only = List.of();

    @Mixin
    private final TurnOptions turns = new TurnOptions();

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "4",
            description = "rounds before those, of each piece of work (${DEFAULT-VALUE})")
    private int warmUp = 2;

    @Option(
            names = "--groups",
            split = ",",
            paramLabel = "N",
            defaultValue = "1,10,100,1000",
            description = "that fan-out goes to, in turn (${DEFAULT-VALUE})")
    private List<Integer> groupCounts = List.of();

    @Option(
            names = "--partitions",
            split = ",",
            paramLabel = "N",
            defaultValue = "1,4,64",
            description = "that are published to, in turn (${DEFAULT-VALUE})")
    private List<Integer> partitionCounts = List.of();

    @Option(names = "--profile", description = "records each process with JFR, into DIR/*.jfr")
    private boolean profile;

    @Option(
            names = "--megabytes",
            paramLabel = "N",
            defaultValue = "400",
            description = "that are caught up with (${DEFAULT-VALUE})")
    private int megabytes = 400;

    @Option(
            names = "--rates",
            split = ",",
            paramLabel = "N",
            defaultValue = "1000,10000,50000",
            description = "records a second at which latencies are taken, in turn (${DEFAULT-VALUE})")
    private List<Integer> rates = List.of();

    @Option(
            names = "--subscribers",
            paramLabel = "N",
            defaultValue = "10000",
            description = "over WebSocket (${DEFAULT-VALUE})")
    private int subscribers = 10_000;

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<Peer> wanted = systems.stream().map(this::peer).toList();
        List<Peer> peers = wanted.stream().filter(Peers::isInstalled).toList();
        Files.createDirectories(directory);
        Findings findings = new Findings(spec.commandLine().getOut(), peers, turns.rounds());
        if (peers.size() < wanted.size()) {
            progress("nats takes no part: nats-server is not on the PATH");
        }
        List<Contestant> contestants =
                peers.stream().map(peer -> new Contestant(peer, this::start)).toList();
        if (isWanted("machine")) {
            measureMachine(findings);
        }
        findings.head();
        try (Memory memory = new Memory(contestants)) {
            compare(new Contest(contestants, findings, this::progress, warmUp, turns.rounds(), turns.seconds()));
            Report.of(turns.heap(), turns.seconds(), findings, memory.samples()).write(directory);
            progress("the report is " + directory.resolve("report.html").toAbsolutePath());
            findings.remarks().forEach(this::progress);
            return findings.remarks().isEmpty() ? 0 : 1;
        } finally {
            for (Contestant contestant : contestants) {
                contestant.stop();
                Directories.delete(directory.resolve(contestant.peer().label()));
            }
        }
    }

    private void measureMachine(Findings findings) throws IOException {
        Machine machine = new Machine(directory, turns.seconds());
        for (int round = 0; round < warmUp + turns.rounds(); round++) {
            progress("machine: round %d of %d".formatted(round + 1, warmUp + turns.rounds()));
            machine.round();
        }
        findings.machine(warmUp, machine.rows());
    }

    private void compare(Contest contest) throws InterruptedException {
        if (isWanted("start")) {
            contest.start();
        }
        if (isWanted("publish")) {
            contest.publish(partitionCounts);
        }
        if (isWanted("partitions")) {
            contest.partitions(List.of(1, 10, 100, 1_000));
        }
        if (isWanted("fan-out")) {
            contest.fanOut(groupCounts);
        }
        if (isWanted("catch-up")) {
            contest.catchUp(megabytes * 1_000_000L);
        }
        if (isWanted("latency")) {
            contest.latency(rates);
        }
        if (isWanted("websocket")) {
            contest.webSockets(subscribers);
        }
    }

    private static boolean isInstalled(Peer peer) {
        return peer != Peer.NATS || NatsServer.program().isPresent();
    }

    private Peer peer(String label) {
        return Arrays.stream(Peer.values())
                .filter(peer -> peer.isSystem() && peer.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        "no system is called " + label + "; choose from "
                                + Arrays.stream(Peer.values())
                                        .filter(Peer::isSystem)
                                        .map(Peer::label)
                                        .collect(Collectors.joining(", "))));
    }

    private ServerWithDriver start(Peer peer) throws IOException, InterruptedException {
        progress(peer.label() + " is started");
        Path data = directory.resolve(peer.label());
        Directories.delete(data);
        return new ServerWithDriver(peer, server(peer, data), options(peer, "driver"));
    }

    private Server server(Peer peer, Path data) throws IOException, InterruptedException {
        List<String> options = options(peer, "server");
        return switch (peer) {
            case LEVADA_FSYNC, LEVADA_OS -> LevadaServer.start(turns.levada(), data, options);
            case KAFKA, KAFKA_FLUSH -> KafkaServer.start(project(KafkaServer.JARS), data, options);
            case NATS -> NatsServer.start(NatsServer.program().orElseThrow(), data);
            case GATEWAY, PLAIN -> throw new IllegalArgumentException(peer + " is no system by itself");
        };
    }

    private List<String> options(Peer peer, String role) {
        List<String> options = new ArrayList<>(turns.heapOptions());
        if (profile) {
            Path recording =
                    directory.resolve(peer.label() + "-" + role + ".jfr").toAbsolutePath();
            options.add("-XX:StartFlightRecording:settings=profile,filename=" + recording);
        }
        return options;
    }

    /** A file of the project, whose {@code samples/benchmarks/target} this program was loaded from. */
    static Path project(String path) throws IOException {
        try {
            Path loaded = Path.of(Peers.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Path found = loaded.resolve("../../../..").normalize().resolve(path);
            if (Files.notExists(found)) {
                throw new NoSuchFileException(found + " is not there: mvn -q -DskipTests package makes it");
            }
            return found;
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean isWanted(String part) {
        return only.isEmpty() || only.contains(part);
    }

    private void progress(String line) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(line);
        err.flush();
    }
}
