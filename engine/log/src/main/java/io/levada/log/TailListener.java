package io.levada.log;

import io.netty.buffer.ByteBuf;

/** Hears of each batch as it becomes durable, in order, on the partition's loop; must not block. */
@FunctionalInterface
public interface TailListener {
    /** Called once, first: every batch at or beyond this offset will be announced, everything below it can be read. */
    default void started(long durable) {}

    /**
     * Announces one batch.
     *
     * @param baseOffset offset of the batch's first record
     * @param nextOffset offset behind its last record
     * @param batch borrowed for the call; retain it to keep it, and do not write to it
     */
    void durable(long baseOffset, long nextOffset, ByteBuf batch);
}
