package io.levada.benchmarks.peers;

import io.levada.benchmarks.peers.Task.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** The pieces of work, each done by all contestants in turns. */
final class Contest {
    private static final double[] QUANTILES = {50, 99, 99.9};

    private final List<Contestant> contestants;
    private final Table table;
    private final int warmUp;
    private final int rounds;
    private final double seconds;
    private int topics;

    /**
     * @param warmUp rounds of each piece of work that are not counted
     * @param rounds that are
     * @param seconds of a turn, about
     */
    Contest(List<Contestant> contestants, Table table, int warmUp, int rounds, double seconds) {
        this.contestants = contestants;
        this.table = table;
        this.warmUp = warmUp;
        this.rounds = rounds;
        this.seconds = seconds;
    }

    /** As fast as it goes, for a time. */
    void publish(int[] partitionCounts) throws IOException {
        for (int bytes : new int[] {100, 1024}) {
            for (int publishers : new int[] {1, 8}) {
                for (int partitions : partitionCounts) {
                    Row row = Row.of(
                            "publish",
                            "%d B, %d publishers, %d partitions".formatted(bytes, publishers, partitions),
                            "records/s");
                    Task task = Task.publish(publishers, partitions, bytes, seconds);
                    Row cost = row.cost();
                    inTurns(contestant -> add(row, cost, contestant, once(contestant, task)));
                    table.add(warmUp, row, cost);
                }
            }
        }
    }

    /** One publishes as fast as it goes, and groups read live. */
    void fanOut(List<Integer> groupCounts) throws IOException {
        for (int groups : groupCounts) {
            Row row = Row.of("fan-out", "to %d groups, 100 B, 4 partitions".formatted(groups), "records/s");
            Row cost = row.cost();
            Map<Peer, Task> tasks = new EnumMap<>(Peer.class);
            inTurns(contestant -> {
                Peer peer = contestant.peer();
                Task task = tasks.getOrDefault(peer, Task.fanOut(groups, 4, 100, Math.max(20_000, 500_000 / groups)));
                // Its topic stays: a broker that had deleted several that groups had read took no more records of one
                // partition.
                Outcome outcome = contestant.run(task.on(nextTopic()));
                tasks.put(peer, task.of(Math.max(20_000, (long) (outcome.recordsPerSecond() * seconds / groups))));
                add(row, cost, contestant, outcome);
            });
            table.add(warmUp, row, cost);
        }
    }

    /** One reads what was written before. */
    void catchUp() throws IOException {
        for (int bytes : new int[] {100, 1024}) {
            long records = 400_000_000L / (bytes + 100) / 4 * 4;
            Row row = Row.of("catch-up", "warm, %d B, 1 partition".formatted(bytes), "records/s");
            Row cost = row.cost();
            Map<Peer, Task> tasks = new EnumMap<>(Peer.class);
            inTurns(contestant -> {
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
                if (task != null) {
                    contestant.run(task.as(Kind.DELETE));
                }
            }
            table.add(warmUp, row, cost);
        }
    }

    /** At a steady rate, from when a record is due to when a group has it. */
    void latency(int[] rates) throws IOException {
        for (int rate : rates) {
            List<Row> quantiles = new ArrayList<>();
            for (double quantile : QUANTILES) {
                quantiles.add(Row.of("latency", "%,d/s, p%s".formatted(rate, text(quantile)), "ms"));
            }
            inTurns(contestant -> {
                Histogram latencies =
                        once(contestant, Task.latency(rate, 1, 100, seconds)).histogram();
                for (int i = 0; i < QUANTILES.length; i++) {
                    quantiles.get(i).add(contestant.peer(), latencies.getValueAtPercentile(QUANTILES[i]) / 1e6);
                }
            });
            table.add(warmUp, quantiles.toArray(Row[]::new));
        }
    }

    private static String text(double quantile) {
        return quantile == Math.rint(quantile) ? Long.toString((long) quantile) : Double.toString(quantile);
    }

    private interface Turn {
        void of(Contestant contestant) throws IOException;
    }

    /** Each has its turn in each round, and is first in as many rounds as others; the figures of those that warm up are forgotten. */
    private void inTurns(Turn turn) throws IOException {
        List<Contestant> order = new ArrayList<>(contestants);
        for (int round = 0; round < warmUp + rounds; round++) {
            for (Contestant contestant : order) {
                turn.of(contestant);
            }
            Collections.rotate(order, 1);
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
