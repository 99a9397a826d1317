package io.levada.log;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.log.Checkpoint.PartitionId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The two index files of a segment: caches, believed only when both are whole and of this very segment. They are not
 * forced. All integers are big-endian; entries are Kafka's.
 *
 * <pre>
 *   0        4         8            24          28            36            40        44      48
 *   +--------+---------+------------+-----------+-------------+-------------+---------+-------+---------
 *   | magic  | format  |  topic id  | partition | base offset | log bytes   | entries | CRC32C| entries
 *   |  i32   |  i32    |  16 bytes  |    i32    |     i64     | covered i32 |   i32   |  u32  |
 *   +--------+---------+------------+-----------+-------------+-------------+---------+-------+---------
 *   .index entry:      i32 offset less base offset, i32 position
 *   .timeindex entry:  i64 largest timestamp before the batch, i32 offset less base offset
 *   the CRC covers bytes 0 to 43 and the entries
 * </pre>
 */
final class IndexFile {
    private static final int OFFSET_MAGIC = 0x4c564958; // LVIX
    private static final int TIME_MAGIC = 0x4c565458; // LVTX
    private static final int FORMAT = 1;
    private static final int HEADER_BYTES = 48;
    private static final int COVERED_OFFSET = 36;
    private static final int CRC_OFFSET = 44;
    private static final int OFFSET_ENTRY_BYTES = 8;
    private static final int TIME_ENTRY_BYTES = 12;

    private IndexFile() {}

    /** An index and how many bytes of log it covers. */
    record Loaded(SparseIndex index, int coveredBytes) {}

    static void write(Disk disk, String path, PartitionId id, long baseOffset, Loaded loaded) throws IOException {
        SparseIndex index = loaded.index();
        int entries = index.count();
        while (entries > 0 && index.position(entries - 1) >= loaded.coveredBytes()) {
            entries--;
        }
        ByteBuffer offsets = header(OFFSET_MAGIC, id, baseOffset, loaded.coveredBytes(), entries, OFFSET_ENTRY_BYTES);
        ByteBuffer times = header(TIME_MAGIC, id, baseOffset, loaded.coveredBytes(), entries, TIME_ENTRY_BYTES);
        for (int i = 0; i < entries; i++) {
            offsets.putInt(index.relativeOffset(i)).putInt(index.position(i));
            times.putLong(index.timestampBefore(i)).putInt(index.relativeOffset(i));
        }
        write(disk, path + Layout.INDEX_SUFFIX, offsets);
        write(disk, path + Layout.TIME_INDEX_SUFFIX, times);
    }

    private static ByteBuffer header(int magic, PartitionId id, long base, int covered, int entries, int entryBytes) {
        return ByteBuffer.allocate(HEADER_BYTES + entries * entryBytes)
                .putInt(magic)
                .putInt(FORMAT)
                .putLong(id.topicId().getMostSignificantBits())
                .putLong(id.topicId().getLeastSignificantBits())
                .putInt(id.partition())
                .putLong(base)
                .putInt(covered)
                .putInt(entries)
                .putInt(0);
    }

    private static void write(Disk disk, String path, ByteBuffer bytes) throws IOException {
        bytes.flip();
        bytes.putInt(CRC_OFFSET, crc(bytes));
        try (DiskFile file = disk.open(path, true)) {
            file.write(0, bytes);
            file.truncate(bytes.limit());
        }
    }

    /** The index of a segment; null when a file of it is missing, damaged or another's. */
    static @Nullable Loaded read(Disk disk, String path, PartitionId id, long baseOffset) throws IOException {
        ByteBuffer offsets = read(disk, path + Layout.INDEX_SUFFIX, OFFSET_MAGIC, OFFSET_ENTRY_BYTES, id, baseOffset);
        ByteBuffer times = read(disk, path + Layout.TIME_INDEX_SUFFIX, TIME_MAGIC, TIME_ENTRY_BYTES, id, baseOffset);
        if (offsets == null || times == null || offsets.getInt(COVERED_OFFSET) != times.getInt(COVERED_OFFSET)) {
            return null;
        }
        SparseIndex index = new SparseIndex();
        offsets.position(HEADER_BYTES);
        times.position(HEADER_BYTES);
        while (offsets.hasRemaining() && times.hasRemaining()) {
            index.add(offsets.getInt(), offsets.getInt(), times.getLong());
            times.getInt();
        }
        return offsets.hasRemaining() || times.hasRemaining()
                ? null
                : new Loaded(index, offsets.getInt(COVERED_OFFSET));
    }

    private static @Nullable ByteBuffer read(
            Disk disk, String path, int magic, int entryBytes, PartitionId id, long baseOffset) throws IOException {
        long size = disk.size(path);
        if (size < HEADER_BYTES || size > Integer.MAX_VALUE || (size - HEADER_BYTES) % entryBytes != 0) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) size);
        try (DiskFile file = disk.open(path, false)) {
            file.read(0, bytes);
        }
        bytes.flip();
        if (bytes.limit() != size || bytes.getInt(CRC_OFFSET) != crc(bytes)) {
            return null;
        }
        int entries = (bytes.limit() - HEADER_BYTES) / entryBytes;
        ByteBuffer expected = header(magic, id, baseOffset, bytes.getInt(COVERED_OFFSET), entries, 0);
        return bytes.slice(0, CRC_OFFSET).equals(expected.slice(0, CRC_OFFSET)) ? bytes : null;
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(0, CRC_OFFSET));
        crc.update(bytes.slice(HEADER_BYTES, bytes.limit() - HEADER_BYTES));
        return (int) crc.getValue();
    }
}
