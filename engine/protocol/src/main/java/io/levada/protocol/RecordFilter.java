package io.levada.protocol;

import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.LevadaException;
import io.levada.Match;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A {@link Filter} made ready for records as they are encoded; nothing is copied to compare. Immutable. */
public final class RecordFilter implements RecordTest {
    private final @Nullable Bytes key;
    private final List<Named> headers;

    /** Values, or the beginning of one. */
    private record Bytes(List<byte[]> values, boolean prefix) {
        boolean test(RecordCursor record, int index, int length) {
            for (byte[] value : values) {
                boolean fits = prefix ? length >= value.length : length == value.length;
                if (fits && record.holds(index, value)) {
                    return true;
                }
            }
            return false;
        }
    }

    private record Named(byte[] name, Bytes match) implements RecordCursor.HeaderTest {
        @Override
        public boolean test(RecordCursor record, int nameIndex, int nameLength, int valueIndex, int valueLength) {
            return nameLength == name.length
                    && record.holds(nameIndex, name)
                    && match.test(record, valueIndex, valueLength);
        }
    }

    private RecordFilter(@Nullable Bytes key, List<Named> headers) {
        this.key = key;
        this.headers = headers;
    }

    /** Makes a filter ready, null for null; fails with {@link ErrorCode#INVALID_REQUEST} for one that is too large or empty. */
    public static @Nullable RecordFilter of(@Nullable Filter filter) {
        if (filter == null) {
            return null;
        }
        Bytes key = filter.key() == null ? null : bytes(filter.key());
        List<Named> headers = new ArrayList<>();
        new TreeMap<>(filter.headers()).forEach((name, match) -> headers.add(new Named(utf8(name), bytes(match))));
        check(key, headers);
        return new RecordFilter(key, List.copyOf(headers));
    }

    private static void check(@Nullable Bytes key, List<Named> headers) {
        List<Bytes> parts = new ArrayList<>(headers.stream().map(Named::match).toList());
        if (key != null) {
            parts.add(key);
        }
        List<byte[]> values =
                parts.stream().flatMap(part -> part.values().stream()).toList();
        long bytes = values.stream().mapToLong(value -> value.length).sum()
                + headers.stream().mapToLong(header -> header.name().length).sum();
        boolean empty = parts.stream().anyMatch(part -> part.values().isEmpty());
        if (empty || values.size() > Filter.MAX_VALUES || bytes > Filter.MAX_BYTES) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "a filter has 1 value or more for each of its parts, and at most " + Filter.MAX_VALUES + " of "
                            + Filter.MAX_BYTES + " bytes together, names included; this one has "
                            + (empty ? "a part without" : values.size() + " of " + bytes));
        }
    }

    private static Bytes bytes(Match match) {
        if (match instanceof Match.Prefix prefix) {
            return new Bytes(List.of(utf8(prefix.prefix())), true);
        }
        return new Bytes(
                ((Match.AnyOf) match).values().stream().map(RecordFilter::utf8).toList(), false);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean test(RecordCursor record) {
        if (key != null && (record.keyLength() < 0 || !key.test(record, record.keyIndex(), record.keyLength()))) {
            return false;
        }
        for (Named header : headers) {
            if (!record.hasHeader(header)) {
                return false;
            }
        }
        return true;
    }
}
