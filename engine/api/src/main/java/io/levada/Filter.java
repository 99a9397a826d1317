package io.levada;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which records are wanted: those whose key and headers all are as said. A server leaves the others out before they cost
 * demand or the wire; whoever reads, or commits, gets behind them all the same. Immutable.
 *
 * @param key what the key is to be, or null for any key or none
 * @param headers by name, what a header is to be: at least one of that name, where there are several. All together, with the
 *     key's, a filter has at most {@link #MAX_VALUES} values of {@link #MAX_BYTES} bytes
 */
public record Filter(@Nullable Match key, Map<String, Match> headers) {
    /** Most values to compare with. */
    public static final int MAX_VALUES = 256;

    /** Most bytes of names and values together: 16 KiB. */
    public static final int MAX_BYTES = 16 << 10;

    public Filter(@Nullable Match key, Map<String, Match> headers) {
        this.key = key;
        this.headers = Map.copyOf(headers);
    }

    /** Records with such a key. */
    public static Filter byKey(Match match) {
        return new Filter(match, Map.of());
    }

    /** Records with such a header. */
    public static Filter byHeader(String name, Match match) {
        return new Filter(null, Map.of(name, match));
    }

    /** Those of these that have such a key. */
    public Filter withKey(@Nullable Match match) {
        return new Filter(match, headers);
    }

    /** Those of these that have such a header too. */
    public Filter withHeader(String name, Match match) {
        Map<String, Match> all = new TreeMap<>(headers);
        all.put(name, match);
        return new Filter(key, all);
    }
}
