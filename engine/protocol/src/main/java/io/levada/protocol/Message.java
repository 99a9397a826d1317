package io.levada.protocol;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * What the channels {@code publish}, {@code read.batched} and {@code group.partition.batched} carry; engine/docs/PROTOCOL.md
 * says who sends what, and when. A message is a byte for its kind, then its fields, big-endian.
 *
 * <pre>
 *   OPEN          01 | JSON                                              OPENED        11 | JSON
 *   BATCH         02 | i32 partition | i64 sequence | record batch       WRITE_CREDIT  12 | i32 batches | i64 bytes
 *   CREDIT        03 | i64 records | i64 bytes                           ACK           13 | i64 sequence | i64 base offset
 *   ADD           04 | i32 handle | i64 offset                           PART_ACK      14 | i64 sequence | i32 records | i64 base offset
 *   REMOVE        05 | i32 handle                                        RECORDS       21 | i32 handle | i32 records | record batch
 *                                                                        GAP           22 | i32 handle | i64 from | i64 to
 *                                                                        END           23 | i32 handle | JSON error or nothing
 *                                                                        PASSED        24 | i32 handle | i64 offset
 *                                                                        DROPPED       25 | i32 handle | i64 from | i64 to
 * </pre>
 */
public sealed interface Message {
    /** The first message of every channel; the JSON object says what is wanted. */
    record Open(String json) implements Message {}

    /** A batch to append; the buffer is the message's, and goes where it goes. */
    record Batch(int partition, long sequence, ByteBuf batch) implements Message {}

    /** So many records and bytes more may be sent. */
    record Credit(long records, long bytes) implements Message {}

    /** Start sending a partition, from an offset. */
    record Add(int handle, long offset) implements Message {}

    /** Stop sending a partition. */
    record Remove(int handle) implements Message {}

    /** The answer to {@link Open} on {@code publish}. */
    record Opened(int partitions, int maxRecordBytes) implements Message {}

    /** So many batches and bytes more may be published. */
    record WriteCredit(int batches, long bytes) implements Message {}

    /** The batch of that sequence is durable; those of its records that no {@link PartAck} told of stand from there on. */
    record Ack(long sequence, long baseOffset) implements Message {}

    /** The next so many records of the batch of that sequence are durable; more of it follows, and {@link Ack} last. */
    record PartAck(long sequence, int records, long baseOffset) implements Message {}

    /** A batch delivered; the buffer is the message's, and goes where it goes. */
    record Records(int handle, int records, ByteBuf batch) implements Message {}

    /** Offsets {@code from} to {@code to - 1} are gone. */
    record Gap(int handle, long from, long to) implements Message {}

    /** What lies below the offset and was not delivered is not wanted, by the filter asked for, or was compacted away. */
    record Passed(int handle, long offset) implements Message {}

    /** Offsets {@code from} to {@code to - 1} were left out, as the policy asked for has it; they can be read again. */
    record Dropped(int handle, long from, long to) implements Message {}

    /** No more of this partition; the error is null where it ended as it should. */
    record End(int handle, @Nullable LevadaException error) implements Message {}

    /**
     * The message as bytes, to be released by the caller. The batch of a message is taken over, not copied: it becomes a
     * component of the result.
     */
    default ByteBuf encode(ByteBufAllocator allocator) {
        return MessageCodec.encode(allocator, this);
    }

    /** Gives back the batch of a message that nobody wants; does nothing to one without. */
    default void release() {
        if (this instanceof Batch message) {
            message.batch().release();
        } else if (this instanceof Records message) {
            message.batch().release();
        }
    }

    /**
     * The message that a buffer holds, from its reader index on, which stays. The buffer stays the caller's; a batch is a
     * retained slice of it, to be released on its own. Batches are not validated here. Fails with {@link
     * ErrorCode#INVALID_REQUEST} for what is no message, and {@link ErrorCode#MESSAGE_TOO_LARGE} beyond the limits.
     */
    static Message decode(ByteBuf buffer, Limits limits) {
        return MessageCodec.decode(buffer, limits);
    }
}
