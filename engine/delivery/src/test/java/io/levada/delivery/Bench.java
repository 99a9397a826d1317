package io.levada.delivery;

import io.levada.Overflow;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordFilter;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Deliveries over fake partitions on loops run by hand, with an allocator that counts. */
final class Bench implements AutoCloseable {
    final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    final ManualScheduler scheduler;
    final Delivery delivery;
    final List<FakePartition> partitions = new ArrayList<>();
    final List<Feed> feeds = new ArrayList<>();

    Bench(long seed, int partitions, DeliveryLimits limits) {
        scheduler = new ManualScheduler(seed);
        delivery = new Delivery(scheduler, scheduler, limits, Limits.DEFAULT);
        for (int i = 0; i < partitions; i++) {
            FakePartition partition = new FakePartition(allocator, i);
            this.partitions.add(partition);
            feeds.add(delivery.attach(partition.name, partition));
        }
    }

    Bench(int partitions) {
        this(1, partitions, new DeliveryLimits(2, 2, 1 << 20, 1 << 20, 4 << 10));
    }

    FakePartition partition(int number) {
        return partitions.get(number);
    }

    Feed feed(int number) {
        return feeds.get(number);
    }

    /** A subscription of all partitions, from their starts. */
    Subscription subscribe(RecordingSink sink) {
        return subscribe(sink, Long.MAX_VALUE);
    }

    Subscription subscribe(RecordingSink sink, long to) {
        return subscribe(sink, null, Overflow.pause(), to);
    }

    Subscription subscribe(RecordingSink sink, @Nullable RecordFilter filter, Overflow overflow, long to) {
        Subscription subscription = delivery.subscribe(sink, filter, overflow, handle -> null);
        for (int i = 0; i < feeds.size(); i++) {
            subscription.add(i, feeds.get(i), 0, to);
        }
        subscription.seal();
        return subscription;
    }

    void run() {
        scheduler.runAll();
    }

    int reads() {
        return partitions.stream().mapToInt(partition -> partition.reads.get()).sum();
    }

    /** Lets all go, and fails if anybody still holds a buffer. */
    @Override
    public void close() {
        delivery.close();
        scheduler.runAll();
        partitions.forEach(FakePartition::release);
        long left = allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory();
        if (left != 0) {
            throw new AssertionError(left + " bytes were not released");
        }
    }
}
