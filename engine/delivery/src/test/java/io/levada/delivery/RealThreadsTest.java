package io.levada.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.Overflow;
import io.levada.env.RealClock;
import io.levada.env.RealScheduler;
import io.levada.protocol.Limits;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The same with real threads, where publishing, reading, asking and cancelling truly happen at once. */
class RealThreadsTest {
    private static final int PARTITIONS = 3;
    private static final int BATCHES = 150;

    @Test
    void everybody_gets_everything_while_threads_race() {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
        RealScheduler scheduler = new RealScheduler("test");
        DeliveryLimits limits = new DeliveryLimits(2, 2, 64 << 10, 64 << 10, 8 << 10);
        Delivery delivery = new Delivery(scheduler, new RealClock(), limits, Limits.DEFAULT);
        List<FakePartition> partitions = new ArrayList<>();
        List<Feed> feeds = new ArrayList<>();
        for (int i = 0; i < PARTITIONS; i++) {
            FakePartition partition = new FakePartition(allocator, i);
            partitions.add(partition);
            feeds.add(delivery.attach(partition.name, partition));
        }
        List<RecordingSink> sinks = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            RecordingSink sink = new RecordingSink();
            Subscription subscription = delivery.subscribe(sink, null, Overflow.pause(), handle -> null);
            int step = 1 + i % 9;
            sink.onBatch = () -> subscription.credit(step * 4L, step * 200L);
            for (int p = 0; p < PARTITIONS; p++) {
                subscription.add(p, feeds.get(p), 0, 2L * BATCHES);
            }
            subscription.seal();
            subscription.credit(step * 4L, step * 200L);
            sinks.add(sink);
        }
        Random random = new Random(1);
        for (int i = 0; i < BATCHES; i++) {
            partitions.forEach(partition -> partition.publish(2, 50, Compression.NONE));
            if (i % 10 == 0) {
                RecordingSink fleeting = new RecordingSink();
                Subscription subscription = delivery.subscribe(fleeting, null, Overflow.pause(), handle -> null);
                subscription.add(0, feeds.get(0), random.nextInt(2 * i + 1), Long.MAX_VALUE);
                subscription.credit(random.nextInt(50), 2_000);
                subscription.cancel();
            }
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (sinks.stream().anyMatch(sink -> !sink.ended) && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
        for (RecordingSink sink : sinks) {
            assertTrue(sink.ended, "not all was delivered in time: " + sink.records + " records");
            assertEquals(2 * BATCHES * PARTITIONS, sink.records);
        }
        scheduler.await(delivery.close());
        scheduler.close();
        partitions.forEach(FakePartition::release);
        assertEquals(0, allocator.metric().usedDirectMemory());
    }
}
