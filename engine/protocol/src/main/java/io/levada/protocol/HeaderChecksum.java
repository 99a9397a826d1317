package io.levada.protocol;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The checksum that ties a stored batch to its place: CRC32C over topic id, partition, base offset, length and the
 * batch's own CRC, kept in the leader-epoch slot. It covers what the batch's CRC leaves out, so that a batch with a
 * damaged offset, or one that belongs elsewhere, is noticed. Stateless.
 *
 * <pre>
 *   0                      16            20             28          32         36
 *   +----------------------+-------------+--------------+-----------+----------+
 *   |  topic id, 16 bytes  |  partition  |  base offset |  length   |  CRC32C  |
 *   |                      |     i32     |      i64     |    i32    |   u32    |
 *   +----------------------+-------------+--------------+-----------+----------+
 * </pre>
 */
public final class HeaderChecksum {
    private static final int INPUT_BYTES = 36;

    private HeaderChecksum() {}

    /** The checksum of a batch at the place that it says. */
    public static int of(UUID topicId, int partition, ByteBuf batch) {
        return of(topicId, partition, RecordBatch.baseOffset(batch), batch);
    }

    /** Gives a batch its base offset, and the checksum that belongs to it. */
    public static void stamp(UUID topicId, int partition, long baseOffset, ByteBuf batch) {
        RecordBatch.stamp(batch, baseOffset, of(topicId, partition, baseOffset, batch));
    }

    /** Whether the batch carries the checksum of this place. */
    public static boolean matches(UUID topicId, int partition, ByteBuf batch) {
        return RecordBatch.leaderEpochSlot(batch) == of(topicId, partition, batch);
    }

    private static int of(UUID topicId, int partition, long baseOffset, ByteBuf batch) {
        ByteBuffer input = ByteBuffer.allocate(INPUT_BYTES)
                .putLong(topicId.getMostSignificantBits())
                .putLong(topicId.getLeastSignificantBits())
                .putInt(partition)
                .putLong(baseOffset)
                .putInt(batch.getInt(batch.readerIndex() + RecordBatch.LENGTH_OFFSET))
                .putInt(RecordBatch.crc(batch));
        CRC32C crc = new CRC32C();
        crc.update(input.array(), 0, INPUT_BYTES);
        return (int) crc.getValue();
    }
}
