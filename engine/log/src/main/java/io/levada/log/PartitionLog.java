package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.log.Checkpoint.PartitionId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One partition: an append-only sequence of record batches at consecutive offsets. Safe for any thread. Nothing at or
 * beyond {@link #durable} is ever given out.
 */
public final class PartitionLog {
    /** No offset is expected of an append. */
    public static final long ANY_OFFSET = -1;

    private final PartitionContext context;
    private final PartitionWriter writer;

    private volatile List<Segment> segments;
    private volatile DurablePoint durablePoint;
    private volatile long start;
    private volatile long end;
    private volatile @Nullable LevadaException closed;

    /** How often the journal has failed a batch of this partition; the journal's loop's own. */
    private long journalEpoch;

    private @Nullable LevadaException journalFailure;

    /**
     * Opens a partition as a checkpoint says that it is.
     *
     * @param extendable whether there is a last segment, and it is as long as it should be
     */
    PartitionLog(PartitionContext context, Checkpoint.Entry restored, boolean extendable) {
        this.context = context;
        List<Segment> known = new ArrayList<>();
        restored.segments().forEach(extent -> known.add(context.existingSegment(extent)));
        segments = List.copyOf(known);
        start = restored.start();
        end = context.durableUnforced() ? Math.max(restored.forced(), restored.reserved()) : restored.forced();
        Segment last = known.isEmpty() ? null : known.get(known.size() - 1);
        durablePoint = new DurablePoint(restored.forced(), last, last == null ? 0 : last.bytes());
        writer = new PartitionWriter(this, context, restored.producers(), extendable && end == restored.forced());
    }

    /** The partition's number within its topic. */
    public int partition() {
        return context.id().partition();
    }

    /**
     * Appends a batch; never blocks. What waits is bounded by the callers' credit, not here.
     *
     * @param batch a whole, valid record batch, given away; its base offset and header checksum are written in place, so
     *     nobody else may be reading it. Of an idempotent producer it is appended once however often it comes, and answered
     *     with the offset it got first; it fails with OUT_OF_ORDER_SEQUENCE_NUMBER, UNKNOWN_PRODUCER_ID or
     *     INVALID_PRODUCER_EPOCH where that cannot be
     * @param listener hears, on the partition's loop, when the batch is durable or failed; batches of one caller become
     *     durable in the order they were appended
     */
    public void append(ByteBuf batch, AppendListener listener) {
        append(batch, ANY_OFFSET, listener);
    }

    /**
     * Appends a batch if its first record gets the offset expected, in order of arrival; else it fails with
     * OFFSET_MISMATCH. See {@link #append(ByteBuf, AppendListener)}.
     *
     * @param expectedOffset 0 or more, or {@link #ANY_OFFSET}
     */
    public void append(ByteBuf batch, long expectedOffset, AppendListener listener) {
        writer.append(batch, expectedOffset, listener);
    }

    /** The earliest offset that is kept. */
    public long start() {
        return start;
    }

    /** The offset that the next record will get, as far as appends are ordered yet. */
    public long end() {
        return end;
    }

    /** The offset below which all is durable, and so visible. */
    public long durable() {
        return durablePoint.offset();
    }

    /** Bytes of its segments. */
    public long sizeBytes() {
        long bytes = 0;
        for (Segment segment : segments) {
            bytes += segment.bytes();
        }
        return bytes;
    }

    /**
     * Reads whole batches, back to back, from the one that contains an offset, or from the next one; blocks on the disk.
     *
     * @param offset from {@link #start} to {@link #durable}
     * @param maxBytes how much is wanted; the first batch comes whole even if it is larger
     * @return the batches, at least one unless offset is the end; to be released by the caller. Every batch's checksums
     *     were verified
     * @throws LevadaException OFFSET_OUT_OF_RANGE outside start and durable; CORRUPT_MESSAGE, with the range of offsets,
     *     when the first batch is damaged (what stands before damage is given first, and offsets behind the range can be
     *     read); STORAGE_FAILED when the disk fails; UNKNOWN_TOPIC_OR_PARTITION when the topic was deleted
     */
    public ByteBuf read(long offset, int maxBytes) {
        while (true) {
            failIfClosed();
            DurablePoint durable = durablePoint;
            List<Segment> known = segments;
            failIfOutside(offset, durable);
            if (offset == durable.offset()) {
                return Unpooled.EMPTY_BUFFER;
            }
            try {
                return read(known, durable, offset, maxBytes);
            } catch (IOException e) {
                failUnlessReplaced(known, e);
            }
        }
    }

    /** Reads at an offset, or, where offsets are missing in or behind its segment, at the next one there is. */
    private ByteBuf read(List<Segment> known, DurablePoint durable, long offset, int maxBytes) throws IOException {
        int first = floor(known, offset);
        for (int i = first; i < known.size() && known.get(i).baseOffset() < durable.offset(); i++) {
            SegmentReader reader = reader(known, i, durable);
            long from = Math.max(offset, known.get(i).baseOffset());
            if (from < reader.endOffset()) {
                ByteBuf read = reader.read(from, maxBytes, context.allocator());
                if (read.isReadable()) {
                    return read;
                }
                read.release();
            }
        }
        return Unpooled.EMPTY_BUFFER;
    }

    private void failIfOutside(long offset, DurablePoint durable) {
        if (offset < start || offset > durable.offset()) { // a start moves before segments go
            throw new LevadaException(
                    ErrorCode.OFFSET_OUT_OF_RANGE,
                    "offset " + offset + " of " + context.name() + " is not kept: the earliest is " + start
                            + ", the latest " + durable.offset());
        }
    }

    /** A read failed: it is tried again if the segment that it needed may have been replaced meanwhile. */
    private void failUnlessReplaced(List<Segment> known, IOException failure) {
        if (known.equals(segments)) {
            failIfClosed(); // then that is why
            throw Failures.storage("reading " + context.name(), failure);
        }
    }

    /**
     * The offset of the first record whose timestamp is at or behind a time, {@link #durable} if there is none; blocks on
     * the disk. Damage that might hold that record is given as its first offset, so that reading there tells of it.
     *
     * @throws LevadaException STORAGE_FAILED, UNKNOWN_TOPIC_OR_PARTITION as {@link #read}
     */
    public long offsetAt(long timestampMs) {
        while (true) {
            failIfClosed();
            DurablePoint durable = durablePoint;
            List<Segment> known = segments;
            try {
                return offsetAt(timestampMs, known, durable);
            } catch (IOException e) {
                failUnlessReplaced(known, e);
            }
        }
    }

    private long offsetAt(long timestampMs, List<Segment> known, DurablePoint durable) throws IOException {
        for (int i = 0; i < known.size() && known.get(i).baseOffset() < durable.offset(); i++) {
            if (known.get(i).maxTimestampMs() >= timestampMs) {
                long found = reader(known, i, durable).offsetAtTime(timestampMs, start, context.allocator());
                if (found >= 0) {
                    return Math.max(start, found);
                }
            }
        }
        return durable.offset();
    }

    /** Offsets known to be damaged: those that no segment holds, and those that readers met. */
    List<DamagedRange> damage(String topic) {
        List<DamagedRange> found = new ArrayList<>();
        Segment before = null;
        for (Segment segment : segments) {
            boolean lacks = before != null
                    && before.nextOffset() < segment.baseOffset()
                    && !before.damage().containsValue(segment.baseOffset()); // else a reader met it
            if (before != null && lacks && !context.durableUnforced() && !before.isCompacted()) {
                long from = before.nextOffset();
                found.add(new DamagedRange(topic, partition(), from, segment.baseOffset(), "no segment holds them"));
            }
            segment.damage()
                    .forEach((from, to) -> found.add(
                            new DamagedRange(topic, partition(), from, to, segment.logPath() + " is damaged there")));
            before = segment;
        }
        return found;
    }

    /** Reads one segment; what lies between two of them is damage, unless one is compacted or offsets were reserved. */
    private SegmentReader reader(List<Segment> known, int index, DurablePoint durable) {
        Segment segment = known.get(index);
        Segment last = durable.segment();
        if (last != null && last.baseOffset() == segment.baseOffset()) {
            return new SegmentReader(segment, durable.position(), durable.offset());
        }
        Segment next = index + 1 < known.size() ? known.get(index + 1) : segment;
        boolean mayHaveGap =
                next == segment || segment.isCompacted() || next.isCompacted() || context.durableUnforced();
        return new SegmentReader(segment, segment.bytes(), mayHaveGap ? segment.nextOffset() : next.baseOffset());
    }

    /** Why nothing is appended to it for now, whatever others do: a segment failed, and is being written anew. */
    public @Nullable LevadaException obstacle() {
        return writer.failure();
    }

    /** The segment an offset falls into. */
    private static int floor(List<Segment> known, long offset) {
        int low = 0;
        int high = Math.max(0, known.size() - 1);
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (known.get(middle).baseOffset() <= offset) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private void failIfClosed() {
        LevadaException reason = closed;
        if (reason != null) {
            throw new LevadaException(reason.code(), String.valueOf(reason.getMessage()));
        }
    }

    /** The topic's settings, as they are now. */
    public TopicSettings settings() {
        return context.settings();
    }

    /** Changes the settings of all partitions of the topic at once. Safe for any thread. */
    void setSettings(TopicSettings now) {
        context.liveSettings().set(now);
    }

    /** What all partitions of the topic share. */
    LiveSettings liveSettings() {
        return context.liveSettings();
    }

    /** Registers a listener, which is started and then called on the partition's loop. */
    public TailRegistration onDurable(TailListener listener) {
        return writer.register(listener);
    }

    Segment existingSegment(Checkpoint.Extent extent) {
        return context.existingSegment(extent);
    }

    ByteBufAllocator allocator() {
        return context.allocator();
    }

    PartitionId id() {
        return context.id();
    }

    boolean isDurableUnforced() {
        return context.durableUnforced();
    }

    int loopIndex() {
        return context.loopIndex();
    }

    PartitionWriter writer() {
        return writer;
    }

    List<Segment> segments() {
        return segments;
    }

    DurablePoint durablePoint() {
        return durablePoint;
    }

    @Nullable
    LevadaException closedBecause() {
        return closed;
    }

    /** Refuses everything from now on. Safe for any thread. */
    void closeBecause(LevadaException reason) {
        closed = reason;
    }

    // For the writer, on the partition's loop.

    void setSegments(List<Segment> now) {
        segments = List.copyOf(now);
    }

    void setStart(long offset) {
        start = offset;
    }

    void setEnd(long offset) {
        end = offset;
    }

    void setDurable(DurablePoint point) {
        durablePoint = point;
    }

    // For the journal, on its loop.

    /** Why a group may not go into the journal: one before it did not. Null when it may. */
    @Nullable
    LevadaException journalRefusal(long epoch) {
        return epoch == journalEpoch ? null : journalFailure;
    }

    void journalFailed(long epoch, LevadaException failure) {
        if (epoch == journalEpoch) {
            journalEpoch++;
            journalFailure = failure;
        }
    }

    /** A group came back from the journal; on the partition's loop. */
    void completed(Group group, @Nullable LevadaException failure) {
        writer.completed(group, failure);
    }
}
