package io.levada;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A place in a topic to resume from, on any connection: the next offset of each partition, with the ids of the log and
 * the topic, so that another log or a topic created anew is noticed ({@link ErrorCode#LOG_CHANGED}). Immutable.
 *
 * @param logId the incarnation of the log
 * @param topicId the topic's id
 * @param next the offset to go on from, by partition; partitions left out start at their earliest record
 */
public record Token(UUID logId, UUID topicId, SortedMap<Integer, Long> next) {
    static final String PREFIX = "t1.";

    public Token {
        next = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(next));
    }

    /** The token behind this record. */
    public Token after(StoredRecord record) {
        SortedMap<Integer, Long> moved = new TreeMap<>(next);
        moved.put(record.partition(), record.offset() + 1);
        return new Token(logId, topicId, moved);
    }

    /** URL-safe text: {@code t1.} and Base64 of log id, topic id, then partition (int) and offset (long) pairs. */
    public String encode() {
        ByteBuffer bytes = ByteBuffer.allocate(32 + next.size() * 12);
        bytes.putLong(logId.getMostSignificantBits()).putLong(logId.getLeastSignificantBits());
        bytes.putLong(topicId.getMostSignificantBits()).putLong(topicId.getLeastSignificantBits());
        for (Map.Entry<Integer, Long> entry : next.entrySet()) {
            bytes.putInt(entry.getKey()).putLong(entry.getValue());
        }
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** Reads what {@link #encode} wrote; fails with {@link ErrorCode#INVALID_REQUEST}. */
    public static Token parse(String text) {
        try {
            if (!text.startsWith(PREFIX)) {
                throw new IllegalArgumentException("prefix");
            }
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(text.substring(PREFIX.length())));
            UUID logId = new UUID(bytes.getLong(), bytes.getLong());
            UUID topicId = new UUID(bytes.getLong(), bytes.getLong());
            SortedMap<Integer, Long> next = new TreeMap<>();
            while (bytes.hasRemaining()) {
                int partition = bytes.getInt();
                long offset = bytes.getLong();
                if (partition < 0 || offset < 0) {
                    throw new IllegalArgumentException("partition " + partition + ", offset " + offset);
                }
                next.put(partition, offset);
            }
            return new Token(logId, topicId, next);
        } catch (IllegalArgumentException | BufferUnderflowException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, "the token is damaged; use one exactly as it was given", e);
        }
    }
}
