package io.levada.log;

import io.levada.TopicSpec;
import io.levada.env.Disk;
import io.levada.env.Loop;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;

/**
 * What a partition works with.
 *
 * @param name topic and number, for messages
 * @param reserve what is refused to users' topics, and not to the log's own, when space is short
 * @param loop where it writes, together with others
 * @param loopIndex that loop's number
 * @param producerEpochs of producers with a name, the same for all partitions
 * @param maxBatchBytes the largest batch that the journal takes
 * @param liveSettings the topic's settings, which may change at any time
 */
record PartitionContext(
        PartitionId id,
        String name,
        Disk disk,
        Loop loop,
        int loopIndex,
        Journal journal,
        Mender mender,
        Reserve reserve,
        LogTime time,
        ProducerEpochs producerEpochs,
        int maxBatchBytes,
        LiveSettings liveSettings,
        int indexIntervalBytes,
        ByteBufAllocator allocator) {
    /** Whoever forces segments, and puts right what the disk did to them. Safe for any thread. */
    interface Mender {
        /** Much was written to a segment: has it forced before a checkpoint needs it. */
        void forceSoon(PartitionLog log, Segment segment);

        /** A segment of a partition has failed, and has to be written anew. */
        void rebuild(PartitionLog log);
    }

    /** Whether the topic is the log's own, which goes on while users' topics are refused for want of space. */
    boolean isInternal() {
        return TopicSpec.isInternal(name);
    }

    TopicSettings settings() {
        return liveSettings.get();
    }

    /** Whether what is written counts as durable. */
    boolean durableUnforced() {
        return liveSettings.get().isDurableUnforced();
    }

    Segment existingSegment(Extent extent) {
        return Segment.existing(disk, id, indexIntervalBytes, extent);
    }

    Segment createSegment(long baseOffset) throws IOException {
        return Segment.create(disk, id, indexIntervalBytes, baseOffset, time.nowMs());
    }

    String directory() {
        return Layout.partitionDirectory(id.topicId(), id.partition());
    }
}
