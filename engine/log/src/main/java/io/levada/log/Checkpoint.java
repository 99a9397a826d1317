package io.levada.log;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * How far segments are known to be forced, and what else must outlive the journal's files, as bytes: the body of the file
 * {@code checkpoint}, behind the log's id. Recovery trusts what it says, and takes everything behind it from the journal. All integers are
 * big-endian.
 *
 * <pre>
 *   i64 sequence of the first journal block that is needed, i64 least generation of the files that may hold it,
 *   i64 log time, i64 wall clock at that time, i32 count of partitions, for each:
 *     16 bytes topic id, i32 partition, i64 start offset, i64 forced offset (everything below it is forced),
 *     i64 reserved offset (no offset below it may be given to another record),
 *     i32 count of segments, for each: i64 base offset, i64 next offset, i32 bytes, i64 maximum timestamp,
 *       i64 log time when it was opened, i64 log time when it was closed,
 *       i64 log time when it was cleaned, i32 flags (1: compacted, it may have holes; 2: its new file is not in place)
 *     i32 bytes of tail, tail: the last segment's bytes from the beginning of its last sector
 *     i32 count of producers, for each: i64 id, i16 epoch, i64 log time of its last append, i32 count of runs,
 *       for each: i32 first sequence, i64 offset of its record, i32 count of records
 * </pre>
 *
 * @param sequence blocks before it are in forced segments
 * @param generation files of older generations are of no use
 */
record Checkpoint(long sequence, long generation, LogTime.Mark time, Map<PartitionId, Entry> partitions) {
    private static final int SEGMENT_BYTES = 8 + 8 + 4 + 8 + 8 + 8 + 8 + 4;
    private static final int ENTRY_BYTES = 16 + 4 + 8 + 8 + 8 + 4 + 4 + 4;
    private static final int PRODUCER_BYTES = 8 + 2 + 8 + 4;
    private static final int RUN_BYTES = 4 + 8 + 4;
    private static final int COMPACTED = 1;
    private static final int SWAPPING = 2;

    record PartitionId(UUID topicId, int partition) {}

    /**
     * A segment's forced extent.
     *
     * @param nextOffset behind its last batch
     * @param maxTimestampMs a bound, which may be above what is there
     * @param openedMs log time at which it was opened, so that nothing in it was appended earlier, recovery apart
     * @param closedMs log time at which it was closed, so that nothing in it was appended later; {@link #OPEN} before
     * @param cleanedMs log time at which compaction had removed all that its records supersede; {@link #OPEN} before
     * @param compacted whether offsets may be missing
     * @param swapping whether a compacted file may still have to be put into the place of the one before
     */
    record Extent(
            long baseOffset,
            long nextOffset,
            int bytes,
            long maxTimestampMs,
            long openedMs,
            long closedMs,
            long cleanedMs,
            boolean compacted,
            boolean swapping) {
        static final long OPEN = -1;

        /** Of a segment that holds nothing yet. */
        static Extent beginning(long baseOffset, long openedMs) {
            return new Extent(baseOffset, baseOffset, 0, Long.MIN_VALUE, openedMs, OPEN, OPEN, false, false);
        }

        /** The same, once its file stands where it belongs. */
        Extent inPlace() {
            return new Extent(
                    baseOffset, nextOffset, bytes, maxTimestampMs, openedMs, closedMs, cleanedMs, compacted, false);
        }
    }

    /** Records of a producer at consecutive offsets, with consecutive sequences. */
    record Run(int firstSequence, long firstOffset, int count) {}

    /** What is known of an idempotent producer in one partition; runs in order, the last one its latest. */
    record Producer(long id, short epoch, long lastAppendMs, List<Run> runs) {}

    /**
     * One partition; segments in order, the last one being written.
     *
     * @param reserved no offset below it may be given to another record; never below forced where the topic's durability
     *     is {@code os}, 0 elsewhere
     */
    record Entry(long start, long forced, long reserved, List<Extent> segments, byte[] tail, List<Producer> producers) {
        static final Entry EMPTY = new Entry(0, 0, 0, List.of(), new byte[0], List.of());
    }

    static Checkpoint empty(LogTime.Mark time) {
        return new Checkpoint(1, 1, time, Map.of());
    }

    ByteBuffer encode() {
        int size = 8 + 8 + 8 + 8 + 4;
        for (Entry entry : partitions.values()) {
            size += ENTRY_BYTES + entry.segments().size() * SEGMENT_BYTES + entry.tail().length;
            for (Producer producer : entry.producers()) {
                size += PRODUCER_BYTES + producer.runs().size() * RUN_BYTES;
            }
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        out.putLong(sequence).putLong(generation);
        out.putLong(time.logMs()).putLong(time.wallMs()).putInt(partitions.size());
        partitions.forEach((id, entry) -> put(out, id, entry));
        return out.flip();
    }

    private static void put(ByteBuffer out, PartitionId id, Entry entry) {
        out.putLong(id.topicId().getMostSignificantBits()).putLong(id.topicId().getLeastSignificantBits());
        out.putInt(id.partition());
        out.putLong(entry.start()).putLong(entry.forced()).putLong(entry.reserved());
        out.putInt(entry.segments().size());
        for (Extent segment : entry.segments()) {
            out.putLong(segment.baseOffset()).putLong(segment.nextOffset()).putInt(segment.bytes());
            out.putLong(segment.maxTimestampMs()).putLong(segment.openedMs()).putLong(segment.closedMs());
            out.putLong(segment.cleanedMs());
            out.putInt((segment.compacted() ? COMPACTED : 0) | (segment.swapping() ? SWAPPING : 0));
        }
        out.putInt(entry.tail().length).put(entry.tail());
        out.putInt(entry.producers().size());
        for (Producer producer : entry.producers()) {
            out.putLong(producer.id()).putShort(producer.epoch()).putLong(producer.lastAppendMs());
            out.putInt(producer.runs().size());
            for (Run run : producer.runs()) {
                out.putInt(run.firstSequence()).putLong(run.firstOffset()).putInt(run.count());
            }
        }
    }

    static Checkpoint decode(ByteBuffer in) {
        try {
            long sequence = in.getLong();
            long generation = in.getLong();
            LogTime.Mark time = new LogTime.Mark(in.getLong(), in.getLong());
            Map<PartitionId, Entry> partitions = new LinkedHashMap<>();
            for (int left = in.getInt(); left > 0; left--) {
                PartitionId id = new PartitionId(new UUID(in.getLong(), in.getLong()), in.getInt());
                partitions.put(id, entry(in));
            }
            return new Checkpoint(sequence, generation, time, partitions);
        } catch (BufferUnderflowException | NegativeArraySizeException e) {
            throw Failures.corrupt("the checkpoint ends within a partition, though its checksum is right");
        }
    }

    private static Entry entry(ByteBuffer in) {
        long start = in.getLong();
        long forced = in.getLong();
        long reserved = in.getLong();
        List<Extent> segments = new ArrayList<>();
        for (int left = in.getInt(); left > 0; left--) {
            segments.add(extent(in));
        }
        byte[] tail = new byte[in.getInt()];
        in.get(tail);
        List<Producer> producers = new ArrayList<>();
        for (int left = in.getInt(); left > 0; left--) {
            producers.add(producer(in));
        }
        return new Entry(start, forced, reserved, List.copyOf(segments), tail, List.copyOf(producers));
    }

    private static Extent extent(ByteBuffer in) {
        long base = in.getLong();
        long next = in.getLong();
        int bytes = in.getInt();
        long maxTimestamp = in.getLong();
        long opened = in.getLong();
        long closed = in.getLong();
        long cleaned = in.getLong();
        int flags = in.getInt();
        return new Extent(
                base,
                next,
                bytes,
                maxTimestamp,
                opened,
                closed,
                cleaned,
                (flags & COMPACTED) != 0,
                (flags & SWAPPING) != 0);
    }

    private static Producer producer(ByteBuffer in) {
        long id = in.getLong();
        short epoch = in.getShort();
        long lastAppendMs = in.getLong();
        List<Run> runs = new ArrayList<>();
        for (int left = in.getInt(); left > 0; left--) {
            runs.add(new Run(in.getInt(), in.getLong(), in.getInt()));
        }
        return new Producer(id, epoch, lastAppendMs, List.copyOf(runs));
    }
}
