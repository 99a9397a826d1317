package io.levada.main;

import java.util.Collection;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** Finds what a mistyped name was to be, by Levenshtein's distance. */
final class Nearest {
    /** One character in so many may be wrong, and two anyhow, as where two have changed places. */
    private static final int PART = 3;

    private static final int ANYHOW = 2;

    private Nearest() {}

    /** The known name that is nearest; null when none is near. */
    static @Nullable String to(String name, Collection<String> known) {
        return known.stream()
                .filter(each -> distance(name, each) <= Math.max(ANYHOW, each.length() / PART))
                .min(Comparator.comparingInt(each -> distance(name, each)))
                .orElse(null);
    }

    /** How many characters have to be changed, put in or taken out. */
    private static int distance(String from, String to) {
        int[] before = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            before[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] now = new int[to.length() + 1];
            now[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int changed = before[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                now[j] = Math.min(changed, 1 + Math.min(before[j], now[j - 1]));
            }
            before = now;
        }
        return before[to.length()];
    }
}
