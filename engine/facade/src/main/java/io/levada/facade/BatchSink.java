package io.levada.facade;

import io.levada.Compression;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** What a reader hears. Partitions are told apart by handles. */
public interface BatchSink {
    /**
     * Whether batches that are stored in this codec come as they are; of another one they come inflated, and count as such
     * against the credit in bytes. Always the same answer, from any thread. Of {@link Compression#NONE} nobody asks.
     */
    default boolean accepts(Compression codec) {
        return true;
    }

    /**
     * A batch whose records are all wanted: none lies before the reader's position. Offsets may have holes. The buffer is
     * the sink's, to be released, and is not to be written to.
     *
     * @param records how many it holds, at least one
     */
    void onBatch(int handle, int records, ByteBuf batch);

    /** Offsets {@code from} to {@code to - 1} are gone (retention, a lossy cut) and were not delivered. */
    void onGap(int handle, long from, long to);

    /** Offsets {@code from} to {@code to - 1} were left out, as the overflow policy asked for has it; they can be read again. */
    default void onDropped(int handle, long from, long to) {}

    /**
     * What lies below the offset and was not delivered is not wanted, or was compacted away; told now and then, so that
     * readers get ahead also where nothing is for them.
     */
    default void onPassed(int handle, long offset) {}

    /**
     * A partition has ended, others go on.
     *
     * @param error null where its end was reached or it was handed over
     */
    void onPartitionEnd(int handle, @Nullable LevadaException error);

    /** All partitions have ended; not called for readers of a group. */
    void onComplete();

    void onError(Throwable error);
}
