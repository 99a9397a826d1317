package io.levada.log;

import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.log.Checkpoint.Extent;
import io.levada.protocol.BatchFilter;
import io.levada.protocol.HeaderChecksum;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One pass over the closed segments of a partition: notes the latest offset of as many keys as there is room for, from
 * where the last pass ended, then writes each segment anew, beside the old file, without the records that those supersede.
 * A segment of which nothing is left goes, unless it is the first: so what stands before a gap was compacted.
 * Works a segment at a time, so that whoever runs it may pause. For one thread.
 */
final class Compaction {
    private static final int READ_BYTES = 1 << 20;
    private static final Limits LIMITS = Limits.DEFAULT;

    private final Disk disk;
    private final ByteBufAllocator allocator;
    private final List<Segment> segments;
    private final Rules rules;
    private final OffsetMap latest;
    private final BooleanSupplier stopped;
    private final List<Cleaned> cleaned = new ArrayList<>();
    private int noting;
    private int cleaning;
    private long coveredTo;
    private boolean full;

    /**
     * What goes and what stays.
     *
     * @param from the offset from which on keys are noted
     * @param nowMs log time
     * @param producersLast the last offsets of the producers that are known; their batches stay, without records
     */
    record Rules(long from, long nowMs, long deleteRetentionMs, Set<Long> producersLast) {}

    /**
     * A segment and what it has become: the same file, one beside it, or nothing.
     *
     * @param now null where nothing is left
     */
    record Cleaned(Segment before, @Nullable Extent now) {}

    /** @param segments closed and durable, in order */
    Compaction(
            Disk disk,
            ByteBufAllocator allocator,
            List<Segment> segments,
            Rules rules,
            OffsetMap latest,
            BooleanSupplier stopped) {
        this.disk = disk;
        this.allocator = allocator;
        this.segments = segments;
        this.rules = rules;
        this.latest = latest;
        this.stopped = stopped;
        this.coveredTo = rules.from();
        latest.clear();
        while (noting < segments.size() && segments.get(noting).nextOffset() <= rules.from()) {
            noting++;
        }
    }

    /**
     * Does the next segment's worth of work; gives the bytes it went through, -1 when all is done.
     *
     * @throws LevadaException CORRUPT_MESSAGE for a damaged segment: nothing is compacted then
     */
    int step() throws IOException {
        if (!full && noting < segments.size()) {
            Segment segment = segments.get(noting++);
            read(segment, Math.max(rules.from(), segment.baseOffset()), this::note);
            return segment.bytes();
        }
        if (cleaning == segments.size() || segments.get(cleaning).baseOffset() >= coveredTo) {
            return -1;
        }
        Segment segment = segments.get(cleaning++);
        cleaned.add(new Cleaned(segment, clean(segment)));
        return segment.bytes();
    }

    /** What was done, once all is. */
    List<Cleaned> cleaned() {
        return cleaned;
    }

    /** The offset from which the next pass has to note keys. */
    long coveredTo() {
        return coveredTo;
    }

    private interface BatchVisitor {
        /** Says whether to go on. */
        boolean visit(ByteBuf batch) throws IOException;
    }

    private void read(Segment segment, long from, BatchVisitor visitor) throws IOException {
        SegmentReader reader = new SegmentReader(segment, segment.bytes(), segment.nextOffset());
        long next = from;
        while (next < segment.nextOffset()) {
            if (stopped.getAsBoolean()) {
                throw new IOException("compaction was stopped");
            }
            ByteBuf batches = reader.read(next, READ_BYTES, allocator);
            try {
                if (!batches.isReadable()) {
                    return;
                }
                while (batches.isReadable()) {
                    ByteBuf batch = batches.readSlice(RecordBatch.sizeInBytes(batches));
                    next = RecordBatch.nextOffset(batch);
                    if (!visitor.visit(batch)) {
                        return;
                    }
                }
            } finally {
                batches.release();
            }
        }
    }

    private boolean note(ByteBuf batch) {
        try (RecordCursor record = RecordCursor.open(batch, LIMITS)) {
            while (record.next()) {
                byte[] key = record.key();
                if (record.offset() >= rules.from() && key != null && !latest.put(key, record.offset())) {
                    full = true;
                    coveredTo = record.offset();
                    return false;
                }
            }
        }
        coveredTo = RecordBatch.nextOffset(batch);
        return true;
    }

    /** Writes a segment anew, unless all of it stays. */
    private @Nullable Extent clean(Segment segment) throws IOException {
        String path = segment.logPath() + Layout.CLEANED_SUFFIX;
        disk.delete(path);
        boolean tombstonesGo =
                segment.cleanedMs() != Extent.OPEN && rules.nowMs() - segment.cleanedMs() >= rules.deleteRetentionMs();
        Copy copy;
        try (DiskFile file = disk.open(path, true)) {
            Copy into = new Copy(file, segment, tombstonesGo);
            read(segment, segment.baseOffset(), into);
            into.finish(cleaned.stream().allMatch(each -> each.now() == null));
            copy = into;
            if (copy.changed && copy.position > 0) {
                file.force();
            }
        }
        if (!copy.changed || copy.position == 0) {
            disk.delete(path);
        }
        boolean covered = segment.cleanedMs() == Extent.OPEN && segment.nextOffset() <= coveredTo;
        long cleanedMs = covered ? rules.nowMs() : segment.cleanedMs();
        return copy.changed && copy.position == 0
                ? null
                : new Extent(
                        segment.baseOffset(),
                        segment.nextOffset(),
                        copy.position,
                        segment.maxTimestampMs(),
                        segment.openedMs(),
                        segment.closedMs(),
                        cleanedMs,
                        true,
                        copy.changed);
    }

    private final class Copy implements BatchVisitor {
        private final DiskFile file;
        private final Segment segment;
        private final boolean tombstonesGo;
        private int position;
        private boolean changed;
        private @Nullable ByteBuf end;

        Copy(DiskFile file, Segment segment, boolean tombstonesGo) {
            this.file = file;
            this.segment = segment;
            this.tombstonesGo = tombstonesGo;
        }

        @Override
        public boolean visit(ByteBuf batch) throws IOException {
            ByteBuf kept = RecordBatch.recordCount(batch) == 0 ? null : BatchFilter.filter(batch, this::stays, LIMITS);
            if (kept == null && isProducersLast(batch)) {
                kept = RecordBatch.recordCount(batch) == 0 ? batch.retainedSlice() : BatchFilter.emptied(batch);
            }
            changed |= kept == null || RecordBatch.recordCount(kept) != RecordBatch.recordCount(batch);
            if (kept != null) {
                write(kept);
            } else if (position == 0) {
                ByteBuf empty = BatchFilter.emptied(batch);
                end = Unpooled.copiedBuffer(empty);
                empty.release();
            }
            return true;
        }

        private void write(ByteBuf batch) throws IOException {
            try {
                HeaderChecksum.stamp(
                        segment.id().topicId(), segment.id().partition(), RecordBatch.baseOffset(batch), batch);
                file.write(position, batch.nioBuffer());
                position += batch.readableBytes();
            } finally {
                batch.release();
            }
        }

        /** Where nothing is left of a segment that is to stay, its last batch does, without records. */
        void finish(boolean stays) throws IOException {
            if (stays && position == 0 && end != null) {
                write(end);
            }
        }

        private boolean stays(RecordCursor record) {
            byte[] key = record.key();
            if (key == null) {
                return true; // from before the topic was compacted
            }
            boolean superseded = latest.get(key) > record.offset();
            return !superseded && !(tombstonesGo && record.valueLength() < 0);
        }

        private boolean isProducersLast(ByteBuf batch) {
            return RecordBatch.producerId(batch) != RecordBatch.NO_PRODUCER_ID
                    && rules.producersLast().contains(RecordBatch.lastOffset(batch));
        }
    }
}
