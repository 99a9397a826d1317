package io.levada.delivery;

import io.levada.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What delivery needs of a partition. Safe for any thread. */
public interface PartitionSource {
    /** The earliest offset that is kept; only grows. */
    long start();

    /** The offset below which records are durable, and so visible; only grows. */
    long durable();

    /**
     * Reads whole batches, the first of which holds the offset or, where it lies in a hole, is the next one; at least one
     * batch whatever its size, nothing at or beyond {@link #durable()}, and empty at the end. Blocks; called on loops
     * made for that. Damage ends what is given; only when the first batch is damaged does it fail. The buffer is the
     * caller's.
     *
     * @throws io.levada.LevadaException {@link ErrorCode#OFFSET_OUT_OF_RANGE} below the start or above the end, {@link
     *     ErrorCode#CORRUPT_MESSAGE} when the first batch is damaged, {@link ErrorCode#STORAGE_FAILED}
     */
    ByteBuf read(long offset, int maxBytes);

    /** The offset of the first record whose timestamp is at or after this, or the durable end. Blocks. */
    long offsetAt(long timestampMs);

    /** Has a listener called for each batch that becomes durable from now on, in order, by one thread at a time. */
    void onDurable(TailListener listener);

    /**
     * Whether anybody with credit waits for what comes behind {@link #durable()}, which a source that has to fetch it takes as
     * the demand for that. Called on loops that must not be blocked, first with true, then by turns.
     */
    default void awaited(boolean wanted) {}

    /**
     * Has {@link #durable()} brought up to date, where it is known only of what was read; complete when it is, or cannot be.
     * Null where it always is. Does not block.
     */
    default @Nullable CompletionStage<Void> look() {
        return null;
    }

    /** Hears of what became durable. */
    interface TailListener {
        /** The batch holds {@code baseOffset} to {@code nextOffset - 1}; the buffer is borrowed: retain it to keep it. */
        void durable(long baseOffset, long nextOffset, ByteBuf batch);

        /** {@link PartitionSource#durable()} has moved on; what lies before it is there to be {@linkplain PartitionSource#read read}. */
        void moved();
    }
}
