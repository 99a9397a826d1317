package io.levada.log;

import org.jspecify.annotations.Nullable;

/**
 * A record with a key, and its spelling as one text, as ledgers keep records.
 *
 * @param value null for a tombstone
 */
record Keyed(long timeMs, String key, @Nullable String value) {
    private static final String MARK = " K";
    private static final char VALUE = '=';
    private static final String TOMBSTONE = "~";

    Keyed(long timeMs, String key, @Nullable String value) {
        this.timeMs = timeMs;
        this.key = key;
        this.value = value;
    }

    /** The record that a text spells; null where it has no key. */
    static @Nullable Keyed of(String text) {
        int space = text.indexOf(' ');
        if (space < 0 || !text.startsWith(MARK, space)) {
            return null;
        }
        long timeMs = Long.parseLong(text.substring(0, space));
        String rest = text.substring(space + MARK.length());
        int equals = rest.indexOf(VALUE);
        return equals < 0
                ? new Keyed(timeMs, rest.substring(0, rest.length() - TOMBSTONE.length()), null)
                : new Keyed(timeMs, rest.substring(0, equals), rest.substring(equals + 1));
    }

    String text() {
        return timeMs + MARK + key + (value == null ? TOMBSTONE : VALUE + value);
    }

    boolean isTombstone() {
        return value == null;
    }
}
