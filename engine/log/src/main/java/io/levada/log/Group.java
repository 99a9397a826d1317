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
 */
record Group(PartitionLog partition, long epoch, List<Append> appends, int bytes, DurablePoint durable) {
    /**
     * One batch and who waits for it.
     *
     * @param expectedOffset the only offset at which it may be appended; {@link PartitionLog#ANY_OFFSET} for any
     */
    record Append(ByteBuf batch, long expectedOffset, AppendListener listener) {}
}
