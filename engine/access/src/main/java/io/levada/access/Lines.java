package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Files of one entry a line; blank lines and those that begin with {@code #} are left out. Stateless. */
final class Lines {
    private static final int MAX_ENTRIES = 10_000;

    private Lines() {}

    /**
     * The entries, at least one: an empty file is more likely being written than meant.
     *
     * @param entry reads a line; its failure is told with the line's number
     */
    static <T> List<T> parse(String text, Function<String, T> entry) {
        List<T> entries = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            String trimmed = line.strip();
            if (trimmed.isEmpty() || trimmed.startsWith("#")) {
                continue;
            }
            if (entries.size() == MAX_ENTRIES) {
                throw new LevadaException(ErrorCode.INVALID_CONFIG, "more than " + MAX_ENTRIES + " entries");
            }
            try {
                entries.add(entry.apply(trimmed));
            } catch (LevadaException e) {
                throw new LevadaException(ErrorCode.INVALID_CONFIG, "line " + number + ": " + e.getMessage(), e);
            }
        }
        if (entries.isEmpty()) {
            throw new LevadaException(ErrorCode.INVALID_CONFIG, "it has no entry");
        }
        return List.copyOf(entries);
    }

    static LevadaException wrong(String what) {
        return new LevadaException(ErrorCode.INVALID_CONFIG, what);
    }

    /** A principal's name, as it stands in a file. */
    static String principal(String name) {
        if (!Principal.isName(name)) {
            throw wrong("a principal is 1 to " + Principal.MAX_NAME_CHARS + " characters that are not blank");
        }
        return name;
    }
}
