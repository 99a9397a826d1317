package io.levada.log;

import io.levada.env.Disk;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.protocol.HeaderChecksum;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A partition while it is recovered: first cut back to what its checkpoint says, whose forced prefix is all that is
 * trusted, then filled again from the journal, then forced. For one thread.
 */
final class ReplayedPartition {
    private static final Logger LOG = LoggerFactory.getLogger(ReplayedPartition.class);

    private static final int WINDOW_BYTES = 64 << 10;

    private final Disk disk;
    private final PartitionId id;
    private final int indexIntervalBytes;
    private final int segmentBytes;
    private final Entry entry;
    private final long nowMs;
    private final String directory;
    private final List<Extent> extents;
    private final Set<Segment> written = new LinkedHashSet<>();
    private final Producers producers;
    private @Nullable Segment active;
    private long next;
    private boolean namesChanged;
    private boolean changed;
    private boolean durableUnforced;
    private boolean degraded;
    private @Nullable UnforcedBatches unforced;
    private final Map<Long, Segment> adopted = new HashMap<>();
    private long reserved;

    /** @param nowMs log time, which counts as the time of everything in the journal */
    ReplayedPartition(Disk disk, PartitionId id, int indexIntervalBytes, int segmentBytes, Entry entry, long nowMs) {
        this.disk = disk;
        this.id = id;
        this.indexIntervalBytes = indexIntervalBytes;
        this.segmentBytes = segmentBytes;
        this.entry = entry;
        this.nowMs = nowMs;
        this.directory = Layout.partitionDirectory(id.topicId(), id.partition());
        this.extents = new ArrayList<>(entry.segments());
        this.producers = new Producers(entry.producers());
        this.next = entry.forced();
        this.reserved = entry.reserved();
    }

    /** Of a partition whose batches are durable once written, so that they are where they were written and nowhere else. */
    ReplayedPartition durableUnforced() {
        durableUnforced = true;
        return this;
    }

    /** Of a log whose checkpoints are lost: gaps are told by whoever reads there, and everything is forced. */
    void degraded() throws IOException {
        degraded = true;
        namesChanged = true;
        unforced = UnforcedBatches.read(disk, id, indexIntervalBytes, entry);
    }

    /** Takes batches that a damaged block of the journal may have held, as long as they follow and end before an offset. */
    private void fillUpTo(long end) throws IOException {
        UnforcedBatches batches = unforced;
        ByteBuf batch = batches == null ? null : batches.at(next, end);
        while (batches != null && batch != null) {
            append(batch);
            batch = batches.at(next, end);
        }
    }

    /** All offsets below one were reserved: none of them may be given out again. */
    void reserved(long upTo) {
        reserved = Math.max(reserved, upTo);
    }

    /** Cuts what the checkpoint does not know, and mends the sector that later writes may have damaged. */
    void cutBack() throws IOException {
        if (durableUnforced) {
            adoptWritten();
        }
        deleteUnknown();
        for (int i = 0; i < extents.size(); i++) {
            boolean last = i == extents.size() - 1;
            Extent extent = extents.get(i);
            Segment segment = adopted.get(extent.baseOffset());
            if (segment == null) {
                segment = Segment.existing(disk, id, indexIntervalBytes, extent);
            }
            if (extent.swapping() || disk.exists(segment.logPath() + Layout.CLEANED_SUFFIX)) {
                finishSwap(extent, segment.logPath());
                extents.set(i, extent.inPlace());
                namesChanged = true;
            }
            if (last && !durableUnforced) {
                mendTail(segment, extent.bytes());
            }
            long size = disk.size(segment.logPath());
            if (degraded && size >= 0) { // one that is missing cannot be forced, and is told by whoever reads there
                written.add(segment);
            }
            if (size < extent.bytes()) {
                LOG.warn(
                        "{} has {} bytes of {} that were durable: what is missing is reported to who reads it",
                        segment.logPath(),
                        Math.max(size, 0),
                        extent.bytes());
            } else if (size > extent.bytes()) {
                written.add(segment);
                segment.cut(extent.bytes(), extent.nextOffset());
            }
            if (last && size >= extent.bytes() && extent.closedMs() == Extent.OPEN) {
                active = segment;
            }
        }
    }

    /** Takes what was written behind the checkpoint, as far as it is whole and in sequence. */
    private void adoptWritten() throws IOException {
        if (!extents.isEmpty()) {
            int last = extents.size() - 1;
            Segment segment = Segment.existing(disk, id, indexIntervalBytes, extents.get(last));
            mendTail(segment, segment.bytes());
            if (adopt(segment)) {
                extents.set(last, segment.extent(segment.bytes(), next));
            }
        }
        while (true) {
            Segment segment = writtenNext(next);
            if (segment == null && next == entry.forced()) {
                segment = writtenNext(entry.reserved()); // the first one after a crash before this one
            }
            if (segment == null || !adopt(segment)) {
                return;
            }
            closeLast();
            extents.add(segment.extent(segment.bytes(), next));
            namesChanged = true; // who wrote it need not have come to force its name
        }
    }

    /** A compacted file, of which the checkpoint speaks already, comes into its place; one it does not know goes. */
    private void finishSwap(Extent extent, String path) throws IOException {
        String cleaned = path + Layout.CLEANED_SUFFIX;
        if (disk.exists(cleaned)) {
            if (extent.swapping()) {
                disk.rename(cleaned, path);
            } else {
                disk.delete(cleaned);
            }
            namesChanged = true;
        }
    }

    private void closeLast() {
        Extent last = extents.isEmpty() ? null : extents.get(extents.size() - 1);
        if (last != null && last.closedMs() == Extent.OPEN) {
            Segment segment = adopted.computeIfAbsent(
                    last.baseOffset(), base -> Segment.existing(disk, id, indexIntervalBytes, last));
            segment.closeAt(nowMs);
            extents.set(extents.size() - 1, segment.extent(segment.bytes(), segment.nextOffset()));
        }
    }

    private @Nullable Segment writtenNext(long base) throws IOException {
        Extent nothing = Extent.beginning(base, nowMs);
        Segment segment = Segment.existing(disk, id, indexIntervalBytes, nothing);
        boolean known = !extents.isEmpty() && extents.get(extents.size() - 1).baseOffset() >= base;
        return known || disk.size(segment.logPath()) <= 0 ? null : segment;
    }

    /** Takes the good, consecutive batches behind the end of a segment; whether there are any. */
    private boolean adopt(Segment segment) throws IOException {
        int from = segment.bytes();
        int size = (int) disk.size(segment.logPath());
        long expected = from == 0 ? segment.baseOffset() : next;
        HeaderWindow window = new HeaderWindow(segment, size, WINDOW_BYTES);
        while (window.isBatch(segment.bytes()) && RecordBatch.baseOffset(window.header()) == expected) {
            ByteBuf batch = window.wholeBatch(segment.bytes());
            if (batch == null) {
                break; // the torn end of what was written
            }
            if (!segment.isWritten()) {
                segment.prepareToWrite();
            }
            // Behind a force that failed it is read, but not on the disk, and forcing it again would not bring it
            // there.
            segment.mend(segment.bytes(), batch.nioBuffer());
            segment.adopt(batch);
            producers.replayed(batch, nowMs);
            expected = RecordBatch.nextOffset(batch);
            next = expected;
        }
        if (segment.bytes() > from) {
            written.add(segment);
            adopted.put(segment.baseOffset(), segment);
        }
        return segment.bytes() > from;
    }

    private void deleteUnknown() throws IOException {
        Set<String> known = extents.stream()
                .map(extent -> Layout.segmentName(extent.baseOffset()))
                .collect(Collectors.toSet());
        for (String name : disk.list(directory)) {
            int dot = name.indexOf('.');
            if (dot < 0 || !known.contains(name.substring(0, dot)) || name.endsWith(Layout.REBUILT_SUFFIX)) {
                disk.delete(directory + "/" + name);
                namesChanged = true;
            }
        }
    }

    private void mendTail(Segment segment, int bytes) throws IOException {
        int from = (int) Layout.sectorStart(bytes);
        if (entry.tail().length != bytes - from) {
            throw Failures.corrupt("the checkpoint holds " + entry.tail().length + " bytes of the end of "
                    + segment.logPath() + ", which ends at " + bytes);
        }
        long size = disk.size(segment.logPath());
        if (size < 0 && from == 0 && bytes > 0) { // gone, and the checkpoint has the whole of it
            disk.makeDirectory(directory);
            disk.open(segment.logPath(), true).close();
            namesChanged = true;
            size = 0;
        }
        if (size < from || bytes == from) {
            return;
        }
        ByteBuffer there = ByteBuffer.allocate(bytes - from);
        segment.read(from, there);
        boolean right = there.position() == bytes - from && Arrays.equals(there.array(), entry.tail());
        if (!right) {
            LOG.info("{}: a write that was cut short had damaged its last sector, which is mended", segment.logPath());
        }
        if (!right || size > bytes) { // after a failed force what is read need not be what is on the disk
            segment.mend(from, ByteBuffer.wrap(entry.tail()));
            written.add(segment);
        }
    }

    /** Takes a batch of the journal, unless a forced segment has it. */
    void replay(ByteBuf batch) throws IOException {
        long base = RecordBatch.baseOffset(batch);
        if (!HeaderChecksum.matches(id.topicId(), id.partition(), batch)) {
            throw Failures.corrupt("the journal holds a batch for " + directory + " that belongs elsewhere");
        }
        if (base < next) {
            return;
        }
        if (base > next) {
            fillUpTo(base);
        }
        if (base > next && degraded) {
            LOG.warn("offsets {} to {} of {} are lost", next, base - 1, directory);
            closeLast();
            active = null;
            next = base;
        }
        if (base > next) {
            throw Failures.corrupt("the journal lacks offsets " + next + " to " + (base - 1) + " of " + directory);
        }
        append(batch);
    }

    private void append(ByteBuf batch) throws IOException {
        Segment segment = segmentFor(batch.readableBytes());
        int position = segment.bytes();
        segment.write(new ByteBuffer[] {batch.nioBuffer()}, batch.readableBytes());
        segment.note(batch, position);
        producers.replayed(batch, nowMs);
        next = RecordBatch.nextOffset(batch);
        extents.set(extents.size() - 1, segment.extent(segment.bytes(), next));
    }

    private Segment segmentFor(int batchBytes) throws IOException {
        Segment current = active;
        if (current != null && current.fits(batchBytes, next, segmentBytes)) {
            if (!current.isWritten()) {
                current.prepareToWrite();
                written.add(current);
            }
            return current;
        }
        if (current != null) {
            if (written.add(current)) { // a recovery that did not end may have cut it, and the checkpoint's copy goes
                current.mend((int) Layout.sectorStart(current.bytes()), ByteBuffer.wrap(entry.tail()));
            }
            current.closeAt(nowMs);
            extents.set(extents.size() - 1, current.extent(current.bytes(), next));
        }
        disk.makeDirectory(directory);
        Segment created = Segment.create(disk, id, indexIntervalBytes, next, nowMs);
        namesChanged = true;
        written.add(created);
        extents.add(created.extent(0, next));
        active = created;
        return created;
    }

    /** Forces what was recovered; gives what a checkpoint is to say of it. */
    Entry finish() throws IOException {
        fillUpTo(Long.MAX_VALUE);
        for (Segment segment : written) {
            segment.force();
            if (segment.isWritten()) {
                segment.writeIndex(segment.bytes());
            }
        }
        changed = namesChanged || !written.isEmpty();
        if (namesChanged) {
            disk.forceDirectory(directory);
            disk.forceDirectory(Layout.topicDirectory(id.topicId()));
            disk.forceDirectory(Layout.TOPICS);
        }
        byte[] tail = active != null && written.contains(active) ? tailOf(active, active.bytes()) : entry.tail();
        for (Segment segment : written) {
            segment.close();
        }
        if (active != null) {
            active.close();
        }
        return new Entry(
                entry.start(),
                next,
                durableUnforced ? Math.max(reserved, next) : 0,
                List.copyOf(extents),
                tail,
                producers.checkpoint());
    }

    boolean isChanged() {
        return changed;
    }

    /** The forced bytes of a segment's last sector. */
    static byte[] tailOf(Segment segment, int bytes) throws IOException {
        int from = (int) Layout.sectorStart(bytes);
        ByteBuffer tail = ByteBuffer.allocate(bytes - from);
        if (tail.hasRemaining() && segment.read(from, tail) < tail.capacity()) {
            throw new IOException(segment.logPath() + " is shorter than what was written to it");
        }
        return tail.array();
    }
}
