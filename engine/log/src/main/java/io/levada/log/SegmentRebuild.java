package io.levada.log;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.protocol.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Writes a segment whose file failed anew, under the same name: what the last checkpoint says was forced is copied, and what
 * came later is taken from the journal, which still has it. The failed file is read, and neither written nor forced. For
 * one thread, while nothing is written to the partition.
 */
final class SegmentRebuild {
    private static final int COPY_BYTES = 1 << 20;

    private final Disk disk;
    private final PartitionId id;
    private final Entry entry;
    private final @Nullable JournalScan scan;

    /**
     * Prepares to rebuild.
     *
     * @param entry what the last checkpoint says of the partition
     * @param scan the journal's blocks since that checkpoint; null where nothing is in the journal, so that the failed
     *     file as it reads is all there is
     */
    SegmentRebuild(Disk disk, PartitionId id, Entry entry, @Nullable JournalScan scan) {
        this.disk = disk;
        this.id = id;
        this.entry = entry;
        this.scan = scan;
    }

    /** Makes the file, forces it, and puts it in the failed one's place; {@code whole} is what is durable of it. */
    void rebuild(Segment failed, Extent whole) throws IOException {
        String path = failed.logPath() + Layout.REBUILT_SUFFIX;
        disk.delete(path);
        try (DiskFile file = disk.open(path, true)) {
            Extent forced = scan == null ? whole : forced(whole.baseOffset());
            copy(failed, forced, file);
            if (scan != null) {
                replay(scan, forced, whole, file);
            }
            file.force();
        }
        disk.rename(path, failed.logPath());
        disk.forceDirectory(Layout.partitionDirectory(id.topicId(), id.partition()));
    }

    private void replay(JournalScan blocks, Extent forced, Extent whole, DiskFile file) throws IOException {
        End end = new End(forced.bytes(), forced.nextOffset());
        blocks.replay((partition, batch) -> {
            long base = RecordBatch.baseOffset(batch);
            if (partition.equals(id) && base >= end.next && base < whole.nextOffset()) {
                if (base > end.next) {
                    throw new IOException("the journal lacks offsets " + end.next + " to " + (base - 1));
                }
                file.write(end.position, batch.nioBuffer());
                end.position += batch.readableBytes();
                end.next = RecordBatch.nextOffset(batch);
            }
        });
        if (end.position != whole.bytes() || end.next != whole.nextOffset()) {
            throw new IOException("the journal ends at offset " + end.next + " instead of " + whole.nextOffset());
        }
    }

    private static final class End {
        private int position;
        private long next;

        End(int position, long next) {
            this.position = position;
            this.next = next;
        }
    }

    private Extent forced(long baseOffset) {
        for (Extent extent : entry.segments()) {
            if (extent.baseOffset() == baseOffset) {
                return extent;
            }
        }
        return Extent.beginning(baseOffset, 0);
    }

    /** Copies as it is: what was damaged before is told by whoever reads it. The last sector is the checkpoint's. */
    private void copy(Segment failed, Extent forced, DiskFile to) throws IOException {
        boolean last = scan != null
                && !entry.segments().isEmpty()
                && forced.equals(entry.segments().get(entry.segments().size() - 1));
        int tailAt = last ? forced.bytes() - entry.tail().length : forced.bytes();
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.max(1, Math.min(COPY_BYTES, tailAt)));
        for (int at = 0; at < tailAt; at += bytes.capacity()) {
            bytes.clear().limit(Math.min(bytes.capacity(), tailAt - at));
            if (failed.read(at, bytes) < bytes.limit()) {
                throw new IOException(failed.logPath() + " is shorter than what was forced of it");
            }
            to.write(at, bytes.flip());
        }
        if (last) {
            to.write(tailAt, ByteBuffer.wrap(entry.tail()));
        }
    }
}
