package io.levada;

import java.util.Map;
import java.util.regex.Pattern;

/**
 * A topic to be created. Immutable.
 *
 * @param name 1 to 200 characters of {@code A-Z a-z 0-9 . _ -}, neither {@code .} nor {@code ..}; names that start with
 *     {@code __} are reserved
 * @param partitions 1 to 10,000
 * @param replicationFactor copies on different machines; engines on one machine refuse more than 1
 * @param config further settings by name, as Kafka's: {@code retention.ms} and {@code retention.bytes} (-1 for no limit),
 *     {@code segment.bytes}, {@code cleanup.policy} (delete, compact or compact,delete), {@code delete.retention.ms},
 *     {@code min.cleanable.dirty.ratio}, {@code max.compaction.lag.ms}; and {@code durability} (fsync or os)
 */
public record TopicSpec(String name, int partitions, int replicationFactor, Map<String, String> config) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,200}");
    public static final int MAX_PARTITIONS = 10_000;

    /** What the names of engines' own topics begin with. */
    public static final String INTERNAL_PREFIX = "__";

    public TopicSpec {
        config = Map.copyOf(config);
    }

    public static TopicSpec of(String name) {
        return new TopicSpec(name, 1, 1, Map.of());
    }

    public TopicSpec partitions(int count) {
        return new TopicSpec(name, count, replicationFactor, config);
    }

    public TopicSpec replicationFactor(int count) {
        return new TopicSpec(name, partitions, count, config);
    }

    public TopicSpec config(Map<String, String> values) {
        return new TopicSpec(name, partitions, replicationFactor, values);
    }

    /**
     * What every engine wants of a topic that is to be made. Fails with {@link ErrorCode#INVALID_TOPIC_EXCEPTION} or {@link
     * ErrorCode#INVALID_PARTITIONS}.
     */
    public void check() {
        if (!isName(name)) {
            throw new LevadaException(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "'" + name + "' is no name for a topic; use 1 to 200 of A-Z a-z 0-9 . _ -, not . or ..");
        }
        checkNotInternal(name);
        if (partitions < 1 || partitions > MAX_PARTITIONS) {
            throw new LevadaException(
                    ErrorCode.INVALID_PARTITIONS,
                    "a topic has 1 to " + MAX_PARTITIONS + " partitions, not " + partitions);
        }
    }

    /** Whether a topic of this name is an engine's own, which makes, writes and deletes it alone. */
    public static boolean isInternal(String name) {
        return name.startsWith(INTERNAL_PREFIX);
    }

    /** Fails with {@link ErrorCode#INVALID_TOPIC_EXCEPTION} for the name of an engine's own topic. */
    public static void checkNotInternal(String name) {
        if (isInternal(name)) {
            throw new LevadaException(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "names that start with " + INTERNAL_PREFIX + " are reserved: '" + name + "'");
        }
    }

    /** Whether a name may be a topic's or a group's. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches() && !name.equals(".") && !name.equals("..");
    }
}
