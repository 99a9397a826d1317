package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as requests spell them, such as {@code 250ms}, {@code 5s}, {@code 2m} or {@code 1h}. Stateless. */
final class Durations {
    private static final Pattern SPELLED = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

    private Durations() {}

    /** Reads one; fails with INVALID_REQUEST for what is none, or is out of bounds. */
    static Duration parse(String name, String text, Duration least, Duration most) {
        Matcher parts = SPELLED.matcher(text);
        if (parts.matches()) {
            long amount = Long.parseLong(parts.group(1));
            Duration duration =
                    switch (parts.group(2)) {
                        case "ms" -> Duration.ofMillis(amount);
                        case "s" -> Duration.ofSeconds(amount);
                        case "m" -> Duration.ofMinutes(amount);
                        default -> Duration.ofHours(amount);
                    };
            if (duration.compareTo(least) >= 0 && duration.compareTo(most) <= 0) {
                return duration;
            }
        }
        throw new LevadaException(
                ErrorCode.INVALID_REQUEST,
                name + " is like 250ms, 5s, 2m or 1h, from " + spelled(least) + " to " + spelled(most) + ", not '"
                        + text + "'");
    }

    private static String spelled(Duration duration) {
        return duration.toMillis() % 1_000 == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }
}
