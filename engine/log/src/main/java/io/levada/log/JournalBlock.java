package io.levada.log;

import io.levada.log.Checkpoint.PartitionId;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * A block of the journal: batches of any number of partitions, made durable by one force. Blocks begin at multiples of
 * {@link Layout#SECTOR_BYTES}, one behind the other from the beginning of a file; what is left of a block's last sector
 * is zero. All integers are big-endian.
 *
 * <pre>
 *   0         4         8         12        16            24           32            40           56        60
 *   +---------+---------+---------+---------+-------------+------------+-------------+------------+---------+------
 *   |  magic  | CRC32C  | format  | length  | generation  |  sequence  |   forced    |   log id   | entries | entries
 *   |   i32   |  u32    |   i32   |   i32   |     i64     |    i64     |    i64      |  16 bytes  |   i32   |
 *   +---------+---------+---------+---------+-------------+------------+-------------+------------+---------+------
 *   the CRC covers everything behind it up to the length, which counts from the magic and leaves the padding out
 *   generation: of the file; each use of a file has a higher one, so that old blocks behind new ones are told apart
 *   sequence:   blocks of a store are numbered without holes, across files and restarts
 *   forced:     all blocks up to this sequence were known to be forced when this one was written: a bad block at or
 *               below it is corruption, one above it a torn tail
 *
 *   entry:
 *   0         4            20          24        28
 *   +---------+------------+-----------+---------+--------------------
 *   |  kind   |  topic id  | partition | length  | batches, back to back
 *   |   i32   |  16 bytes  |   i32     |  i32    |
 *   +---------+------------+-----------+---------+--------------------
 *   kind: 1, batches of a partition; 2, offsets reserved, and instead of batches an i64: all below it are
 * </pre>
 */
final class JournalBlock {
    static final int MAGIC = 0x4c564a42; // LVJB
    static final int FORMAT = 1;
    static final int HEADER_BYTES = 60;
    static final int ENTRY_BYTES = 28;
    static final int RESERVATION_BYTES = 8;
    static final int BATCHES = 1;
    static final int RESERVATION = 2;

    private static final int CRC_OFFSET = 4;
    private static final int CRC_FROM = 8;

    private JournalBlock() {}

    /** A block's header, read from where it may stand. */
    record Header(int length, long generation, long sequence, long forced, int entries) {}

    static void putHeader(ByteBuffer out, UUID logId, Header header) {
        out.putInt(MAGIC).putInt(0).putInt(FORMAT).putInt(header.length());
        out.putLong(header.generation()).putLong(header.sequence()).putLong(header.forced());
        out.putLong(logId.getMostSignificantBits()).putLong(logId.getLeastSignificantBits());
        out.putInt(header.entries());
    }

    static void putEntry(ByteBuffer out, int kind, PartitionId id, int length) {
        out.putInt(kind);
        out.putLong(id.topicId().getMostSignificantBits()).putLong(id.topicId().getLeastSignificantBits());
        out.putInt(id.partition()).putInt(length);
    }

    /** Sets the CRC in the first of a block's buffers, which begins with its header; the buffers are not consumed. */
    static void seal(ByteBuffer[] buffers, int count) {
        CRC32C crc = new CRC32C();
        ByteBuffer first = buffers[0];
        crc.update(first.slice(CRC_FROM, first.limit() - CRC_FROM));
        for (int i = 1; i < count; i++) {
            crc.update(buffers[i].duplicate());
        }
        first.putInt(CRC_OFFSET, (int) crc.getValue());
    }

    /**
     * Whether a header of this log may begin a buffer. Only the whole block's CRC tells for certain.
     *
     * @param most the most bytes that a block may have here
     */
    static boolean isHeader(ByteBuffer block, UUID logId, long most) {
        return block.remaining() >= HEADER_BYTES
                && block.getInt(0) == MAGIC
                && block.getInt(8) == FORMAT
                && block.getInt(12) >= HEADER_BYTES
                && block.getInt(12) <= most
                && block.getLong(40) == logId.getMostSignificantBits()
                && block.getLong(48) == logId.getLeastSignificantBits();
    }

    static Header header(ByteBuffer block) {
        return new Header(block.getInt(12), block.getLong(16), block.getLong(24), block.getLong(32), block.getInt(56));
    }

    /** Whether the CRC of a whole block, which is all that the buffer holds, is right. */
    static boolean isWhole(ByteBuffer block) {
        CRC32C crc = new CRC32C();
        crc.update(block.slice(CRC_FROM, block.limit() - CRC_FROM));
        return block.getInt(CRC_OFFSET) == (int) crc.getValue();
    }
}
