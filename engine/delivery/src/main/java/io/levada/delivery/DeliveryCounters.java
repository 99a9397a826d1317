package io.levada.delivery;

import java.util.concurrent.atomic.LongAdder;

/** What delivery has done since it began. Safe for any thread. */
public final class DeliveryCounters {
    private final LongAdder reads = new LongAdder();
    private final LongAdder readBytes = new LongAdder();
    private final LongAdder inflated = new LongAdder();

    void read(long bytes) {
        reads.increment();
        readBytes.add(bytes);
    }

    void inflatedOne() {
        inflated.increment();
    }

    /** Blocks read from storage, one for all readers who are near. */
    public long storageReads() {
        return reads.sum();
    }

    /** Bytes read from storage. */
    public long storageReadBytes() {
        return readBytes.sum();
    }

    /** Compressed batches inflated, one for all readers who cut it. */
    public long inflatedBatches() {
        return inflated.sum();
    }
}
