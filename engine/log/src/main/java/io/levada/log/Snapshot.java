package io.levada.log;

import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.Producer;
import java.util.List;

/**
 * A partition as it was at one moment, for a checkpoint.
 *
 * @param reserved offsets below it may have been given out
 * @param extents of its segments, as far as they are durable
 * @param unforced segments to be forced
 * @param resting segments that nobody writes any more
 * @param forceDirectory whether names in its directory are to be forced
 */
record Snapshot(
        PartitionLog log,
        long start,
        long reserved,
        DurablePoint durable,
        List<Extent> extents,
        List<Producer> producers,
        List<Segment> unforced,
        List<Segment> resting,
        boolean forceDirectory) {
    /** The checkpoint that this was for failed. From any thread. */
    void notWritten() {
        if (forceDirectory) {
            log.writer().forceDirectoryAgain();
        }
    }
}
