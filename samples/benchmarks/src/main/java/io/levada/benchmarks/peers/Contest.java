package io.levada.benchmarks.peers;

import io.levada.benchmarks.peers.Task.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/** The pieces of work, each done by all contestants in turns. */
final class Contest {
    private static final double[] QUANTILES = {50, 99, 99.9};
    private static final double[] CURVE = {0, 25, 50, 75, 90, 99, 99.9, 99.99, 100};

    private final List<Contestant> contestants;
    private final Findings findings;
    private final Consumer<String> progress;
    private final int warmUp;
    private final int rounds;
    private final double seconds;
    private int topics;

    /**
     * @param progress is told what is done now
     * @param warmUp rounds of each piece of work that are not counted
     * @param rounds that are
     * @param seconds of a turn, about
     */
    Contest(
            List<Contestant> contestants,
            Findings findings,
            Consumer<String> progress,
            int warmUp,
            int rounds,
            double seconds) {
        this.contestants = contestants;
        this.findings = findings;
        this.progress = progress;
        this.warmUp = warmUp;
        this.rounds = rounds;
        this.seconds = seconds;
    }

    /** As fast as it goes, for a time. */
    void publish(List<Integer> partitionCounts) throws InterruptedException {
        for (int bytes : new int[] {100, 1024}) {
            for (int publishers : new int[] {1, 8}) {
                for (int partitions : partitionCounts) {
                    Row row = Row.of(
                            "publish",
                            "%d B, %d publishers, %d partitions".formatted(bytes, publishers, partitions),
                            "records/s");
                    Task task = Task.publish(publishers, partitions, bytes, seconds);
                    Row cost = row.cost();
                    inTurns(row, contestant -> add(row, cost, contestant, once(contestant, task)));
                    findings.add(warmUp, row, cost);
                }
            }
        }
    }

    /** One publishes as fast as it goes, and groups read live. */
    void fanOut(List<Integer> groupCounts) throws InterruptedException {
        Curve curve = Curve.of("live fan-out, by the number of groups", "deliveries/s");
        for (int groups : groupCounts) {
            Row row = Row.of("fan-out", "to %d groups, 100 B, 4 partitions".formatted(groups), "deliveries/s");
            Row cost = row.cost();
            Map<Peer, Task> tasks = new EnumMap<>(Peer.class);
            inTurns(row, contestant -> {
                Peer peer = contestant.peer();
                Task task = tasks.getOrDefault(peer, Task.fanOut(groups, 4, 100, Math.max(20_000, 500_000 / groups)));
                // Its topic stays: a broker that had deleted several that groups had read took no more records of one
                // partition.
                Outcome outcome = contestant.run(task.on(nextTopic()));
                tasks.put(peer, task.of(Math.max(20_000, (long) (outcome.recordsPerSecond() * seconds / groups))));
                add(row, cost, contestant, outcome);
            });
            findings.add(warmUp, row, cost);
            findings.add(curve, Integer.toString(groups), row);
        }
        findings.add(curve);
    }

    /** One reads what was written before. */
    void catchUp() throws InterruptedException {
        for (int bytes : new int[] {100, 1024}) {
            long records = 400_000_000L / (bytes + 100) / 4 * 4;
            Row row = Row.of("catch-up", "warm, %d B, 1 partition".formatted(bytes), "records/s");
            Row cost = row.cost();
            Map<Peer, Task> tasks = new EnumMap<>(Peer.class);
            inTurns(row, contestant -> {
                Peer peer = contestant.peer();
                Task task = tasks.get(peer);
                if (task == null) {
                    task = Task.read(1, bytes, records).on(nextTopic());
                    tasks.put(peer, task);
                    contestant.run(task.as(Kind.FILL));
                }
                add(row, cost, contestant, contestant.run(task));
            });
            for (Contestant contestant : contestants) {
                Task task = tasks.get(contestant.peer());
                if (task != null && contestant.isRunning()) {
                    attempt(row, contestant, by -> by.run(task.as(Kind.DELETE)));
                }
            }
            findings.add(warmUp, row, cost);
        }
    }

    /** At a steady rate, from when a record is due to when a group has it. */
    void latency(int[] rates) throws InterruptedException {
        for (int rate : rates) {
            List<Row> quantiles = new ArrayList<>();
            for (double quantile : QUANTILES) {
                quantiles.add(Row.of("latency", "%,d/s, p%s".formatted(rate, text(quantile)), "ms"));
            }
            Map<Peer, List<Histogram>> taken = new EnumMap<>(Peer.class);
            inTurns(quantiles.get(0), contestant -> {
                Histogram latencies =
                        once(contestant, Task.latency(rate, 1, 100, seconds)).histogram();
                for (int i = 0; i < QUANTILES.length; i++) {
                    quantiles.get(i).add(contestant.peer(), latencies.getValueAtPercentile(QUANTILES[i]) / 1e6);
                }
                taken.computeIfAbsent(contestant.peer(), peer -> new ArrayList<>())
                        .add(latencies);
            });
            findings.add(percentiles(rate, taken));
            findings.add(warmUp, quantiles.toArray(Row[]::new));
        }
    }

    /** Of all rounds that count, each system's together. */
    private Curve percentiles(int rate, Map<Peer, List<Histogram>> taken) {
        Curve curve = Curve.of("published to delivered, %,d records/s, by percentile".formatted(rate), "ms");
        for (double percentile : CURVE) {
            curve.steps().add("p" + text(percentile));
        }
        taken.forEach((peer, rounds) -> {
            Histogram all = new Histogram(3);
            rounds.stream().skip(warmUp).forEach(all::add);
            for (double percentile : CURVE) {
                curve.add(peer, all.getTotalCount() == 0 ? Double.NaN : all.getValueAtPercentile(percentile) / 1e6);
            }
        });
        return curve;
    }

    private static String text(double quantile) {
        return quantile == Math.rint(quantile) ? Long.toString((long) quantile) : Double.toString(quantile);
    }

    private interface Turn {
        void of(Contestant contestant) throws IOException, InterruptedException;
    }

    /**
     * Each has its turn in each round, and is first in as many rounds as others; the figures of those that warm up are
     * forgotten. Who fails sits out the rest of this piece of work, and is started anew for the next.
     */
    private void inTurns(Row row, Turn turn) throws InterruptedException {
        List<Contestant> order = new ArrayList<>();
        for (Contestant contestant : contestants) {
            if (contestant.isRunning() || attempt(row, contestant, Contestant::start)) {
                order.add(contestant);
            }
        }
        for (int round = 0; round < warmUp + rounds; round++) {
            for (Contestant contestant : List.copyOf(order)) {
                progress.accept("%s, %s: round %d of %d, %s"
                        .formatted(
                                row.section(),
                                row.work(),
                                round + 1,
                                warmUp + rounds,
                                contestant.peer().label()));
                if (!attempt(row, contestant, turn)) {
                    order.remove(contestant);
                }
            }
            Collections.rotate(order, 1);
        }
    }

    /** False, with a remark, if it failed. */
    private boolean attempt(Row row, Contestant contestant, Turn turn) throws InterruptedException {
        try {
            turn.of(contestant);
            return true;
        } catch (IOException | IllegalStateException e) {
            String remark = "%s failed at %s, %s: %s"
                    .formatted(contestant.peer().label(), row.section(), row.work(), e.getMessage());
            progress.accept(remark);
            findings.remark(remark);
            contestant.stop();
            return false;
        }
    }

    /** Does a task with a topic of its own. */
    private Outcome once(Contestant contestant, Task task) throws IOException {
        Task mine = task.on(nextTopic());
        Outcome outcome = contestant.run(mine);
        contestant.run(mine.as(Kind.DELETE));
        return outcome;
    }

    private String nextTopic() {
        return "t" + topics++;
    }

    private static void add(Row rate, Row cost, Contestant contestant, Outcome outcome) {
        rate.add(contestant.peer(), outcome.recordsPerSecond());
        cost.add(contestant.peer(), outcome.cpuNanosPerRecord());
    }
}
