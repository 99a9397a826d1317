package io.levada.benchmarks;

import io.levada.Levada;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SynchronizedHistogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** What a server with little memory does for those who read and publish, alone and beside thousands who do not read. */
@Command(
        name = "crowd",
        mixinStandardHelpOptions = true,
        description = "A subscriber and a publisher, alone and beside thousands of connections that do not read.")
final class CrowdBenchmark implements Callable<Integer> {
    private static final String FULL = "full";
    private static final String LIVE = "live";
    private static final int FULL_RECORDS = 40_000;
    private static final Duration INTERVAL = Duration.ofMillis(1);
    private static final Duration SETTLING = Duration.ofSeconds(3);
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(1);

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "JAR", description = "levada.jar")
    private Path jar = Path.of("levada.jar");

    @Parameters(index = "1", paramLabel = "DIR", description = "an empty directory, for the server's log")
    private Path directory = Path.of("crowd");

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "of each (${DEFAULT-VALUE})")
    private int rounds = 5;

    @Option(names = "--seconds", paramLabel = "N", defaultValue = "4", description = "of a turn (${DEFAULT-VALUE})")
    private int seconds = 4;

    @Option(
            names = "--never-reading",
            paramLabel = "N",
            defaultValue = "1000",
            description = "connections that ask for everything and read nothing (${DEFAULT-VALUE})")
    private int neverReading = 1_000;

    @Option(
            names = "--stalled",
            paramLabel = "N",
            defaultValue = "10000",
            description = "connections that got ten records and ask for no more (${DEFAULT-VALUE})")
    private int stalled = 10_000;

    /** A figure without the crowd, and with it. */
    private record Pair(double alone, double beside) {
        double ratio() {
            return beside / alone;
        }
    }

    /** What is measured with a crowd and without. */
    private interface Turn {
        double run() throws Exception;
    }

    @Override
    public Integer call() throws Exception {
        Process server = Programs.java(
                "-Xmx128m",
                "-XX:MaxDirectMemorySize=64m",
                "-jar",
                jar.toString(),
                "serve",
                "--store",
                "file:" + directory,
                "--port",
                "0",
                "--http-port",
                "0");
        try {
            String address =
                    Programs.awaitLine(Programs.output(server), "ready").split(" ", -1)[1];
            try (Levada levada = Levada.open(address)) {
                levada.blocking().createTopic(TopicSpec.of(FULL));
                levada.blocking().createTopic(TopicSpec.of(LIVE));
                levada.publish(FULL, Flux.range(0, FULL_RECORDS).map(i -> Record.of(null, new byte[1_000])))
                        .blockLast(PATIENCE);
                measure(levada, address);
            }
        } finally {
            server.destroy();
            server.waitFor();
        }
        return 0;
    }

    private void measure(Levada levada, String address) throws Exception {
        List<Pair> p99 = pairs(
                "p99, ms", address, neverReading, MuteSubscriber.greeting(FULL, Long.MAX_VALUE), () -> p99Ms(levada));
        List<Pair> rates =
                pairs("records/s", address, stalled, MuteSubscriber.greeting(FULL, 10), () -> publishRate(levada));
        PrintWriter out = spec.commandLine().getOut();
        out.printf("| medians of %d | alone | beside them | ratio |%n|---|---|---|---|%n", rounds);
        row(out, "p99 from publish to a subscriber, ms; beside " + neverReading + " that never read", p99);
        row(out, "records/s published; beside " + stalled + " that are stalled", rates);
        out.flush();
    }

    private static void row(PrintWriter out, String name, List<Pair> pairs) {
        out.printf(
                "| %s | %.2f | %.2f | %.2f |%n",
                name, median(pairs, Pair::alone), median(pairs, Pair::beside), median(pairs, Pair::ratio));
    }

    private static double median(List<Pair> pairs, ToDoubleFunction<Pair> figure) {
        double[] sorted = pairs.stream().mapToDouble(figure).sorted().toArray();
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /** Takes turns without the crowd and with it; the first of each is not counted. */
    private List<Pair> pairs(String unit, String address, int crowd, byte[] greeting, Turn turn) throws Exception {
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i <= rounds; i++) {
            double alone = turn.run();
            List<MuteSubscriber> mute = new ArrayList<>();
            try {
                for (int n = 0; n < crowd; n++) {
                    mute.add(new MuteSubscriber(address, greeting));
                }
                settle();
                Pair pair = new Pair(alone, turn.run());
                spec.commandLine().getErr().printf("%s, %d of %d: %s%n", unit, i, rounds, pair);
                spec.commandLine().getErr().flush();
                if (i > 0) {
                    pairs.add(pair);
                }
            } finally {
                closeAll(mute);
            }
            settle();
        }
        return pairs;
    }

    private static void closeAll(List<MuteSubscriber> mute) throws IOException {
        for (MuteSubscriber each : mute) {
            each.close();
        }
    }

    private static void settle() throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(SETTLING.toMillis());
    }

    /** From when a record was to be published, a thousand a second, to when it came. */
    private double p99Ms(Levada levada) throws InterruptedException {
        Histogram micros = new SynchronizedHistogram(LONGEST_MICROS, 3);
        Disposable reading = levada.read(ReadSpec.of(LIVE).from(Position.latest()))
                .subscribe(record -> note(micros, Objects.requireNonNull(record.value())));
        settle();
        micros.reset();
        long begun = System.nanoTime();
        Flux<Record> records = Flux.interval(INTERVAL)
                .take(Duration.ofSeconds(seconds))
                .onBackpressureBuffer()
                .map(tick -> Record.of(
                        null,
                        ByteBuffer.allocate(100)
                                .putLong(begun + (tick + 1) * INTERVAL.toNanos())
                                .array()));
        levada.publish(LIVE, records).blockLast(PATIENCE);
        settle();
        reading.dispose();
        return micros.getValueAtPercentile(99) / 1_000.0;
    }

    private static void note(Histogram micros, byte[] value) {
        long nanos = System.nanoTime() - ByteBuffer.wrap(value).getLong();
        micros.recordValue(Math.min(LONGEST_MICROS, Math.max(0, nanos / 1_000)));
    }

    private double publishRate(Levada levada) {
        byte[] value = new byte[100];
        long begun = System.nanoTime();
        Flux<Record> records = Flux.<Record>generate(sink -> sink.next(Record.of(null, value)))
                .takeWhile(record -> System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(seconds));
        Long count = levada.publish(LIVE, records).count().block(PATIENCE);
        return (count == null ? 0 : count) * 1e9 / (System.nanoTime() - begun);
    }
}
