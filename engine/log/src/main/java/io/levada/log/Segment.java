package io.levada.log;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.env.DiskFullException;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.NoSuchFileException;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file of a partition: batches back to back, from a base offset on. The partition's loop writes, the maintenance
 * loop forces, any thread reads what it knows to be durable. The index of the segment that is written stands in memory;
 * of a closed one it is loaded, or built anew, when asked for, and given up when memory is short.
 */
final class Segment {
    private static final Logger LOG = LoggerFactory.getLogger(Segment.class);
    private static final int INDEX_WINDOW_BYTES = 64 << 10;
    /** Bytes written at which a force is due, so that none has much to do: others' forces wait for it. */
    private static final int FORCE_BYTES = 1 << 20;

    private final Disk disk;
    private final PartitionId id;
    private final long baseOffset;
    private final int indexIntervalBytes;
    private final String path;
    private final AtomicReference<@Nullable DiskFile> file = new AtomicReference<>();
    private volatile SoftReference<@Nullable SparseIndex> softIndex = new SoftReference<>(null);
    private volatile @Nullable SparseIndex writtenIndex;

    /** Damaged offsets that readers met, by the first: behind the last. */
    private final ConcurrentSkipListMap<Long, Long> damage = new ConcurrentSkipListMap<>();

    private volatile int bytes;
    private volatile long nextOffset;
    private volatile long maxTimestampMs;
    private final long openedMs;
    private volatile long closedMs;
    private final long cleanedMs;
    private final boolean compacted;
    private volatile boolean swapping;
    private volatile boolean unforced;
    /** Where the last force began; beyond the end while one is asked for. */
    private volatile int forcedBytes;

    private volatile boolean poisoned;
    private volatile boolean dropped;
    private volatile boolean inNewFile;

    private Segment(Disk disk, PartitionId id, int indexIntervalBytes, Extent extent) {
        this.disk = disk;
        this.id = id;
        this.baseOffset = extent.baseOffset();
        this.indexIntervalBytes = indexIntervalBytes;
        this.path = Layout.partitionDirectory(id.topicId(), id.partition()) + "/" + Layout.segmentName(baseOffset);
        this.bytes = extent.bytes();
        this.forcedBytes = bytes;
        this.nextOffset = extent.nextOffset();
        this.maxTimestampMs = extent.maxTimestampMs();
        this.openedMs = extent.openedMs();
        this.closedMs = extent.closedMs();
        this.cleanedMs = extent.cleanedMs();
        this.compacted = extent.compacted();
        this.swapping = extent.swapping();
    }

    /** A segment that is there, to the extent that is known to be forced. */
    static Segment existing(Disk disk, PartitionId id, int indexIntervalBytes, Extent extent) {
        return new Segment(disk, id, indexIntervalBytes, extent);
    }

    /** A new segment, opened at a log time; a file that is there by its name is cut to nothing. */
    static Segment create(Disk disk, PartitionId id, int indexIntervalBytes, long baseOffset, long nowMs)
            throws IOException {
        Segment segment = new Segment(disk, id, indexIntervalBytes, Extent.beginning(baseOffset, nowMs));
        DiskFile opened = disk.open(segment.logPath(), true);
        segment.file.set(opened);
        segment.writtenIndex = new SparseIndex();
        segment.unforced = true;
        if (opened.size() > 0) {
            opened.truncate(0);
        }
        return segment;
    }

    /** The same segment, whose file was written anew. */
    Segment inNewFile(Extent whole) {
        Segment anew = new Segment(disk, id, indexIntervalBytes, whole);
        anew.inNewFile = true;
        return anew;
    }

    long baseOffset() {
        return baseOffset;
    }

    PartitionId id() {
        return id;
    }

    String logPath() {
        return path + Layout.LOG_SUFFIX;
    }

    /** Bytes written, or known to have been. */
    int bytes() {
        return bytes;
    }

    long maxTimestampMs() {
        return maxTimestampMs;
    }

    /** The offset behind its last batch. */
    long nextOffset() {
        return nextOffset;
    }

    /** Its extent up to a batch's end. */
    Extent extent(int upTo, long upToOffset) {
        return new Extent(
                baseOffset, upToOffset, upTo, maxTimestampMs, openedMs, closedMs, cleanedMs, compacted, swapping);
    }

    /** Nothing will be appended any more; log time. On the partition's loop. */
    void closeAt(long nowMs) {
        closedMs = nowMs;
    }

    long openedMs() {
        return openedMs;
    }

    long closedMs() {
        return closedMs;
    }

    /** Log time at which compaction had removed all that its records supersede; {@link Extent#OPEN} before. */
    long cleanedMs() {
        return cleanedMs;
    }

    /** Whether its bytes are still in a file beside the one before it. */
    boolean isSwapping() {
        return swapping;
    }

    /** Puts its file into the place of the one before, which a checkpoint does not speak of any more; may be repeated. */
    void putInPlace() throws IOException {
        String aside = logPath() + Layout.CLEANED_SUFFIX;
        if (disk.exists(aside)) {
            disk.rename(aside, logPath());
        }
    }

    /** Its file is in its place for good: the directory was forced. */
    void inPlace() {
        swapping = false;
    }

    /** Whether something was written that no force has covered. */
    boolean isUnforced() {
        return unforced;
    }

    /** Whether offsets may be missing that were compacted away. */
    boolean isCompacted() {
        return compacted;
    }

    /** A reader met damaged offsets. Safe for any thread. */
    void noteDamage(long from, long to) {
        if (damage.put(from, to) == null) {
            LOG.warn("offsets {} to {} of {} are damaged", from, to - 1, logPath());
        }
    }

    /** Damaged offsets met so far, by the first: behind the last. */
    Map<Long, Long> damage() {
        return damage;
    }

    /** What is read need not be on the disk: has it forced with the next checkpoint. */
    void suspect() {
        unforced = true;
    }

    /** Whether so much was written since the last force that the caller has to see to another. On the partition's loop. */
    boolean claimForce() {
        boolean due = bytes - forcedBytes >= FORCE_BYTES;
        if (due) {
            forcedBytes = Integer.MAX_VALUE;
        }
        return due;
    }

    /** Whether a write or a force failed, so that nothing may be forced any more. */
    boolean isPoisoned() {
        return poisoned;
    }

    /** Whether so many bytes more stay within a segment's size, and their last batch's offset within an index entry. */
    boolean fits(int moreBytes, long lastBase, int limitBytes) {
        return (long) bytes + moreBytes <= limitBytes && lastBase - baseOffset <= Integer.MAX_VALUE;
    }

    /** Whether it was written since it was opened, and has not come to rest. */
    boolean isWritten() {
        return writtenIndex != null;
    }

    /** Whether its last batch may have come since the log was opened. */
    boolean mayBeOfThisLife() {
        return isWritten() || inNewFile;
    }

    /** Gets ready to be written on; on the partition's loop. */
    void prepareToWrite() throws IOException {
        closedMs = Extent.OPEN;
        if (writtenIndex == null) {
            writtenIndex = index();
        }
    }

    /**
     * Writes stamped batches behind what is there. After a failure what was there stands, and what is behind it is
     * undefined; unless space was short, the segment is poisoned.
     */
    void write(ByteBuffer[] buffers, int count) throws IOException {
        try {
            open().write(bytes, buffers);
            bytes = bytes() + count; // one thread writes
        } catch (DiskFullException e) {
            giveBack();
            throw e;
        } catch (IOException e) {
            poisoned = true;
            throw e;
        } finally {
            unforced = true; // only now: a force that began before need not have seen what was written
        }
    }

    /** Gives free what a write took that did not find all the space it needed. */
    private void giveBack() {
        try {
            open().truncate(bytes);
        } catch (IOException e) {
            LOG.debug("{} could not be cut", logPath(), e); // what is behind its end counts for nothing
        }
    }

    /** Takes a batch into the index, which was, or is about to be, written at a position. */
    void note(ByteBuf batch, int position) {
        SparseIndex index = writtenIndex;
        if (index == null) {
            throw new IllegalStateException("not prepared to be written");
        }
        note(index, RecordBatch.baseOffset(batch), position, maxTimestampMs);
        maxTimestampMs = Math.max(maxTimestampMs, RecordBatch.maxTimestamp(batch));
        nextOffset = RecordBatch.nextOffset(batch);
    }

    private void note(SparseIndex index, long offset, int position, long timestampBefore) {
        int last = index.lastPosition();
        if (last < 0 || position - last >= indexIntervalBytes) {
            index.add((int) (offset - baseOffset), position, timestampBefore);
        }
    }

    /** Takes a batch that is found behind what is there. */
    void adopt(ByteBuf batch) {
        note(batch, bytes);
        unforced = true;
        bytes = bytes() + batch.readableBytes(); // one thread recovers
    }

    /** Writes bytes again that a later write had damaged. */
    void mend(int position, ByteBuffer bytes) throws IOException {
        open().write(position, bytes);
        unforced = true;
    }

    /** Goes back to a position and its offset; what was behind it was never durable. */
    void cut(int position, long offset) throws IOException {
        bytes = position;
        nextOffset = offset;
        SparseIndex index = writtenIndex;
        if (index != null) {
            index.cut(position);
        }
        if (!poisoned) {
            open().truncate(position);
        }
    }

    void force() throws IOException {
        unforced = false;
        forcedBytes = bytes;
        try {
            open().force();
        } catch (IOException e) {
            unforced = true;
            poisoned = true;
            throw e;
        }
    }

    /** Whether it is no part of the partition any more; its files may be gone. */
    boolean isDropped() {
        return dropped;
    }

    /** Reads until the buffer is full or the file ends; gives the bytes read, none where the file is missing. */
    int read(int position, ByteBuffer into) throws IOException {
        int start = into.position();
        while (true) {
            try {
                return open().read(position, into);
            } catch (ClosedChannelException e) {
                if (dropped) {
                    throw e;
                }
                into.position(start); // closed because it is seldom read: open it again
            } catch (NoSuchFileException e) {
                if (dropped) {
                    throw e;
                }
                return 0; // the reader misses what should be there, and tells of it with its range
            }
        }
    }

    private DiskFile open() throws IOException {
        while (true) {
            DiskFile now = file.get();
            if (now != null) {
                return now;
            }
            if (dropped) {
                throw new ClosedChannelException();
            }
            DiskFile opened = openFile();
            if (!file.compareAndSet(null, opened)) {
                opened.close();
            } else if (dropped) {
                closeFile(); // it was dropped meanwhile, by somebody who found nothing to close
            }
        }
    }

    private DiskFile openFile() throws IOException {
        if (swapping) {
            try {
                return disk.open(logPath() + Layout.CLEANED_SUFFIX, false);
            } catch (NoSuchFileException e) {
                return disk.open(logPath(), false); // where it has just been put
            }
        }
        return disk.open(logPath(), false);
    }

    /** The index, from memory, from its files, or from the batches. */
    SparseIndex index() throws IOException {
        SparseIndex known = writtenIndex;
        if (known == null) {
            known = softIndex.get();
        }
        if (known == null) {
            known = loadIndex();
            softIndex = new SoftReference<>(known);
        }
        return known;
    }

    private SparseIndex loadIndex() throws IOException {
        int until = bytes;
        IndexFile.Loaded loaded = IndexFile.read(disk, path, id, baseOffset);
        SparseIndex index = loaded == null ? new SparseIndex() : loaded.index();
        index.cut(until);
        int from = Math.max(0, index.lastPosition());
        if (loaded == null || loaded.coveredBytes() < until) {
            long before = index.count() == 0 ? Long.MIN_VALUE : index.timestampBefore(index.count() - 1);
            scan(index, from, until, before);
        }
        return index;
    }

    private void scan(SparseIndex index, int from, int until, long timestampBefore) throws IOException {
        HeaderWindow window = new HeaderWindow(this, until, INDEX_WINDOW_BYTES);
        long before = timestampBefore;
        int position = from;
        while (position < until) {
            if (window.isBatch(position)) {
                ByteBuf header = window.header();
                note(index, RecordBatch.baseOffset(header), position, before);
                before = Math.max(before, RecordBatch.maxTimestamp(header));
                position += RecordBatch.sizeInBytes(header);
            } else {
                position = window.nextBatch(position + 1);
            }
        }
    }

    /** Deletes the index's files, which are another file's soon. */
    void deleteIndex() throws IOException {
        disk.delete(path + Layout.INDEX_SUFFIX);
        disk.delete(path + Layout.TIME_INDEX_SUFFIX);
    }

    /** Writes the index's files, up to a position of the log. */
    void writeIndex(int upTo) throws IOException {
        IndexFile.write(disk, path, id, baseOffset, new IndexFile.Loaded(index(), upTo));
    }

    /** No more to be written: frees the descriptors and the index, which come back when read. */
    void rest() throws IOException {
        SparseIndex index = writtenIndex;
        if (index != null) {
            softIndex = new SoftReference<>(index);
            writtenIndex = null;
        }
        closeFile();
    }

    /** Never to be used again. */
    void close() throws IOException {
        dropped = true;
        closeFile();
    }

    private void closeFile() throws IOException {
        DiskFile open = file.getAndSet(null);
        if (open != null) {
            open.close();
        }
    }

    /** Closes, and deletes the files, of which none must stay for long; those that do are deleted by recovery. */
    void delete() throws IOException {
        close();
        disk.delete(logPath());
        disk.delete(logPath() + Layout.CLEANED_SUFFIX);
        disk.delete(path + Layout.INDEX_SUFFIX);
        disk.delete(path + Layout.TIME_INDEX_SUFFIX);
    }
}
