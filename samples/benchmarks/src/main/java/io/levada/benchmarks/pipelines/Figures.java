package io.levada.benchmarks.pipelines;

import io.levada.benchmarks.peers.Findings;
import io.levada.benchmarks.peers.Row;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/** What was measured, of each platform in each round; printed as a table of medians, in which ratios are those of a round. */
final class Figures {
    private static final String LEVADA = Platforms.Name.LEVADA.name();
    private static final String KAFKA = Platforms.Name.KAFKA.name();

    private final Map<String, Row> rows = new LinkedHashMap<>();

    /** @param what it is, with its unit behind a comma */
    void add(Platforms.Name platform, String what, double figure) {
        rows.computeIfAbsent(what, key -> Row.of("pipelines", key, "")).add(platform.name(), figure);
    }

    void print(PrintWriter out, int rounds) {
        out.printf("| medians of %d rounds | Levada | Kafka | Levada / Kafka |%n|---|---|---|---|%n", rounds);
        rows.forEach((what, row) -> out.printf(
                "| %s | %s | %s | %s |%n",
                what,
                Findings.figure(row.median(LEVADA)),
                Findings.figure(row.median(KAFKA)),
                Findings.figure(row.ratio(LEVADA, KAFKA))));
        out.flush();
    }
}
