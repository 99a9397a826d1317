package io.levada.log;

import io.levada.env.Disk;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The whole batches that a partition's segments hold behind its checkpoint, before recovery cuts them off: where a block
 * of the journal is damaged, what it held may be among them. They stay in memory, and are at most what the journal holds.
 */
final class UnforcedBatches {
    private static final int WINDOW_BYTES = 64 << 10;

    private final Map<Long, ByteBuf> byOffset = new TreeMap<>();

    static UnforcedBatches read(Disk disk, PartitionId id, int indexIntervalBytes, Entry entry) throws IOException {
        UnforcedBatches found = new UnforcedBatches();
        int known = entry.segments().size();
        Extent last = known == 0 ? null : entry.segments().get(known - 1);
        for (long base : Layout.segmentBases(disk, id)) {
            if (last != null && base == last.baseOffset()) {
                found.readSegment(disk, Segment.existing(disk, id, indexIntervalBytes, last));
            } else if (base >= entry.forced()) {
                Extent nothing = Extent.beginning(base, 0);
                found.readSegment(disk, Segment.existing(disk, id, indexIntervalBytes, nothing));
            }
        }
        return found;
    }

    private void readSegment(Disk disk, Segment segment) throws IOException {
        int size = Math.toIntExact(disk.size(segment.logPath()));
        HeaderWindow window = new HeaderWindow(segment, size, WINDOW_BYTES);
        int position = window.nextBatch(segment.bytes());
        while (position < size) {
            ByteBuf batch = window.wholeBatch(position);
            if (batch != null) {
                byOffset.put(RecordBatch.baseOffset(batch), batch);
            }
            position = window.nextBatch(position + (batch == null ? 1 : batch.readableBytes()));
        }
        segment.close();
    }

    /** The batch at an offset, if it ends at another one or before; null when there is none. */
    @Nullable
    ByteBuf at(long offset, long end) {
        ByteBuf batch = byOffset.get(offset);
        return batch == null || RecordBatch.nextOffset(batch) > end ? null : batch;
    }
}
