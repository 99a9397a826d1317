package io.levada;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A record to be published. The arrays are taken as they are, not copied; leave them alone once published.
 *
 * @param key what chooses the partition, and what compaction keeps the latest of; or null
 * @param value the data; null deletes the key on a compacted topic
 * @param headers in order, names may repeat
 * @param timestampMs milliseconds since the epoch, or {@link #NO_TIMESTAMP} for the time of publishing
 * @param partition the partition, from 0, or {@link #ANY_PARTITION} to choose by key
 */
public record Record(
        byte @Nullable [] key, byte @Nullable [] value, List<Header> headers, long timestampMs, int partition) {
    public static final long NO_TIMESTAMP = -1;
    public static final int ANY_PARTITION = -1;

    public Record(
            byte @Nullable [] key, byte @Nullable [] value, List<Header> headers, long timestampMs, int partition) {
        this.key = key;
        this.value = value;
        this.headers = List.copyOf(headers);
        this.timestampMs = timestampMs;
        this.partition = partition;
    }

    public static Record of(byte @Nullable [] key, byte @Nullable [] value) {
        return new Record(key, value, List.of(), NO_TIMESTAMP, ANY_PARTITION);
    }

    public static Record of(@Nullable String key, @Nullable String value) {
        return of(utf8(key), utf8(value));
    }

    public static Record ofValue(String value) {
        return of(null, utf8(value));
    }

    public Record withHeaders(List<Header> values) {
        return new Record(key, value, values, timestampMs, partition);
    }

    public Record withTimestampMs(long ms) {
        return new Record(key, value, headers, ms, partition);
    }

    public Record withPartition(int number) {
        return new Record(key, value, headers, timestampMs, number);
    }

    private static byte @Nullable [] utf8(@Nullable String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Record record
                && Arrays.equals(key, record.key)
                && Arrays.equals(value, record.value)
                && headers.equals(record.headers)
                && timestampMs == record.timestampMs
                && partition == record.partition;
    }

    @Override
    public int hashCode() {
        return Objects.hash(Arrays.hashCode(key), Arrays.hashCode(value), headers, timestampMs, partition);
    }
}
