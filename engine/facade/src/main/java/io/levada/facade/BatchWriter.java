package io.levada.facade;

import io.netty.buffer.ByteBuf;

/** The writing end of a stream of batches into one topic. Callable from one thread at a time. */
public interface BatchWriter {
    /**
     * Sends a batch within the credit granted; going beyond the credit fails the stream with {@code THROTTLED}.
     *
     * @param sequence ascending by one from 0; repeated in the acknowledgement
     */
    void write(int partition, long sequence, ByteBuf batch);

    /** Says that no batch follows; the sink completes when all are acknowledged. */
    void complete();

    /** Lets go; what was written may or may not be appended. No call to the sink follows once this returns. */
    void cancel();
}
