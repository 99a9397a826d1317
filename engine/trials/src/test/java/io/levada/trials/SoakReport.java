package io.levada.trials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The table of what all soaks came to, kept in a file of Markdown: a row for each trial, counts added up. */
final class SoakReport {
    private static final String HEAD =
            "| trial | cycles | acked | lost | duplicated | reordered | foreign | rewound | loss per cycle, 95 % |";

    private SoakReport() {}

    /** Adds to a trial's row, which is made where there is none. From any thread. */
    static synchronized void add(Path file, String trial, Outcome outcome) throws IOException {
        List<String> lines = new ArrayList<>(Files.exists(file) ? Files.readAllLines(file) : List.of());
        int head = lines.indexOf(HEAD);
        if (head < 0) {
            lines.add(HEAD);
            lines.add("|---|---|---|---|---|---|---|---|---|");
            head = lines.size() - 2;
        }
        int at = head + 2;
        while (at < lines.size()
                && lines.get(at).startsWith("|")
                && !lines.get(at).startsWith("| " + trial + " |")) {
            at++;
        }
        if (at < lines.size() && lines.get(at).startsWith("| " + trial + " |")) {
            lines.set(at, row(trial, parsed(lines.get(at)).plus(outcome)));
        } else {
            lines.add(at, row(trial, outcome));
        }
        Files.write(file, lines);
    }

    private static Outcome parsed(String row) {
        String[] cells = row.split("\\|", -1);
        long[] counts = new long[7];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = Long.parseLong(cells[i + 2].replace(",", "").trim());
        }
        return new Outcome((int) counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6]);
    }

    private static String row(String trial, Outcome sum) {
        String bound =
                sum.isClean() ? String.format(Locale.ROOT, "at most %.2f %%", 300.0 / Math.max(3, sum.cycles())) : "-";
        return String.format(
                Locale.ROOT,
                "| %s | %,d | %,d | %,d | %,d | %,d | %,d | %,d | %s |",
                trial,
                sum.cycles(),
                sum.acked(),
                sum.lost(),
                sum.duplicated(),
                sum.reordered(),
                sum.foreign(),
                sum.rewound(),
                bound);
    }
}
