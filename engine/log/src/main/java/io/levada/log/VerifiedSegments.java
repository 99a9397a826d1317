package io.levada.log;

import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.log.LogVerifier.Finding;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Segments against their checkpoint, batch by batch, and their indexes. */
final class VerifiedSegments {
    private static final int WINDOW_BYTES = 64 << 10;
    private static final long UNKNOWN = -1;

    private final LogVerifier verifier;
    private final Disk disk;
    private final boolean stoppedCleanly;

    /** @param stoppedCleanly indexes are not forced, so that a crash may leave them torn */
    VerifiedSegments(LogVerifier verifier, Disk disk, boolean stoppedCleanly) {
        this.verifier = verifier;
        this.disk = disk;
        this.stoppedCleanly = stoppedCleanly;
    }

    /** What the checkpoint says of a partition; what is behind that counts for nothing. */
    void check(@Nullable String topic, PartitionId id, Entry entry) throws IOException {
        long expected = entry.segments().isEmpty() ? entry.forced() : entry.start();
        boolean holes = entry.reserved() > 0;
        for (int i = 0; i < entry.segments().size(); i++) {
            Extent extent = entry.segments().get(i);
            boolean last = i == entry.segments().size() - 1;
            Checked segment = new Checked(topic, id, extent, last ? entry.tail() : new byte[0]);
            if (extent.baseOffset() > expected && !holes && !extent.compacted()) {
                segment.tell(expected, extent.baseOffset(), 0, 0, "no segment holds these offsets");
            }
            segment.check();
            expected = extent.nextOffset();
            holes = entry.reserved() > 0 || extent.compacted();
        }
    }

    /** All that is there, where nothing says what was forced, and what was compacted. */
    void checkAll(@Nullable String topic, PartitionId id) throws IOException {
        for (long base : Layout.segmentBases(disk, id)) {
            String path = Layout.partitionDirectory(id.topicId(), id.partition()) + "/" + Layout.segmentName(base);
            int size = (int) Math.min(Integer.MAX_VALUE, disk.size(path + Layout.LOG_SUFFIX));
            Extent all = new Extent(base, UNKNOWN, size, 0, 0, Extent.OPEN, Extent.OPEN, true, false);
            new Checked(topic, id, all, new byte[0]).check();
        }
    }

    /** One segment. */
    private final class Checked {
        private final @Nullable String topic;
        private final PartitionId id;
        private final Extent extent;
        private final byte[] tail;
        private final String path;

        Checked(@Nullable String topic, PartitionId id, Extent extent, byte[] tail) {
            this.topic = topic;
            this.id = id;
            this.extent = extent;
            this.tail = tail;
            this.path = Layout.partitionDirectory(id.topicId(), id.partition()) + "/"
                    + Layout.segmentName(extent.baseOffset());
        }

        /** A compacted file may still stand beside the one whose place it takes. */
        private String logPath() throws IOException {
            String cleaned = path + Layout.LOG_SUFFIX + Layout.CLEANED_SUFFIX;
            return extent.swapping() && disk.exists(cleaned) ? cleaned : path + Layout.LOG_SUFFIX;
        }

        void check() throws IOException {
            long size = disk.size(logPath());
            if (size < 0) {
                if (extent.bytes() > 0) {
                    tell(extent.baseOffset(), extent.nextOffset(), 0, 0, "the file is missing");
                }
                return;
            }
            // From the beginning of its last sector on, the checkpoint has a copy, which the next opening puts back.
            long readable = size >= extent.bytes() - tail.length ? extent.bytes() : size;
            verifier.looked(readable);
            try (DiskFile file = disk.open(logPath(), false)) {
                walk((position, into) -> read(file, position, into), (int) readable);
            }
            checkIndex();
        }

        /** What is in the file, and where the checkpoint has a copy, that. */
        private int read(DiskFile file, int position, ByteBuffer into) throws IOException {
            int start = into.position();
            int behind = Math.min(position + into.remaining(), extent.bytes());
            int tailAt = extent.bytes() - tail.length;
            file.read(position, into);
            for (int at = Math.max(position, tailAt); at < behind; at++) {
                into.put(start + at - position, tail[at - tailAt]);
            }
            if (behind > tailAt) {
                into.position(start + behind - position);
            }
            return into.position() - start;
        }

        private void walk(HeaderWindow.Source source, int limit) throws IOException {
            HeaderWindow window = new HeaderWindow(source, id, limit, WINDOW_BYTES);
            long expected = extent.baseOffset();
            int position = 0;
            while (position < limit) {
                int from = position;
                String wrong = "no batch of this partition";
                long next = expected;
                if (window.isBatch(position)) {
                    int bytes = RecordBatch.sizeInBytes(window.header());
                    long base = RecordBatch.baseOffset(window.header());
                    next = RecordBatch.nextOffset(window.header());
                    wrong = wrong(source, position, bytes);
                    boolean follows = base == expected || (base > expected && extent.compacted());
                    if (wrong.isEmpty() && !follows) {
                        wrong = "a batch that does not follow the one before";
                    }
                    position += bytes;
                } else {
                    position = window.nextBatch(position + 1);
                }
                if (wrong.isEmpty()) {
                    verifier.whole();
                    expected = next;
                } else {
                    long behind = offsetAt(window, position, limit);
                    tell(expected, behind, from, position - from, wrong);
                    expected = Math.max(expected, behind);
                }
            }
            if (extent.nextOffset() > expected && !extent.compacted()) {
                tell(expected, extent.nextOffset(), limit, extent.bytes() - limit, "the file is too short");
            }
        }

        private long offsetAt(HeaderWindow window, int position, int limit) throws IOException {
            boolean known = position < limit && window.isBatch(position);
            boolean whole = limit == extent.bytes();
            return known ? RecordBatch.baseOffset(window.header()) : whole ? extent.nextOffset() : UNKNOWN;
        }

        /** What is wrong with a batch whose header is right; empty if nothing is. */
        private String wrong(HeaderWindow.Source source, int position, int bytes) throws IOException {
            ByteBuffer read = ByteBuffer.allocate(bytes);
            source.read(position, read);
            ByteBuf batch = Unpooled.wrappedBuffer(read.flip());
            try {
                RecordBatch.verify(batch);
                return "";
            } catch (LevadaException e) {
                return String.valueOf(e.getMessage());
            }
        }

        private void checkIndex() throws IOException {
            long sizes = disk.size(path + Layout.INDEX_SUFFIX);
            long times = disk.size(path + Layout.TIME_INDEX_SUFFIX);
            if (sizes < 0 && times < 0) {
                return; // a cache
            }
            verifier.looked(Math.max(sizes, 0) + Math.max(times, 0));
            if (stoppedCleanly && IndexFile.read(disk, path, id, extent.baseOffset()) == null) {
                tell(UNKNOWN, UNKNOWN, path + Layout.INDEX_SUFFIX, 0, sizes, "a damaged index, built anew when needed");
            }
        }

        void tell(long from, long to, long position, long bytes, String what) {
            tell(from, to, path + Layout.LOG_SUFFIX, position, bytes, what);
        }

        private void tell(long from, long to, String file, long position, long bytes, String what) {
            verifier.found(new Finding(topic, id.partition(), from, to, file, position, Math.max(bytes, 0), what));
        }
    }
}
