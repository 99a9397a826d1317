package io.levada.benchmarks;

import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** One of six members of a group ends, by SIGTERM or SIGKILL: what the others notice, and when its partition goes on. */
@Command(
        name = "hand-over",
        mixinStandardHelpOptions = true,
        description = "How long streams pause when a member of a group ends, and its own partition until it is served.")
public final class HandOverBenchmark implements Callable<Integer> {
    private static final String GROUP = "members";
    private static final String TOPIC = "hand-over";
    private static final int MEMBERS = 6;
    private static final Duration INTERVAL = Duration.ofMillis(5);

    /** What is looked at after the partition is served again. */
    private static final Duration AFTERWARDS = Duration.ofSeconds(1);

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "JAR", description = "levada.jar")
    private Path jar = Path.of("levada.jar");

    @Parameters(index = "1", paramLabel = "DIR", description = "an empty directory, for the server's log")
    private Path directory = Path.of("hand-over");

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "of each signal (${DEFAULT-VALUE})")
    private int rounds = 5;

    private final Queue<Arrival> arrivals = new ConcurrentLinkedQueue<>();
    private final List<Process> members = new ArrayList<>();
    private final Random random = new Random();

    /** A record came to a member. */
    private record Arrival(Process member, int partition, long nanos) {}

    /**
     * One member ended once.
     *
     * @param pauseMs the longest pause of a partition of another member, until a second after its own was served again
     * @param quietMs the same in as much time afterwards, in which nothing happens
     * @param servedMs from the signal to the first record of its partition at another member
     */
    private record Round(double pauseMs, double quietMs, double servedMs) {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new HandOverBenchmark()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        Process server = Programs.java(
                "-jar", jar.toString(), "serve", "--store", "file:" + directory, "--port", "0", "--http-port", "0");
        try {
            String address =
                    Programs.awaitLine(Programs.output(server), "ready").split(" ", -1)[1];
            try (Levada levada = Levada.open(address)) {
                levada.blocking().createTopic(TopicSpec.of(TOPIC).partitions(MEMBERS));
                Disposable publishing = levada.publish(TOPIC, records()).subscribe();
                try {
                    measure(address);
                } finally {
                    publishing.dispose();
                }
            }
        } finally {
            members.forEach(Process::destroyForcibly);
            server.destroy();
            server.waitFor();
        }
        return 0;
    }

    /** One for each partition every five milliseconds. */
    private static Flux<Record> records() {
        return Flux.interval(INTERVAL).onBackpressureDrop().concatMapIterable(tick -> IntStream.range(0, MEMBERS)
                .mapToObj(partition -> Record.ofValue(Long.toString(tick)).withPartition(partition))
                .toList());
    }

    private void measure(String address) throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        List<Round> ended = rounds("SIGTERM", address, ProcessHandle::destroy);
        List<Round> killed = rounds("SIGKILL", address, ProcessHandle::destroyForcibly);
        out.printf(
                "| one of %d members ends, medians of %d, ms | SIGTERM | SIGKILL |%n|---|---|---|%n", MEMBERS, rounds);
        row(out, "longest pause of the others' partitions", ended, killed, Round::pauseMs);
        row(out, "the same in as much time without", ended, killed, Round::quietMs);
        row(out, "its own partition is served again after", ended, killed, Round::servedMs);
        out.flush();
    }

    private static void row(
            PrintWriter out, String name, List<Round> ended, List<Round> killed, ToDoubleFunction<Round> figure) {
        out.printf("| %s | %.0f | %.0f |%n", name, median(ended, figure), median(killed, figure));
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> figure) {
        double[] sorted = rounds.stream().mapToDouble(figure).sorted().toArray();
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    private List<Round> rounds(String name, String address, Consumer<ProcessHandle> signal) throws Exception {
        List<Round> all = new ArrayList<>();
        for (int i = 1; i <= rounds; i++) {
            settle(address);
            Round round = round(signal);
            spec.commandLine().getErr().printf("%s %d of %d: %s%n", name, i, rounds, round);
            spec.commandLine().getErr().flush();
            all.add(round);
        }
        return all;
    }

    private Round round(Consumer<ProcessHandle> signal) throws InterruptedException {
        Process victim = members.remove(random.nextInt(MEMBERS));
        int partition = owners().entrySet().stream()
                .filter(owner -> owner.getValue() == victim)
                .findFirst()
                .orElseThrow()
                .getKey();
        long at = forget();
        signal.accept(victim.toHandle());
        long served = awaitArrival(partition, victim);
        sleep(AFTERWARDS);
        double pauseMs = pauseMs(partition, at);

        long length = System.nanoTime() - at;
        long quiet = forget();
        TimeUnit.NANOSECONDS.sleep(length);
        return new Round(pauseMs, pauseMs(partition, quiet), (served - at) / 1e6);
    }

    private long forget() {
        arrivals.clear();
        return System.nanoTime();
    }

    /** When a partition's first record came to another than its owner of before. */
    private long awaitArrival(int partition, Process before) throws InterruptedException {
        long patience = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < patience) {
            for (Arrival each : arrivals) {
                if (each.partition == partition && each.member != before) {
                    return each.nanos;
                }
            }
            TimeUnit.MILLISECONDS.sleep(1);
        }
        throw new IllegalStateException("partition " + partition + " is not served");
    }

    /** The longest time between two records of any partition but one, from some time on until now. */
    private double pauseMs(int except, long from) {
        long[] last = new long[MEMBERS];
        Arrays.fill(last, from);
        last[except] = Long.MAX_VALUE;
        long longest = 0;
        for (Arrival each : arrivals) {
            if (each.partition != except) {
                longest = Math.max(longest, each.nanos - last[each.partition]);
                last[each.partition] = each.nanos;
            }
        }
        long now = System.nanoTime();
        return Math.max(longest, now - Arrays.stream(last).min().orElse(now)) / 1e6;
    }

    /** Starts the members that lack, and returns once each has had one partition for a while. */
    private void settle(String address) throws Exception {
        while (members.size() < MEMBERS) {
            members.add(start(address));
        }
        long patience = System.nanoTime() + PATIENCE.toNanos();
        do {
            if (System.nanoTime() > patience) {
                throw new IllegalStateException("the members do not settle");
            }
            sleep(AFTERWARDS);
            forget();
            sleep(AFTERWARDS);
        } while (owners().size() < MEMBERS
                || owners().values().stream().distinct().count() < MEMBERS);
    }

    /** To whom each partition's last record came. */
    private Map<Integer, Process> owners() {
        Map<Integer, Process> owners = new HashMap<>();
        arrivals.forEach(each -> owners.put(each.partition, each.member));
        return owners;
    }

    private Process start(String address) throws IOException {
        Process member =
                Programs.ours(List.of("-Xmx128m", "-XX:+UseSerialGC"), HandOverMember.class, address, GROUP, TOPIC);
        Thread reader = new Thread(() -> listen(member), "member-" + member.pid());
        reader.setDaemon(true);
        reader.start();
        return member;
    }

    private void listen(Process member) {
        try (BufferedReader lines = Programs.output(member)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split(" ", -1);
                arrivals.add(new Arrival(member, Integer.parseInt(words[0]), Long.parseLong(words[1])));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void sleep(Duration time) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(time.toMillis());
    }
}
