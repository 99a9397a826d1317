package io.levada.log;

import io.netty.buffer.ByteBuf;
import java.util.List;

/**
 * Batches of one partition that were written to one segment with one call, on their way through the journal.
 *
 * @param epoch how often the partition had gone back to what was durable when they were written
 * @param appends stamped, in order
 * @param bytes of all batches
 * @param durable what is durable once the group is
 * @param reserved offsets below which are to be reserved, which then is all that the group is for; else -1
 */
record Group(PartitionLog partition, long epoch, List<Append> appends, int bytes, DurablePoint durable, long reserved) {
    static Group of(PartitionLog partition, long epoch, List<Append> appends, int bytes, DurablePoint durable) {
        return new Group(partition, epoch, appends, bytes, durable, -1);
    }

    static Group reserving(PartitionLog partition, long epoch, long upTo) {
        return new Group(partition, epoch, List.of(), JournalBlock.RESERVATION_BYTES, partition.durablePoint(), upTo);
    }

    boolean isReservation() {
        return reserved >= 0;
    }

    /**
     * One batch and who waits for it.
     *
     * @param expectedOffset the only offset at which it may be appended; {@link PartitionLog#ANY_OFFSET} for any
     */
    record Append(ByteBuf batch, long expectedOffset, AppendListener listener) {}
}
