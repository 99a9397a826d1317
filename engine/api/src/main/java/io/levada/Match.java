package io.levada;

import java.util.Set;
import java.util.TreeSet;

/** What a record's key, or a header's value, is to be; compared as bytes, with text as UTF-8. A null never matches. */
public sealed interface Match {
    /** One of these values. */
    record AnyOf(Set<String> values) implements Match {
        public AnyOf(Set<String> values) {
            this.values = Set.copyOf(values);
        }
    }

    /** A value that begins so. */
    record Prefix(String prefix) implements Match {}

    static Match is(String value) {
        return new AnyOf(Set.of(value));
    }

    static Match anyOf(String... values) {
        return new AnyOf(new TreeSet<>(Set.of(values)));
    }

    static Match prefix(String prefix) {
        return new Prefix(prefix);
    }
}
