package io.levada.facade;

import io.levada.ErrorCode;
import io.levada.TopicPartition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with an engine. Immutable.
 *
 * @param refusal why nothing can be published to any topic for now, such as {@code STORAGE_FULL} or {@code STORAGE_FAILED};
 *     null while it can
 * @param problems with some partitions, the first {@value #MOST_PROBLEMS} of them; all others are sound, or were not
 *     looked at yet
 * @param problemCount how many there are
 * @param cleanStart whether there was nothing to recover when it was opened
 * @param recoveredPartitions how many recovery changed then
 */
public record EngineHealth(
        @Nullable ErrorCode refusal,
        List<Problem> problems,
        int problemCount,
        boolean cleanStart,
        int recoveredPartitions) {
    public static final int MOST_PROBLEMS = 20;

    /** Of an engine of which nothing bad is known. */
    public static final EngineHealth SOUND = new EngineHealth(null, List.of(), 0, true, 0);

    /**
     * What is wrong with a partition.
     *
     * @param code what who publishes or reads there is told: {@code CORRUPT_MESSAGE} where offsets are lost or damaged, and
     *     all others can be read; {@code STORAGE_FAILED} where nothing can be published for now, and all can be read
     * @param what in a few words
     */
    public record Problem(TopicPartition partition, ErrorCode code, String what) {}

    public EngineHealth(
            @Nullable ErrorCode refusal,
            List<Problem> problems,
            int problemCount,
            boolean cleanStart,
            int recoveredPartitions) {
        this.refusal = refusal;
        this.problems = List.copyOf(problems);
        this.problemCount = problemCount;
        this.cleanStart = cleanStart;
        this.recoveredPartitions = recoveredPartitions;
    }

    /** Whether anything is wrong now. */
    public boolean degraded() {
        return refusal != null || problemCount > 0;
    }
}
