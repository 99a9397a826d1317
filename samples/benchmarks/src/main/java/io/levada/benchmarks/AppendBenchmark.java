package io.levada.benchmarks;

import io.levada.benchmarks.Bulk.Round;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Appending to the log, beside a plain writer of one file on the same disk, in turns; prints medians and ratios. */
@Command(
        name = "append",
        mixinStandardHelpOptions = true,
        description = "Measures appending, each time beside a plain writer that forces as often.")
public final class AppendBenchmark implements Callable<Integer> {
    private static final double NANOS_PER_MS = 1e6;
    private static final double[] QUANTILES = {50, 99};

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            defaultValue = "target/bench",
            description = "on the disk to be measured; what is made in it is deleted (${DEFAULT-VALUE})")
    private Path directory = Path.of("target/bench");

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "of each pair (${DEFAULT-VALUE})")
    private int rounds = 5;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "4", description = "of a round (${DEFAULT-VALUE})")
    private double seconds = 4;

    @Option(
            names = "--durability",
            split = ",",
            paramLabel = "D",
            defaultValue = "fsync",
            description = "fsync, os or both (${DEFAULT-VALUE})")
    private List<String> durabilities = List.of("fsync");

    @Option(names = "--only", paramLabel = "PART", description = "bulk, paced or disk; all unless said")
    private String only = "";

    public static void main(String[] args) {
        System.exit(new CommandLine(new AppendBenchmark()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Files.createDirectories(directory);
        PrintWriter out = spec.commandLine().getOut();
        if (only.isEmpty() || only.equals("disk")) {
            disk(out);
        }
        if (only.isEmpty() || only.equals("bulk")) {
            bulk(out);
        }
        if (only.isEmpty() || only.equals("paced")) {
            paced(out);
        }
        return 0;
    }

    private void disk(PrintWriter out) throws IOException {
        out.println("| disk, by itself | median |\n|---|---|");
        List<Double> rates = new ArrayList<>();
        Histogram forces = new Histogram(3);
        for (int round = 0; round < rounds; round++) {
            rates.add(RawDisk.sequentialMegabytesPerSecond(fresh("raw")));
            forces.add(RawDisk.forces(fresh("raw")));
        }
        out.printf("| sequential write, forced at the end | %.0f MB/s |%n", median(rates));
        out.printf("| 4 KiB and fdatasync, p50 / p99 | %s ms |%n%n", milliseconds(forces));
        out.flush();
    }

    private void bulk(PrintWriter out) throws IOException, InterruptedException {
        out.println("| bulk | partitions | publishers | log MB/s | records/s | plain MB/s | ratio | KB a force |");
        out.println("|---|---|---|---|---|---|---|---|");
        for (String durability : durabilities) {
            for (int partitions : new int[] {1, 64}) {
                bulk(out, new Bulk(partitions, 1, 1024, 64, durability));
                bulk(out, new Bulk(partitions, 4, 1024, 64, durability));
                bulk(out, new Bulk(partitions, 16, 1024, 64, durability));
                bulk(out, new Bulk(partitions, 4, 100, 512, durability));
            }
        }
        out.println();
    }

    private void bulk(PrintWriter out, Bulk bulk) throws IOException, InterruptedException {
        List<Double> log = new ArrayList<>();
        List<Double> plain = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        List<Double> forceKilobytes = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            Round ours = bulk.log(fresh("log"), seconds);
            Round theirs = bulk.plain(fresh("plain"), ours);
            log.add(ours.megabytesPerSecond());
            plain.add(theirs.megabytesPerSecond());
            ratios.add(ours.megabytesPerSecond() / theirs.megabytesPerSecond());
            forceKilobytes.add(ours.bytes() / 1e3 / Math.max(1, ours.forces()));
        }
        out.printf(
                "| %s, %d B | %d | %d | %.0f | %.0f | %.0f | %.2f | %.0f |%n",
                bulk.durability(),
                bulk.recordBytes(),
                bulk.partitions(),
                bulk.publishers(),
                median(log),
                median(log) * 1e6 / bulk.recordBytes(),
                median(plain),
                median(ratios),
                median(forceKilobytes));
        out.flush();
    }

    private void paced(PrintWriter out) throws IOException {
        out.println("| paced | partitions | log p50 / p99, ms | plain p50 / p99, ms |\n|---|---|---|---|");
        paced(out, "10,000 records/s of 100 B", new Paced(1, 100, 10, 10_000));
        paced(out, "10,000 records/s of 1 KiB", new Paced(1, 1024, 10, 10_000));
        paced(out, "10,000 records/s of 100 B", new Paced(64, 100, 10, 10_000));
        paced(out, "10,000 records/s of 1 KiB", new Paced(64, 1024, 10, 10_000));
        paced(out, "1,000 partitions at once, 10 times/s", new Paced(1_000, 100, 1_000, 10_000));
    }

    private void paced(PrintWriter out, String what, Paced paced) throws IOException {
        List<Histogram> log = new ArrayList<>();
        List<Histogram> plain = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            log.add(paced.log(fresh("log"), seconds));
            plain.add(paced.plain(fresh("plain"), seconds));
        }
        out.printf("| %s | %d | %s | %s |%n", what, paced.partitions(), medians(log), medians(plain));
        out.flush();
    }

    private static String medians(List<Histogram> rounds) {
        List<String> texts = new ArrayList<>();
        for (double quantile : QUANTILES) {
            List<Double> values = new ArrayList<>();
            rounds.forEach(round -> values.add(round.getValueAtPercentile(quantile) / NANOS_PER_MS));
            texts.add("%.2f".formatted(median(values)));
        }
        return String.join(" / ", texts);
    }

    private static String milliseconds(Histogram latencies) {
        return medians(List.of(latencies));
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    /** A path at which nothing is left of an earlier round. */
    private Path fresh(String name) throws IOException {
        Path path = directory.resolve(name);
        if (Files.exists(path)) {
            try (Stream<Path> files = Files.walk(path)) {
                files.sorted(Comparator.reverseOrder()).forEach(AppendBenchmark::delete);
            }
            RawDisk.settle(directory.resolve("settled"));
        }
        return path;
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
