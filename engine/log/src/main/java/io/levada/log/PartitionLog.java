package io.levada.log;

import io.netty.buffer.ByteBuf;

/**
 * One partition: an append-only sequence of record batches at consecutive offsets. Safe for any thread. Nothing at or
 * beyond {@link #durable} is ever given out.
 */
@SuppressWarnings("DoNotCallSuggester") // bodies follow at once
public final class PartitionLog {
    PartitionLog() {}

    /** The partition's number within its topic. */
    public int partition() {
        throw new UnsupportedOperationException();
    }

    /**
     * Appends a batch; never blocks. What waits is bounded by the callers' credit, not here.
     *
     * @param batch a whole, valid record batch, given away; its base offset and header checksum are written in place, so
     *     nobody else may be reading it
     * @param listener hears, on the partition's loop, when the batch is durable or failed; batches of one caller become
     *     durable in the order they were appended
     */
    public void append(ByteBuf batch, AppendListener listener) {
        throw new UnsupportedOperationException();
    }

    /** The earliest offset that is kept. */
    public long start() {
        throw new UnsupportedOperationException();
    }

    /** The offset that the next record will get, as far as appends are ordered yet. */
    public long end() {
        throw new UnsupportedOperationException();
    }

    /** The offset below which all is durable, and so visible. */
    public long durable() {
        throw new UnsupportedOperationException();
    }

    /** Bytes of its segments. */
    public long sizeBytes() {
        throw new UnsupportedOperationException();
    }

    /**
     * Reads whole batches, back to back, from the one that contains an offset, or from the next one; blocks on the disk.
     *
     * @param offset from {@link #start} to {@link #durable}
     * @param maxBytes how much is wanted; the first batch comes whole even if it is larger
     * @return the batches, at least one unless offset is the end; to be released by the caller. Every batch's checksums
     *     were verified
     * @throws io.levada.LevadaException OFFSET_OUT_OF_RANGE outside start and durable; CORRUPT_MESSAGE, with the range of
     *     offsets, when the first batch is damaged (what stands before damage is given first, and offsets behind the range
     *     can be read); STORAGE_FAILED when the disk fails; UNKNOWN_TOPIC_OR_PARTITION when the topic was deleted
     */
    public ByteBuf read(long offset, int maxBytes) {
        throw new UnsupportedOperationException();
    }

    /**
     * The offset of the first record whose timestamp is at or behind a time, {@link #durable} if there is none; blocks on
     * the disk.
     *
     * @throws io.levada.LevadaException as {@link #read}
     */
    public long offsetAt(long timestampMs) {
        throw new UnsupportedOperationException();
    }

    /** Registers a listener, which is started and then called on the partition's loop. */
    public TailRegistration onDurable(TailListener listener) {
        throw new UnsupportedOperationException();
    }
}
