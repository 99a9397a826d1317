package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.ReadSpec;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.engine.Collected.Reading;
import io.levada.engine.Collected.Writing;
import io.levada.env.Env;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.facade.BatchWriter;
import io.levada.facade.EngineHealth;
import io.levada.log.LogConfig;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What an engine knows to be wrong with its log, on a disk that is damaged, full or failing. */
class HealthTest {
    /** Buffers that a crash may lose. */
    private static final ByteBufAllocator UNTRACKED = new UnpooledByteBufAllocator(false, true);

    private static final EngineConfig CONFIG = EngineConfig.defaults()
            .withLimits(
                    EngineConfig.defaults().limits().withMaxRecordBytes(1 << 10).withMaxBatchBytes(32 << 10))
            .withLog(LogConfig.defaults()
                    .withJournal(64 << 10, 2)
                    .withSegmentBytes(4 << 10)
                    .withReserveBytes(64 << 10)
                    .withAllocator(UNTRACKED));

    private final SimRandomness random = new SimRandomness(1);
    private SimScheduler scheduler = new SimScheduler(random);
    private SimDisk disk = new SimDisk(scheduler, random);
    private EmbeddedEngine engine = open();

    private EmbeddedEngine open() {
        return EmbeddedEngine.open(new Env(disk, scheduler.clock(), random, scheduler), CONFIG);
    }

    private void create() {
        scheduler.await(engine.topics().create(TopicSpec.of("t").partitions(2)).toFuture());
    }

    /** What the publisher was told. */
    private Writing publish(int partition) {
        Writing writing = new Writing();
        BatchWriter writer = engine.write("t", writing);
        scheduler.runUntilIdle();
        writer.write(partition, 0, Collected.batch(UNTRACKED, 1, "some value", "another"));
        writer.complete();
        for (int ms = 0; !writing.ended && ms < 100; ms++) {
            scheduler.pause(Duration.ofMillis(1));
        }
        assertTrue(writing.ended, "an answer");
        return writing;
    }

    private void end() {
        scheduler.await(engine.shutdown().toFuture());
        scheduler.close();
    }

    private void reopen(SimDisk found, SimScheduler next) {
        disk = found;
        scheduler = next;
        engine = open();
    }

    @Test
    void a_log_that_was_closed_starts_clean_and_one_that_was_not_does_not() {
        assertEquals(EngineHealth.SOUND, engine.health());
        create();
        publish(0);
        end();
        SimScheduler second = new SimScheduler(random);
        reopen(disk.afterCrash(second, random, CrashStyle.draw(random)), second);
        assertEquals(EngineHealth.SOUND, engine.health());

        publish(1);
        scheduler.crash();
        scheduler.close();
        SimScheduler third = new SimScheduler(random);
        reopen(disk.afterCrash(third, random, CrashStyle.draw(random)), third);
        assertFalse(engine.health().cleanStart());
        assertFalse(engine.health().degraded(), "what was recovered is whole");
        end();
    }

    @Test
    void a_partition_is_named_once_a_reader_has_met_damage() throws IOException {
        create();
        publish(0);
        publish(1);
        String segment = segmentOf("1");
        end();
        SimScheduler next = new SimScheduler(random);
        reopen(disk.afterCrash(next, random, CrashStyle.draw(random)), next);
        disk.flipBit(segment, 8L * 70);
        Reading reading = new Reading();
        engine.read(ReadSpec.of("t").to(End.now()), reading).credit(Long.MAX_VALUE, Long.MAX_VALUE);
        scheduler.runUntilIdle();

        EngineHealth health = engine.health();
        assertTrue(health.degraded());
        assertNull(health.refusal(), "all else goes on");
        assertEquals(1, health.problemCount());
        EngineHealth.Problem problem = health.problems().get(0);
        assertEquals(new TopicPartition("t", 1), problem.partition());
        assertEquals(ErrorCode.CORRUPT_MESSAGE, problem.code());
        assertTrue(problem.what().startsWith("offsets 0 to 1: "), problem.what());
        end();
    }

    /** The one file of records in the directory of that partition of the one topic of ours. */
    private String segmentOf(String partition) {
        return disk.list("topics").stream()
                .flatMap(topic -> disk.list("topics/" + topic + "/" + partition).stream()
                        .map(file -> "topics/" + topic + "/" + partition + "/" + file))
                .filter(path -> path.endsWith(".log"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_full_disk_is_told_until_there_is_room() {
        create();
        publish(0);
        disk.setCapacity(disk.usedBytes() + 10);
        publish(0);
        assertEquals(ErrorCode.STORAGE_FULL, engine.health().refusal());
        assertTrue(engine.health().degraded());

        disk.setCapacity(Long.MAX_VALUE);
        scheduler.advance(Duration.ofSeconds(3));
        assertEquals(EngineHealth.SOUND, engine.health());
        end();
    }

    @Test
    void a_journal_that_cannot_be_written_is_told_until_it_can() {
        create();
        publish(0);
        disk.failOn(path -> path.startsWith("journal"), "no good");
        Writing refused = publish(0);
        assertEquals(ErrorCode.STORAGE_FAILED, engine.health().refusal(), () -> refused.events + " " + refused.acks);

        disk.failOn(path -> false, "");
        scheduler.advance(Duration.ofSeconds(3));
        assertEquals(EngineHealth.SOUND, engine.health());
        end();
    }
}
