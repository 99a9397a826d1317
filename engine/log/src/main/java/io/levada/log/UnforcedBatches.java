package io.levada.log;

import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
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
        for (String name : disk.list(Layout.partitionDirectory(id.topicId(), id.partition()))) {
            long base = Layout.segmentBase(name, Layout.LOG_SUFFIX);
            if (last != null && base == last.baseOffset()) {
                found.readSegment(disk, Segment.existing(disk, id, indexIntervalBytes, last));
            } else if (base >= entry.forced()) {
                Extent nothing = new Extent(base, base, 0, Long.MIN_VALUE, 0, Extent.OPEN, Extent.OPEN, false, false);
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
            ByteBuffer bytes = ByteBuffer.allocate(RecordBatch.sizeInBytes(window.header()));
            segment.read(position, bytes);
            ByteBuf batch = Unpooled.wrappedBuffer(bytes.flip());
            boolean whole = isWhole(batch);
            if (whole) {
                byOffset.put(RecordBatch.baseOffset(batch), batch);
            }
            position = window.nextBatch(position + (whole ? batch.readableBytes() : 1));
        }
        segment.close();
    }

    private static boolean isWhole(ByteBuf batch) {
        try {
            RecordBatch.verify(batch);
            return true;
        } catch (LevadaException e) {
            return false; // torn, or overwritten in part
        }
    }

    /** The batch at an offset, if it ends at another one or before; null when there is none. */
    @Nullable
    ByteBuf at(long offset, long end) {
        ByteBuf batch = byOffset.get(offset);
        return batch == null || RecordBatch.nextOffset(batch) > end ? null : batch;
    }
}
