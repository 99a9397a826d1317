package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A topic's settings, read once from what was given by name. Names and meanings are Kafka's where Kafka has them. All but
 * durability may change while the topic is in use. Immutable.
 *
 * @param retentionMs {@code retention.ms}: for how long records are kept at least, by the log's own time since they were
 *     appended, from 1,000; {@link #FOREVER}. 7 days unless given
 * @param retentionBytes {@code retention.bytes}: how many of a partition's latest bytes are kept at least, 0 or more;
 *     {@link #FOREVER}, which it is unless given
 * @param segmentBytes {@code segment.bytes}: size at which a segment is closed, 4 KiB to 1 GiB
 * @param delete whether {@code cleanup.policy} has {@code delete}, as it has unless given: retention applies
 * @param compact whether it has {@code compact}: of each key the latest record is kept
 * @param deleteRetentionMs {@code delete.retention.ms}: for how long compaction keeps a tombstone from when it first met
 *     it, 0 or more; 1 day unless given
 * @param minCleanableDirtyRatio {@code min.cleanable.dirty.ratio}: the part of a partition's closed bytes that has to be
 *     new before it is compacted, 0 to 1; 0.5 unless given
 * @param maxCompactionLagMs {@code max.compaction.lag.ms}: after which time it is compacted however little is new, from
 *     1,000; 1 day unless given
 * @param durability {@code durability}: when a record is acknowledged, {@code fsync} or {@code os}; {@code fsync} unless
 *     given
 */
public record TopicSettings(
        long retentionMs,
        long retentionBytes,
        int segmentBytes,
        boolean delete,
        boolean compact,
        long deleteRetentionMs,
        double minCleanableDirtyRatio,
        long maxCompactionLagMs,
        Durability durability) {
    public static final String RETENTION_MS = "retention.ms";
    public static final String RETENTION_BYTES = "retention.bytes";
    public static final String SEGMENT_BYTES = "segment.bytes";
    public static final String CLEANUP_POLICY = "cleanup.policy";
    public static final String DELETE_RETENTION_MS = "delete.retention.ms";
    public static final String MIN_CLEANABLE_DIRTY_RATIO = "min.cleanable.dirty.ratio";
    public static final String MAX_COMPACTION_LAG_MS = "max.compaction.lag.ms";
    public static final String DURABILITY = "durability";

    /** No limit. */
    public static final long FOREVER = -1;

    private static final String DELETE = "delete";
    private static final String COMPACT = "compact";
    private static final long LEAST_RETENTION_MS = 1_000;
    private static final long MOST_MS = Duration.ofDays(365_000).toMillis();
    private static final long DEFAULT_RETENTION_MS = Duration.ofDays(7).toMillis();
    private static final long DEFAULT_DELETE_RETENTION_MS = Duration.ofDays(1).toMillis();
    private static final long DEFAULT_COMPACTION_LAG_MS = Duration.ofDays(1).toMillis();
    private static final double DEFAULT_DIRTY_RATIO = 0.5;

    /** When a record is acknowledged and visible. */
    public enum Durability {
        /** Once a force has covered it. */
        FSYNC,
        /** Once it is written: a power cut may take it, a kill of the process does not. */
        OS
    }

    private static final Set<String> KEYS = new TreeSet<>(Set.of(
            RETENTION_MS,
            RETENTION_BYTES,
            SEGMENT_BYTES,
            CLEANUP_POLICY,
            DELETE_RETENTION_MS,
            MIN_CLEANABLE_DIRTY_RATIO,
            MAX_COMPACTION_LAG_MS,
            DURABILITY));

    /**
     * Reads settings.
     *
     * @throws LevadaException INVALID_CONFIG for a name that is none, or a value that does not fit its name
     */
    static TopicSettings of(Map<String, String> given, int defaultSegmentBytes) {
        for (String key : given.keySet()) {
            if (!KEYS.contains(key)) {
                throw new LevadaException(
                        ErrorCode.INVALID_CONFIG,
                        "topics have no setting '" + key + "'; there is " + String.join(", ", KEYS));
            }
        }
        Set<String> policy = policy(given.getOrDefault(CLEANUP_POLICY, DELETE));
        return new TopicSettings(
                limit(given, RETENTION_MS, LEAST_RETENTION_MS, MOST_MS, DEFAULT_RETENTION_MS),
                limit(given, RETENTION_BYTES, 0, Long.MAX_VALUE, FOREVER),
                (int) number(
                        given,
                        SEGMENT_BYTES,
                        LogConfig.LEAST_SEGMENT_BYTES,
                        LogConfig.MOST_SEGMENT_BYTES,
                        defaultSegmentBytes),
                policy.contains(DELETE),
                policy.contains(COMPACT),
                number(given, DELETE_RETENTION_MS, 0, MOST_MS, DEFAULT_DELETE_RETENTION_MS),
                ratio(given),
                number(given, MAX_COMPACTION_LAG_MS, LEAST_RETENTION_MS, MOST_MS, DEFAULT_COMPACTION_LAG_MS),
                durability(given.getOrDefault(DURABILITY, "fsync")));
    }

    private static Set<String> policy(String text) {
        Set<String> policy = new TreeSet<>();
        for (String part : text.split(",", -1)) {
            policy.add(part.strip());
        }
        if (!Set.of(DELETE, COMPACT).containsAll(policy)) {
            throw invalid(CLEANUP_POLICY, "delete, compact or compact,delete", text);
        }
        return policy;
    }

    private static Durability durability(String text) {
        return switch (text) {
            case "fsync" -> Durability.FSYNC;
            case "os" -> Durability.OS;
            default -> throw invalid(DURABILITY, "fsync or os", text);
        };
    }

    private static double ratio(Map<String, String> given) {
        String text = given.get(MIN_CLEANABLE_DIRTY_RATIO);
        if (text == null) {
            return DEFAULT_DIRTY_RATIO;
        }
        try {
            double ratio = Double.parseDouble(text);
            if (ratio >= 0 && ratio <= 1) {
                return ratio;
            }
        } catch (NumberFormatException e) {
            throw invalid(MIN_CLEANABLE_DIRTY_RATIO, "a number from 0 to 1", text);
        }
        throw invalid(MIN_CLEANABLE_DIRTY_RATIO, "a number from 0 to 1", text);
    }

    private static long limit(Map<String, String> given, String key, long least, long most, long unlessGiven) {
        return "-1".equals(given.get(key)) ? FOREVER : number(given, key, least, most, unlessGiven);
    }

    private static long number(Map<String, String> given, String key, long least, long most, long unlessGiven) {
        String text = given.get(key);
        if (text == null) {
            return unlessGiven;
        }
        String range = "a whole number from " + least + " to " + most;
        try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw invalid(key, range, text);
        }
        throw invalid(key, range, text);
    }

    private static LevadaException invalid(String key, String wanted, String text) {
        return new LevadaException(ErrorCode.INVALID_CONFIG, key + " must be " + wanted + ", not '" + text + "'");
    }

    /** Settings with changes made to them; fails with INVALID_CONFIG for one that cannot be changed. */
    static Map<String, String> changed(
            Map<String, String> given, Map<String, String> changes, int defaultSegmentBytes) {
        Map<String, String> now = new TreeMap<>(given);
        now.putAll(changes);
        TopicSettings before = of(given, defaultSegmentBytes);
        TopicSettings after = of(now, defaultSegmentBytes);
        if (before.durability != after.durability) {
            throw new LevadaException(
                    ErrorCode.INVALID_CONFIG,
                    DURABILITY + " of a topic that exists cannot be changed; create another one");
        }
        return Map.copyOf(now);
    }

    /** Whether records count as durable once they are written. */
    boolean isDurableUnforced() {
        return durability == Durability.OS;
    }

    /** All settings by name, those not given too, as they can be given. */
    public Map<String, String> spelled() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put(CLEANUP_POLICY, !compact ? DELETE : delete ? COMPACT + "," + DELETE : COMPACT);
        all.put(DURABILITY, durability.name().toLowerCase(Locale.ROOT));
        all.put(RETENTION_BYTES, Long.toString(retentionBytes));
        all.put(RETENTION_MS, Long.toString(retentionMs));
        all.put(SEGMENT_BYTES, Integer.toString(segmentBytes));
        if (compact) {
            all.put(DELETE_RETENTION_MS, Long.toString(deleteRetentionMs));
            all.put(MAX_COMPACTION_LAG_MS, Long.toString(maxCompactionLagMs));
            all.put(MIN_CLEANABLE_DIRTY_RATIO, Double.toString(minCleanableDirtyRatio));
        }
        return all;
    }
}
