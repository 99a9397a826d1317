package io.levada.benchmarks.pipelines;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was measured, of each platform in each round; printed as a table of medians, in which ratios are those of a round. */
final class Figures {
    private final Map<String, Map<Platforms.Name, List<Double>>> rows = new LinkedHashMap<>();

    void add(Platforms.Name platform, String what, double figure) {
        rows.computeIfAbsent(what, key -> new EnumMap<>(Platforms.Name.class))
                .computeIfAbsent(platform, key -> new ArrayList<>())
                .add(figure);
    }

    void print(PrintWriter out, int rounds) {
        out.printf("| medians of %d rounds | Levada | Kafka | Levada / Kafka |%n|---|---|---|---|%n", rounds);
        rows.forEach((what, figures) -> {
            List<Double> levada = figures.getOrDefault(Platforms.Name.LEVADA, List.of());
            List<Double> kafka = figures.getOrDefault(Platforms.Name.KAFKA, List.of());
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < Math.min(levada.size(), kafka.size()); i++) {
                ratios.add(levada.get(i) / kafka.get(i));
            }
            out.printf(
                    "| %s | %s | %s | %s |%n", what, text(median(levada)), text(median(kafka)), text(median(ratios)));
        });
        out.flush();
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.isEmpty()
                ? Double.NaN
                : sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    private static String text(double value) {
        return Double.isNaN(value) ? "-" : (value < 100 ? "%.2f" : "%,.0f").formatted(value);
    }
}
