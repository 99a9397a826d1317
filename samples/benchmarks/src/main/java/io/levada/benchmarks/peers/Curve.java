package io.levada.benchmarks.peers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a figure of each system goes as one thing grows.
 *
 * @param title what is looked at
 * @param unit what the figures count
 * @param steps of what grows, as they are written below the chart
 * @param figures by system, one for each step; null where there is none
 */
record Curve(String title, String unit, List<String> steps, Map<String, List<@Nullable Double>> figures) {
    static Curve of(String title, String unit) {
        return new Curve(title, unit, new ArrayList<>(), new LinkedHashMap<>());
    }

    /** Takes the medians of a row that is complete. */
    void add(String step, Row row, List<Peer> peers) {
        steps.add(step);
        peers.forEach(peer -> add(peer, row.median(peer)));
    }

    void add(Peer peer, double figure) {
        figures.computeIfAbsent(peer.label(), label -> new ArrayList<>()).add(Double.isNaN(figure) ? null : figure);
    }
}
