package io.levada.delivery;

import io.levada.facade.ReadTotals;
import java.util.concurrent.atomic.LongAdder;

/** What delivery has done since it began. Safe for any thread. */
final class DeliveryCounters {
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

    ReadTotals totals() {
        return new ReadTotals(reads.sum(), readBytes.sum(), inflated.sum());
    }
}
