package io.levada.groups;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPattern;
import io.levada.TopicSpec;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Who wants to be a member.
 *
 * @param member an id never used before
 * @param secret what it will prove itself with when it comes back, or {@link Member#NO_SECRET}
 * @param instanceId what tells it from others across restarts of its process, or null
 * @param topics names, and patterns as in {@link TopicPattern}
 * @param from where partitions start that have no commit
 */
public record Joining(String member, long secret, @Nullable String instanceId, List<String> topics, Position from) {
    /** Most bytes of the names that a member subscribes to: 16 KiB, so that an event fits any journal. */
    private static final int MAX_SUBSCRIPTION_BYTES = 16 << 10;

    public Joining(String member, long secret, @Nullable String instanceId, Collection<String> topics, Position from) {
        this(member, secret, instanceId, List.copyOf(new TreeSet<>(topics)), from);
    }

    Member asOf(long joined) {
        return new Member(member, secret, instanceId, topics, from.spelled(), joined, Member.CONNECTED, false);
    }

    /** Refuses what nobody may be, or subscribe to; throws INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION. */
    void check(Set<String> there) {
        if (instanceId != null && !TopicSpec.isName(instanceId)) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "'" + instanceId + "' cannot be an instance's id; use 1 to 200 of A-Z a-z 0-9 . _ -");
        }
        int bytes = topics.stream().mapToInt(String::length).sum();
        if (topics.isEmpty() || bytes > MAX_SUBSCRIPTION_BYTES) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "a member subscribes to 1 topic or more, with at most " + MAX_SUBSCRIPTION_BYTES
                            + " characters of names together, not to " + topics.size() + " with " + bytes);
        }
        for (String topic : topics) {
            if (TopicPattern.isPattern(topic)) {
                checkPattern(topic);
            } else if (!there.contains(topic)) {
                throw new LevadaException(
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic '" + topic + "'; create it first");
            }
        }
    }

    private static void checkPattern(String pattern) {
        if (!TopicPattern.isValid(pattern)) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "'" + pattern + "' matches no topic; use 1 to 200 of A-Z a-z 0-9 . _ - and * for any of them");
        }
    }
}
