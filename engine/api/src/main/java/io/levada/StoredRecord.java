package io.levada;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A record of the log, at its place.
 *
 * @param timestampMs milliseconds since the epoch, as its publisher set it
 */
public record StoredRecord(
        String topic,
        int partition,
        long offset,
        long timestampMs,
        byte @Nullable [] key,
        byte @Nullable [] value,
        List<Header> headers) {

    /** The key as UTF-8, or null. */
    public @Nullable String keyUtf8() {
        return key == null ? null : new String(key, StandardCharsets.UTF_8);
    }

    /** The value as UTF-8, or null. */
    public @Nullable String valueUtf8() {
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }

    public TopicPartition topicPartition() {
        return new TopicPartition(topic, partition);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof StoredRecord record
                && topic.equals(record.topic)
                && partition == record.partition
                && offset == record.offset
                && timestampMs == record.timestampMs
                && Arrays.equals(key, record.key)
                && Arrays.equals(value, record.value)
                && headers.equals(record.headers);
    }

    @Override
    public int hashCode() {
        return Objects.hash(topic, partition, offset);
    }
}
