package io.levada.cli;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times and sizes as people write them. */
public final class Units {
    private static final Pattern AMOUNT = Pattern.compile("([0-9]{1,18})([A-Za-z]*)");
    private static final Map<String, Long> MS =
            Map.of("ms", 1L, "s", 1_000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L, "w", 604_800_000L);
    private static final Map<String, Long> BYTES = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

    static {
        long decimal = 1;
        long binary = 1;
        BYTES.put("", 1L);
        BYTES.put("B", 1L);
        for (String prefix : new String[] {"K", "M", "G", "T"}) {
            decimal *= 1_000;
            binary *= 1_024;
            BYTES.put(prefix + "B", decimal);
            BYTES.put(prefix + "iB", binary);
        }
    }

    private Units() {}

    /** A time in milliseconds; fails with INVALID_CONFIG, and says what would do. */
    public static long ms(String option, String text) {
        return amount(option, text, MS, "a time such as 90s, 12h or 7d");
    }

    /** A size in bytes; fails with INVALID_CONFIG, and says what would do. */
    public static long bytes(String option, String text) {
        return amount(option, text, BYTES, "a size such as 65536, 64MiB or 10GB");
    }

    /** A size as it is written, in the largest unit that leaves no part; {@link #bytes} takes it back. */
    public static String text(long bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        int unit = 0;
        long amount = bytes;
        while (amount != 0 && amount % 1_024 == 0 && unit < units.length - 1) {
            amount /= 1_024;
            unit++;
        }
        return amount + units[unit];
    }

    private static long amount(String option, String text, Map<String, Long> units, String wanted) {
        Matcher matcher = AMOUNT.matcher(text);
        Long unit = matcher.matches() ? units.get(matcher.group(2)) : null;
        if (unit != null) {
            try {
                return Math.multiplyExact(Long.parseLong(matcher.group(1)), unit);
            } catch (ArithmeticException e) {
                throw new LevadaException(ErrorCode.INVALID_CONFIG, option + " is too much: '" + text + "'", e);
            }
        }
        throw new LevadaException(ErrorCode.INVALID_CONFIG, option + " takes " + wanted + ", not '" + text + "'");
    }
}
