package io.levada.benchmarks.peers;

import io.levada.benchmarks.peers.Task.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.DoubleStream;
import org.HdrHistogram.Histogram;

/** The pieces of work, each done by all contestants in turns. */
final class Contest {
    private static final double[] QUANTILES = {50, 99, 99.9};
    private static final double[] CURVE = {0, 25, 50, 75, 90, 99, 99.9, 99.99, 100};

    /** Records a second, few, since each goes to thousands. */
    private static final int WEB_SOCKET_RATE = 1;

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

    /** From the beginning of the process until it answers a client, with nothing stored. */
    void start() throws InterruptedException {
        Row row = Row.of("start", "with nothing stored", "s");
        inTurns(row, contestant -> {
            contestant.stop();
            contestant.start();
            row.add(contestant.peer(), contestant.secondsToStart());
        });
        findings.add(warmUp, row);
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

    /** What a record costs as the partitions become more. */
    void partitions(List<Integer> partitionCounts) throws InterruptedException {
        Curve curve = Curve.of("what publishing costs, by the number of partitions", "CPU ns a record");
        for (int partitions : partitionCounts) {
            Row row = Row.of("partitions", "100 B to %d partitions".formatted(partitions), "records/s");
            Row cost = row.cost();
            Task task = Task.publish(1, partitions, 100, seconds);
            inTurns(row, contestant -> add(row, cost, contestant, once(contestant, task)));
            findings.add(warmUp, row, cost);
            findings.add(curve, Integer.toString(partitions), cost);
        }
        findings.add(curve);
    }

    /** One publishes as fast as it goes, and groups read live. */
    void fanOut(List<Integer> groupCounts) throws InterruptedException {
        Curve rates = Curve.of("live fan-out, by the number of groups", "deliveries/s");
        Curve costs = Curve.of("what a delivery costs, by the number of groups", "CPU ns a record");
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
            findings.add(rates, Integer.toString(groups), row);
            findings.add(costs, Integer.toString(groups), cost);
        }
        findings.add(rates);
        findings.add(costs);
    }

    /** One reads what was written before: all the time, and once when the machine has forgotten it. */
    void catchUp(long topicBytes) throws InterruptedException {
        for (int bytes : new int[] {100, 1024}) {
            long records = topicBytes / (bytes + 100) / Driver.FILLERS * Driver.FILLERS;
            Map<Peer, Task> tasks = new EnumMap<>(Peer.class);
            String work = "%d B, 1 partition".formatted(bytes);
            catchUp(Row.of("catch-up", "warm, " + work, "records/s"), tasks, Task.read(1, bytes, records, seconds));
            if (PageCache.canBeDropped()) {
                catchUp(Row.of("catch-up", "cold, " + work, "records/s"), tasks, Task.read(1, bytes, records, 0));
            } else {
                findings.remark("catch-up, cold, was left out: only root may have the system forget files");
            }
            for (Contestant contestant : contestants) {
                Task task = tasks.get(contestant.peer());
                if (task != null && contestant.isRunning()) {
                    attempt("catch-up", contestant, by -> by.run(task.as(Kind.DELETE)));
                }
            }
        }
    }

    /** Whose topic is not there, or no longer, fills it. */
    private void catchUp(Row row, Map<Peer, Task> tasks, Task task) throws InterruptedException {
        Row cost = row.cost();
        contestants.stream().filter(one -> !one.isRunning()).forEach(one -> tasks.remove(one.peer()));
        inTurns(row, contestant -> {
            Task filled = tasks.get(contestant.peer());
            if (filled == null) {
                filled = task.on(nextTopic());
                contestant.run(filled.as(Kind.FILL));
                tasks.put(contestant.peer(), filled);
            }
            if (task.seconds() == 0) {
                PageCache.drop();
            }
            add(row, cost, contestant, contestant.run(task.on(filled.topic())));
        });
        findings.add(warmUp, row, cost);
    }

    /** At a steady rate, from when a record is due to when a group has it. */
    void latency(List<Integer> rates) throws InterruptedException {
        for (int rate : rates) {
            List<Row> quantiles = quantiles("latency", "%,d/s".formatted(rate));
            Map<Peer, List<Histogram>> taken = new EnumMap<>(Peer.class);
            inTurns(quantiles.get(0), contestant -> {
                Histogram latencies =
                        once(contestant, Task.latency(rate, 1, 100, seconds)).histogram();
                add(quantiles, contestant, latencies);
                taken.computeIfAbsent(contestant.peer(), peer -> new ArrayList<>())
                        .add(latencies);
            });
            findings.add(percentiles(rate, taken));
            findings.add(warmUp, quantiles.toArray(Row[]::new));
        }
    }

    /** From when a record is due to when each of many subscribers over WebSocket has it; who has no WebSocket sits out. */
    void webSockets(int subscribers) throws InterruptedException {
        String work = "%,d subscribers, %d record/s each".formatted(subscribers, WEB_SOCKET_RATE);
        List<Row> quantiles = quantiles("WebSocket", work);
        Task task = Task.webSockets(subscribers, WEB_SOCKET_RATE, 100, seconds);
        List<Contestant> able =
                contestants.stream().filter(one -> one.peer().isLevada()).toList();
        inTurns(able, quantiles.get(0), contestant -> {
            Histogram latencies = once(contestant, task).histogram();
            add(quantiles, contestant, latencies);
        });
        findings.add(warmUp, quantiles.toArray(Row[]::new));
    }

    private static List<Row> quantiles(String section, String work) {
        return DoubleStream.of(QUANTILES)
                .mapToObj(quantile -> Row.of(section, work + ", p" + text(quantile), "ms"))
                .toList();
    }

    private static void add(List<Row> quantiles, Contestant contestant, Histogram latencies) {
        for (int i = 0; i < QUANTILES.length; i++) {
            quantiles.get(i).add(contestant.peer(), latencies.getValueAtPercentile(QUANTILES[i]) / 1e6);
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
        inTurns(contestants, row, turn);
    }

    private void inTurns(List<Contestant> able, Row row, Turn turn) throws InterruptedException {
        List<Contestant> order = new ArrayList<>();
        for (Contestant contestant : able) {
            if (contestant.isRunning() || attempt(title(row), contestant, Contestant::start)) {
                order.add(contestant);
            }
        }
        for (int round = 0; round < warmUp + rounds; round++) {
            for (Contestant contestant : List.copyOf(order)) {
                progress.accept("%s: round %d of %d, %s"
                        .formatted(
                                title(row),
                                round + 1,
                                warmUp + rounds,
                                contestant.peer().label()));
                if (!attempt(title(row), contestant, turn)) {
                    order.remove(contestant);
                }
            }
            Collections.rotate(order, 1);
        }
    }

    private static String title(Row row) {
        return row.section() + ", " + row.work();
    }

    /** False, with a remark, if it failed. */
    private boolean attempt(String what, Contestant contestant, Turn turn) throws InterruptedException {
        try {
            turn.of(contestant);
            return true;
        } catch (IOException | IllegalStateException e) {
            String remark = "%s failed at %s: %s".formatted(contestant.peer().label(), what, e.getMessage());
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
