package io.levada.benchmarks.peers;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A line of the table: one figure of one piece of work, of each system in each round.
 *
 * @param section what belongs together
 * @param work what was done
 * @param unit what the figures count
 * @param rounds by system, or of the machine by itself, in the order of the rounds
 */
public record Row(String section, String work, String unit, Map<String, List<Double>> rounds) {
    public static Row of(String section, String work, String unit) {
        return new Row(section, work, unit, new LinkedHashMap<>());
    }

    /** What the same work costs in time of the processor, of server and clients together. */
    Row cost() {
        return of(section, work, "CPU ns a record");
    }

    void add(Peer peer, double figure) {
        add(peer.label(), figure);
    }

    public void add(String label, double figure) {
        rounds.computeIfAbsent(label, key -> new ArrayList<>()).add(figure);
    }

    double median(Peer peer) {
        return median(peer.label());
    }

    public double median(String label) {
        return median(rounds.getOrDefault(label, List.of()));
    }

    double ratio(Peer peer, Peer other) {
        return ratio(peer.label(), other.label());
    }

    /** The median of one system's figure over another's of the same round. */
    public double ratio(String label, String other) {
        List<Double> ratios = new ArrayList<>();
        List<Double> ours = rounds.getOrDefault(label, List.of());
        List<Double> theirs = rounds.getOrDefault(other, List.of());
        for (int i = 0; i < Math.min(ours.size(), theirs.size()); i++) {
            ratios.add(ours.get(i) / theirs.get(i));
        }
        return median(ratios);
    }

    /** NaN of none. */
    public static double median(List<Double> values) {
        if (values.isEmpty()) {
            return Double.NaN;
        }
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
