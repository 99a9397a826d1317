package io.levada.cli;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The settings of a topic as options, each of which stands for one by name. */
final class TopicOptions {
    private static final String UNLIMITED = "-1";

    @Option(
            names = "--retention",
            paramLabel = "TIME|forever",
            description = "how long records are kept at least, such as 12h or 7d (units ms s m h d w); 7d unless said")
    private @Nullable String retention;

    @Option(
            names = "--retention-bytes",
            paramLabel = "SIZE|unlimited",
            description = "how much of each partition is kept at least, such as 10GB (units B kB MB GB TB, KiB MiB GiB"
                    + " TiB); unlimited unless said")
    private @Nullable String retentionBytes;

    @Option(
            names = "--segment-bytes",
            paramLabel = "SIZE",
            description = "size at which a partition begins its next file, such as 64MiB")
    private @Nullable String segmentBytes;

    @Option(
            names = "--compact",
            negatable = true,
            description = "keep the latest record of each key; with --retention or --retention-bytes that applies too")
    private @Nullable Boolean compact;

    @Option(
            names = "--durability",
            paramLabel = "fsync|os",
            description = "acknowledge what survives a power cut, or what survives a kill; fsync unless said, and fixed"
                    + " once the topic exists")
    private @Nullable String durability;

    @Option(
            names = "--config",
            paramLabel = "NAME=VALUE",
            description = "a setting by its name, such as delete.retention.ms=60000; may be repeated")
    private Map<String, String> others = new TreeMap<>();

    /** What was given, by name. */
    Map<String, String> config() {
        Map<String, String> config = new TreeMap<>(others);
        if (retention != null) {
            config.put(
                    "retention.ms",
                    retention.equals("forever") ? UNLIMITED : Long.toString(Units.ms("--retention", retention)));
        }
        if (retentionBytes != null) {
            config.put(
                    "retention.bytes",
                    retentionBytes.equals("unlimited")
                            ? UNLIMITED
                            : Long.toString(Units.bytes("--retention-bytes", retentionBytes)));
        }
        if (segmentBytes != null) {
            config.put("segment.bytes", Long.toString(Units.bytes("--segment-bytes", segmentBytes)));
        }
        if (compact != null) {
            boolean both = compact && (retention != null || retentionBytes != null);
            config.put("cleanup.policy", both ? "compact,delete" : compact ? "compact" : "delete");
        }
        if (durability != null) {
            config.put("durability", durability);
        }
        return config;
    }
}
