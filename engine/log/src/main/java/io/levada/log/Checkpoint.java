package io.levada.log;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * How far segments are known to be forced, as bytes: the body of the file {@code checkpoint}. Recovery trusts what it
 * says, and takes everything behind it from the journal. All integers are big-endian.
 *
 * <pre>
 *   i64 sequence of the first journal block that is needed, i64 least generation of the files that may hold it,
 *   i32 count of partitions, for each:
 *     16 bytes topic id, i32 partition, i64 start offset, i64 forced offset (everything below it is forced),
 *     i32 count of segments, for each: i64 base offset, i32 bytes, i64 maximum timestamp
 *     i32 bytes of tail, tail: the last segment's bytes from the beginning of its last sector
 * </pre>
 *
 * @param sequence blocks before it are in forced segments
 * @param generation files of older generations are of no use
 */
record Checkpoint(long sequence, long generation, Map<PartitionId, Entry> partitions) {
    private static final int SEGMENT_BYTES = 20;
    private static final int ENTRY_BYTES = 16 + 4 + 8 + 8 + 4 + 4;

    record PartitionId(UUID topicId, int partition) {}

    /** A segment's forced extent; the maximum timestamp is a bound, which may be above what is there. */
    record Extent(long baseOffset, int bytes, long maxTimestampMs) {}

    /** One partition; segments in order, the last one being written. */
    record Entry(long start, long forced, List<Extent> segments, byte[] tail) {
        static final Entry EMPTY = new Entry(0, 0, List.of(), new byte[0]);
    }

    static Checkpoint empty() {
        return new Checkpoint(1, 1, Map.of());
    }

    ByteBuffer encode() {
        int size = 8 + 8 + 4;
        for (Entry entry : partitions.values()) {
            size += ENTRY_BYTES + entry.segments().size() * SEGMENT_BYTES + entry.tail().length;
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        out.putLong(sequence).putLong(generation).putInt(partitions.size());
        partitions.forEach((id, entry) -> put(out, id, entry));
        return out.flip();
    }

    private static void put(ByteBuffer out, PartitionId id, Entry entry) {
        out.putLong(id.topicId().getMostSignificantBits()).putLong(id.topicId().getLeastSignificantBits());
        out.putInt(id.partition()).putLong(entry.start()).putLong(entry.forced());
        out.putInt(entry.segments().size());
        for (Extent segment : entry.segments()) {
            out.putLong(segment.baseOffset()).putInt(segment.bytes()).putLong(segment.maxTimestampMs());
        }
        out.putInt(entry.tail().length).put(entry.tail());
    }

    static Checkpoint decode(ByteBuffer in) {
        try {
            long sequence = in.getLong();
            long generation = in.getLong();
            Map<PartitionId, Entry> partitions = new LinkedHashMap<>();
            for (int left = in.getInt(); left > 0; left--) {
                PartitionId id = new PartitionId(new UUID(in.getLong(), in.getLong()), in.getInt());
                partitions.put(id, entry(in));
            }
            return new Checkpoint(sequence, generation, partitions);
        } catch (BufferUnderflowException | NegativeArraySizeException e) {
            throw Failures.corrupt("the checkpoint ends within a partition, though its checksum is right");
        }
    }

    private static Entry entry(ByteBuffer in) {
        long start = in.getLong();
        long forced = in.getLong();
        List<Extent> segments = new ArrayList<>();
        for (int left = in.getInt(); left > 0; left--) {
            segments.add(new Extent(in.getLong(), in.getInt(), in.getLong()));
        }
        byte[] tail = new byte[in.getInt()];
        in.get(tail);
        return new Entry(start, forced, List.copyOf(segments), tail);
    }
}
