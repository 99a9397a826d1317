package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.ReadSpec;
import io.levada.TopicSpec;
import io.levada.delivery.DeliveryLimits;
import io.levada.engine.Collected.Reading;
import io.levada.engine.Collected.Writing;
import io.levada.env.Env;
import io.levada.env.SimCrash;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchWriter;
import io.levada.log.LogConfig;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * A whole engine on a disk that crashes, in virtual time: what was acknowledged or delivered is there afterwards. A
 * failure prints its seed; {@code -Dlevada.seed=N} runs that one alone.
 */
class EngineCrashTest {
    private static final int PARTITIONS = 3;
    private static final int BATCHES = 60;

    /** Buffers that a crash may lose. */
    private static final ByteBufAllocator UNTRACKED = new UnpooledByteBufAllocator(false, true);

    private static final EngineConfig CONFIG = EngineConfig.defaults()
            .withLimits(
                    EngineConfig.defaults().limits().withMaxRecordBytes(1 << 10).withMaxBatchBytes(32 << 10))
            .withLog(LogConfig.defaults()
                    .withWriterLoops(2)
                    .withJournal(64 << 10, 2)
                    .withSegmentBytes(4 << 10)
                    .withAllocator(UNTRACKED))
            .withDelivery(new DeliveryLimits(2, 2, 64 << 10, 64 << 10, 4 << 10))
            .withWriterCredit(8, 64 << 10);

    private final Writing writing = new Writing();
    private final Reading live = new Reading();

    @Test
    void what_was_acknowledged_or_delivered_is_there_after_a_crash() {
        Long only = Long.getLong("levada.seed");
        int crashes = 0;
        for (long seed = only == null ? 1 : only; seed <= (only == null ? 40 : only); seed++) {
            try {
                EngineCrashTest life = new EngineCrashTest();
                Set<String> afterwards = life.lives(seed);
                life.check(afterwards);
                crashes += life.writing.acks.size() < BATCHES ? 1 : 0;
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + " fails", e);
            }
        }
        assertTrue(only != null || crashes > 10, "only " + crashes + " crashes came before the end");
    }

    @Test
    void control_a_record_that_is_missing_is_noticed() {
        int noticed = 0;
        for (long seed = 1; seed <= 10; seed++) {
            EngineCrashTest life = new EngineCrashTest();
            Set<String> afterwards = life.lives(seed);
            if (!life.live.records.isEmpty()) {
                afterwards.remove(life.live.records.get(0));
                assertThrows(AssertionError.class, () -> life.check(afterwards));
                noticed++;
            }
        }
        assertTrue(noticed > 0, "no seed delivered anything");
    }

    /** Publishes and reads until the machine crashes, and gives what the next life finds. */
    private Set<String> lives(long seed) {
        SimRandomness random = new SimRandomness(seed);
        SimScheduler scheduler = new SimScheduler(random);
        SimDisk disk = new SimDisk(scheduler, random);
        try {
            EmbeddedEngine engine = EmbeddedEngine.open(env(disk, random, scheduler), CONFIG);
            await(
                    scheduler,
                    engine.topics()
                            .create(TopicSpec.of("t").partitions(PARTITIONS))
                            .toFuture());
            disk.crashAt(disk.operations() + 1 + random.nextInt(100));
            work(engine, scheduler, random);
            await(scheduler, engine.shutdown().toFuture());
        } catch (SimCrash e) {
            assertTrue(scheduler.isCrashed(), "as planned");
        }
        scheduler.crash();
        scheduler.close();
        SimScheduler next = new SimScheduler(random);
        SimDisk found = disk.afterCrash(next, random, CrashStyle.draw(random));
        EmbeddedEngine engine = EmbeddedEngine.open(env(found, random, next), CONFIG);
        Reading reading = new Reading();
        engine.read(ReadSpec.of("t").to(End.now()), reading).credit(Long.MAX_VALUE, Long.MAX_VALUE);
        next.runUntilIdle();
        assertTrue(reading.ended, "reading ends");
        await(next, engine.shutdown().toFuture());
        next.close();
        Set<String> records = new TreeSet<>(reading.records);
        assertEquals(reading.records.size(), records.size(), "each once");
        return records;
    }

    private void work(EmbeddedEngine engine, SimScheduler scheduler, SimRandomness random) {
        BatchReader reader = engine.read(ReadSpec.of("t"), live);
        BatchWriter writer = engine.write("t", writing);
        for (int sequence = 0; sequence < BATCHES; sequence++) {
            while (writing.creditBatches <= sequence) {
                scheduler.pause(Duration.ofMillis(1));
            }
            String value = "v" + sequence + "x".repeat(random.nextInt(500));
            int partition = sequence % PARTITIONS;
            writer.write(partition, sequence, Collected.batch(UNTRACKED, sequence, value + "a", value + "b"));
            reader.credit(random.nextInt(8), random.nextInt(2_000));
        }
        while (writing.acks.size() < BATCHES) {
            scheduler.pause(Duration.ofMillis(1));
        }
        reader.credit(Long.MAX_VALUE, Long.MAX_VALUE);
        scheduler.runUntilIdle();
        assertEquals(2 * BATCHES, live.records.size(), "all was delivered");
    }

    private void check(Set<String> afterwards) {
        for (String delivered : live.records) {
            assertTrue(afterwards.contains(delivered), "delivered, and gone: " + delivered);
        }
        Set<String> places = new HashSet<>();
        afterwards.forEach(record -> places.add(record.replaceAll("x*[ab]$", "")));
        for (String ack : writing.acks) {
            int sequence = Integer.parseInt(ack.substring(0, ack.indexOf('@')));
            String place = sequence % PARTITIONS + ":" + ack.substring(ack.indexOf('@') + 1) + "=v" + sequence;
            assertTrue(places.contains(place), "acknowledged, and gone: " + place);
        }
    }

    private static <T> void await(SimScheduler scheduler, CompletableFuture<T> future) {
        scheduler.await(future);
    }

    private static Env env(SimDisk disk, SimRandomness random, SimScheduler scheduler) {
        return new Env(disk, scheduler.clock(), random, scheduler);
    }
}
