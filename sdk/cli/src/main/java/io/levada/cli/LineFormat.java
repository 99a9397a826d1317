package io.levada.cli;

import io.levada.Record;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a line becomes a record: the key is what stands before the first delimiter, the value what stands behind it; a line
 * without the delimiter is all value. Immutable.
 *
 * @param delimiter bytes, at least one, or null when lines have no keys
 * @param partition where all records go, or {@link Record#ANY_PARTITION}
 */
record LineFormat(byte @Nullable [] delimiter, int partition) {
    LineFormat(byte @Nullable [] delimiter, int partition) {
        this.delimiter = delimiter;
        this.partition = partition;
    }

    Record record(byte[] line) {
        int at = delimiter == null ? -1 : indexOf(line, delimiter);
        if (delimiter == null || at < 0) {
            return new Record(null, line, List.of(), Record.NO_TIMESTAMP, partition);
        }
        byte[] key = Arrays.copyOf(line, at);
        byte[] value = Arrays.copyOfRange(line, at + delimiter.length, line.length);
        return new Record(key, value, List.of(), Record.NO_TIMESTAMP, partition);
    }

    private static int indexOf(byte[] line, byte[] part) {
        for (int at = 0; at <= line.length - part.length; at++) {
            if (Arrays.equals(line, at, at + part.length, part, 0, part.length)) {
                return at;
            }
        }
        return -1;
    }
}
