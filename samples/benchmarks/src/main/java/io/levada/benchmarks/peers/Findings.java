package io.levada.benchmarks.peers;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** What was found so far; each row is printed as a line of Markdown when it comes: medians, and ratios to Kafka where that takes part. */
public final class Findings {
    private final PrintWriter out;
    private final List<Peer> peers;
    private final List<Peer> compared;
    private final int rounds;
    private final List<Row> rows = new ArrayList<>();
    private final List<Curve> curves = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();

    Findings(PrintWriter out, List<Peer> peers, int rounds) {
        this.out = out;
        this.peers = peers;
        this.rounds = rounds;
        this.compared = peers.contains(Peer.KAFKA)
                ? peers.stream().filter(peer -> peer != Peer.KAFKA).toList()
                : List.of();
    }

    /** Begins the table of the systems. */
    void head() {
        List<String> columns = new ArrayList<>(List.of("medians of %d rounds".formatted(rounds), "unit"));
        peers.forEach(peer -> columns.add(peer.label()));
        compared.forEach(peer -> columns.add(peer.label() + " / " + Peer.KAFKA.label()));
        print(columns);
        print(columns.stream().map(column -> "---").toList());
    }

    /**
     * Takes rows that are complete.
     *
     * @param warmUp rounds of each to be forgotten
     */
    void add(int warmUp, Row... complete) {
        for (Row row : complete) {
            row.rounds().values().forEach(figures -> figures.subList(0, Math.min(warmUp, figures.size()))
                    .clear());
            rows.add(row);
            List<String> cells = new ArrayList<>(List.of(row.section() + ": " + row.work(), row.unit()));
            peers.forEach(peer -> cells.add(figure(row.median(peer))));
            compared.forEach(peer -> cells.add(figure(row.ratio(peer, Peer.KAFKA))));
            print(cells);
        }
    }

    /** Takes what the machine can do by itself, as a table of its own. */
    void machine(int warmUp, Row... complete) {
        print(List.of("the machine, medians of %d rounds".formatted(rounds), "unit", Machine.LABEL));
        print(List.of("---", "---", "---"));
        for (Row row : complete) {
            forget(warmUp, row);
            rows.add(row);
            print(List.of(row.work(), row.unit(), figure(row.median(Machine.LABEL))));
        }
        out.println();
    }

    private static void forget(int warmUp, Row row) {
        row.rounds().values().forEach(figures -> figures.subList(0, Math.min(warmUp, figures.size()))
                .clear());
    }

    /** Takes a row as one more step of a curve too. */
    void add(Curve curve, String step, Row row) {
        curve.add(step, row, peers);
    }

    void add(Curve curve) {
        curves.add(curve);
    }

    /** Takes what a reader of the figures must know. */
    void remark(String words) {
        remarks.add(words);
    }

    /** A figure as it stands in a table. */
    public static String figure(double value) {
        if (Double.isNaN(value)) {
            return "-";
        }
        return (value < 100 ? "%.2f" : "%,.0f").formatted(value);
    }

    private void print(List<String> cells) {
        out.println("| " + String.join(" | ", cells) + " |");
        out.flush();
    }

    List<Row> rows() {
        return rows;
    }

    List<Curve> curves() {
        return curves;
    }

    List<String> remarks() {
        return remarks;
    }
}
