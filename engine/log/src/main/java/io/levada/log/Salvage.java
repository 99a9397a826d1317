package io.levada.log;

import io.levada.env.Disk;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what there is when both copies of the checkpoint are lost, by looking at every batch of every segment. Changes
 * nothing. All segments count as they are found, with whatever damage is in them, since nobody knows any more what was
 * forced, but the last one up to its last whole batch, so that what is written next does not stand behind a torn one;
 * records that were deleted without a whole segment may be back, and time begins anew. A segment in which batches
 * that touch each other do not follow each other was compacted; of a topic that is, any may have been. For one thread.
 */
final class Salvage {
    private static final Logger LOG = LoggerFactory.getLogger(Salvage.class);
    private static final int WINDOW_BYTES = 64 << 10;

    /** More than a partition ever has reserved beyond what it has used. */
    private static final long MOST_RESERVED = 1 << 20;

    private final Disk disk;
    private final LogConfig config;
    private final long nowMs;

    Salvage(Disk disk, LogConfig config, long nowMs) {
        this.disk = disk;
        this.config = config;
        this.nowMs = nowMs;
    }

    /** What can be said of each partition that has segments. */
    Map<PartitionId, Entry> entries(Catalog catalog) throws IOException {
        Map<PartitionId, Entry> entries = new LinkedHashMap<>();
        for (Catalog.Entry topic : catalog.topics()) {
            TopicSettings settings = config.settings(topic.config());
            for (int i = 0; i < topic.partitions(); i++) {
                PartitionId id = new PartitionId(topic.id(), i);
                List<Long> bases = Layout.segmentBases(disk, id);
                if (!bases.isEmpty()) {
                    entries.put(id, entry(id, bases, settings));
                }
            }
        }
        LOG.warn("both copies of the checkpoint are lost: {} partitions are taken from their segments", entries.size());
        return entries;
    }

    private Entry entry(PartitionId id, List<Long> bases, TopicSettings settings) throws IOException {
        List<Extent> extents = new ArrayList<>();
        Producers producers = new Producers(List.of());
        long next = 0;
        for (int i = 0; i < bases.size(); i++) {
            boolean last = i == bases.size() - 1;
            Extent extent = look(id, bases.get(i), last, settings.compact() && !last, producers);
            next = extent.nextOffset();
            if (!last || extent.bytes() > 0) { // one that holds nothing says no more than what comes next
                extents.add(extent);
            }
        }
        long reserved = settings.isDurableUnforced() ? next + MOST_RESERVED : 0;
        return new Entry(bases.get(0), next, reserved, extents, tail(id, extents), producers.checkpoint());
    }

    private byte[] tail(PartitionId id, List<Extent> extents) throws IOException {
        if (extents.isEmpty()) {
            return new byte[0];
        }
        Extent last = extents.get(extents.size() - 1);
        Segment segment = Segment.existing(disk, id, config.indexIntervalBytes(), last);
        byte[] tail = ReplayedPartition.tailOf(segment, last.bytes());
        segment.close();
        return tail;
    }

    /** Looks at all batches of a segment, whose offsets rise. */
    private Extent look(PartitionId id, long base, boolean last, boolean mayBeCompacted, Producers producers)
            throws IOException {
        Extent unknown = Extent.beginning(base, nowMs);
        Segment segment = Segment.existing(disk, id, config.indexIntervalBytes(), unknown);
        int size = Math.toIntExact(disk.size(segment.logPath()));
        long next = base;
        long maxTimestampMs = Long.MIN_VALUE;
        boolean compacted = mayBeCompacted;
        int goodUntil = 0;
        HeaderWindow window = new HeaderWindow(segment, size, WINDOW_BYTES);
        int position = window.nextBatch(0);
        while (position < size) {
            ByteBuf batch = window.wholeBatch(position);
            if (batch != null && RecordBatch.baseOffset(batch) >= next) { // else it came from another segment's file
                compacted |= position > 0 && position == goodUntil && RecordBatch.baseOffset(batch) > next;
                goodUntil = position + batch.readableBytes();
                producers.replayed(batch, nowMs);
                next = RecordBatch.nextOffset(batch);
                maxTimestampMs = Math.max(maxTimestampMs, RecordBatch.maxTimestamp(batch));
            }
            position = window.nextBatch(position + (batch == null ? 1 : batch.readableBytes()));
        }
        segment.close();
        if (last && goodUntil < size) {
            LOG.warn(
                    "the last {} bytes of {} are no whole batch, and count for nothing",
                    size - goodUntil,
                    segment.logPath());
        }
        long closedMs = last ? Extent.OPEN : nowMs;
        int bytes = last ? goodUntil : size;
        return new Extent(base, next, bytes, maxTimestampMs, nowMs, closedMs, Extent.OPEN, compacted, false);
    }
}
