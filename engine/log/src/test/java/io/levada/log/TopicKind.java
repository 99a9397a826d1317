package io.levada.log;

import io.levada.TopicSpec;
import io.levada.env.SimRandomness;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What topics a workload makes. Times and sizes are small, so that little happens often. */
enum TopicKind {
    /** Everything is kept. */
    PLAIN,
    /** What is too old or too much goes. */
    RETAINED,
    /** Of each key the latest record is kept. */
    COMPACTED,
    /** Durable once written. */
    UNFORCED,
    /** The log's own, compacted: what groups commit. */
    COMMITS;

    static final List<TopicKind> ALL = List.of(values());
    static final String COMMITS_NAME = TopicSpec.INTERNAL_PREFIX + "commits";

    static boolean isCommits(String topic) {
        return topic.equals(COMMITS_NAME);
    }

    /** Settings of a new topic. */
    Map<String, String> settings(SimRandomness random) {
        Map<String, String> settings = new HashMap<>();
        switch (this) {
            case PLAIN -> settings.put(TopicSettings.RETENTION_MS, "-1");
            case RETAINED -> settings.putAll(retention(random));
            case COMPACTED -> {
                settings.putAll(compaction(random));
                if (random.oneIn(3)) {
                    settings.putAll(retention(random));
                    settings.put(TopicSettings.CLEANUP_POLICY, "compact,delete");
                }
            }
            case UNFORCED -> {
                settings.put(TopicSettings.DURABILITY, "os");
                if (random.oneIn(3)) {
                    settings.putAll(retention(random));
                }
            }
            case COMMITS -> settings.putAll(compaction(random));
        }
        return settings;
    }

    private static Map<String, String> compaction(SimRandomness random) {
        return Map.of(
                TopicSettings.CLEANUP_POLICY,
                "compact",
                TopicSettings.SEGMENT_BYTES,
                "4096",
                TopicSettings.MIN_CLEANABLE_DIRTY_RATIO,
                "0",
                TopicSettings.MAX_COMPACTION_LAG_MS,
                "1000",
                TopicSettings.DELETE_RETENTION_MS,
                random.oneIn(3) ? "0" : "100000");
    }

    /** Changes that can be made to a topic in use. */
    static Map<String, String> alteration(SimRandomness random, TopicSettings now) {
        return now.compact() || random.oneIn(4)
                ? Map.of(TopicSettings.SEGMENT_BYTES, Integer.toString(4096 + random.nextInt(8192)))
                : retention(random);
    }

    private static Map<String, String> retention(SimRandomness random) {
        return Map.of(
                TopicSettings.RETENTION_MS,
                random.oneIn(2) ? "-1" : "1000",
                TopicSettings.RETENTION_BYTES,
                random.oneIn(3) ? "-1" : Integer.toString(random.nextInt(20_000)),
                TopicSettings.SEGMENT_BYTES,
                "4096");
    }
}
