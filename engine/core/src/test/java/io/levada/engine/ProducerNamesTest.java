package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicSpec;
import io.levada.engine.Collected.Writing;
import io.levada.env.Env;
import io.levada.env.SimCrash;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.facade.BatchWriter;
import io.levada.facade.ProducerId;
import io.levada.log.LogConfig;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Producers with a name, in virtual time on a simulated disk. */
class ProducerNamesTest {
    /** Buffers that a crash may lose. */
    private static final ByteBufAllocator UNTRACKED = new UnpooledByteBufAllocator(false, true);

    private static final EngineConfig CONFIG = EngineConfig.defaults()
            .withLimits(
                    EngineConfig.defaults().limits().withMaxRecordBytes(1 << 10).withMaxBatchBytes(32 << 10))
            .withLog(LogConfig.defaults()
                    .withWriterLoops(2)
                    .withJournal(64 << 10, 2)
                    .withSegmentBytes(4 << 10)
                    .withAllocator(UNTRACKED));

    private SimRandomness random = new SimRandomness(1);
    private SimScheduler scheduler = new SimScheduler(random);
    private SimDisk disk = new SimDisk(scheduler, random);
    private EmbeddedEngine engine = open();

    private EmbeddedEngine open() {
        return EmbeddedEngine.open(new Env(disk, scheduler.clock(), random, scheduler), CONFIG);
    }

    private void start(long seed) {
        random = new SimRandomness(seed);
        scheduler = new SimScheduler(random);
        disk = new SimDisk(scheduler, random);
        engine = open();
    }

    @AfterEach
    void close() {
        await(engine.shutdown());
        scheduler.close();
    }

    private void reopen() {
        await(engine.shutdown());
        engine = open();
    }

    private <T> T await(Mono<T> mono) {
        return scheduler.await(mono.toFuture());
    }

    private ProducerId opened(@Nullable String name) {
        return await(engine.openProducer(name));
    }

    private void create(int partitions) {
        await(engine.topics().create(TopicSpec.of("t").partitions(partitions)));
    }

    /** What becomes of a record of a producer: {@code 0@offset}, or the error. */
    private String publish(ProducerId producer, int partition, int sequence) {
        Writing writing = new Writing();
        BatchWriter writer = engine.write("t", writing);
        ByteBuf batch = Collected.batch(UNTRACKED, 1, "v");
        producer.number(batch, sequence);
        writer.write(partition, 0, batch);
        writer.complete();
        while (!writing.ended) {
            scheduler.pause(Duration.ofMillis(1));
        }
        return writing.acks.isEmpty() ? writing.events.get(writing.events.size() - 1) : writing.acks.get(0);
    }

    private void assertFenced(String outcome) {
        assertTrue(outcome.startsWith("INVALID_PRODUCER_EPOCH: "), outcome);
    }

    @Test
    void a_name_keeps_its_id_and_gets_the_next_epoch_also_across_restarts() {
        ProducerId first = opened("a");
        assertEquals(0, first.epoch());
        assertEquals(new ProducerId(first.id(), (short) 1), opened("a"));
        assertNotEquals(first.id(), opened("b").id());
        reopen();
        assertEquals(new ProducerId(first.id(), (short) 2), opened("a"));
        assertEquals(List.of(), await(engine.topics().list().collectList()), "the topic of names is nobody's");
    }

    @Test
    void without_a_name_nobody_gets_what_another_has() {
        Set<Long> ids = new TreeSet<>();
        for (int i = 0; i < 1_000; i++) {
            ProducerId opened = opened(null);
            assertTrue(opened.id() >= 0);
            assertEquals(0, opened.epoch());
            ids.add(opened.id());
        }
        assertEquals(1_000, ids.size());
    }

    @Test
    void names_that_are_none_are_refused() {
        for (String name : List.of("", "a b", "..", "x".repeat(201))) {
            LevadaException error = assertThrows(LevadaException.class, () -> opened(name));
            assertEquals(ErrorCode.INVALID_REQUEST, error.code());
        }
    }

    @Test
    void an_older_epoch_is_refused_in_every_partition_also_after_a_restart() {
        create(3);
        ProducerId older = opened("a");
        assertEquals("0@0", publish(older, 0, 0));
        ProducerId newer = opened("a");
        for (int partition = 0; partition < 3; partition++) {
            assertFenced(publish(older, partition, partition == 0 ? 1 : 0));
        }
        reopen();
        assertFenced(publish(older, 0, 1));
        assertFenced(publish(older, 2, 0));
        assertEquals("0@1", publish(newer, 0, 0));
        assertEquals("0@0", publish(newer, 2, 0));
    }

    @Test
    void an_epoch_that_was_not_given_out_is_refused() {
        create(1);
        ProducerId opened = opened("a");
        assertFenced(publish(new ProducerId(opened.id(), (short) 1), 0, 0));
        assertEquals("0@0", publish(opened, 0, 0));
    }

    /** Otherwise the tests above would say nothing. */
    @Test
    void control_without_a_name_a_partition_only_knows_the_epochs_it_has_seen() {
        create(2);
        ProducerId older = opened(null);
        assertEquals("0@0", publish(new ProducerId(older.id(), (short) 1), 0, 0));
        assertFenced(publish(older, 0, 0));
        assertEquals("0@0", publish(older, 1, 0));
    }

    @Test
    void behind_the_last_epoch_comes_another_id_and_the_former_one_is_over() {
        NamedProducer last = new NamedProducer("a", new ProducerId(5, Short.MAX_VALUE), List.of(3L));
        NamedProducer next = last.next(9);
        assertEquals(new NamedProducer("a", new ProducerId(9, (short) 0), List.of(3L, 5L)), next);
        assertEquals(next, NamedProducer.decode(next.key(), next.value()));
    }

    @Test
    void what_a_newer_version_wrote_is_refused() {
        byte[] key = new NamedProducer("a", new ProducerId(1, (short) 0), List.of()).key();
        LevadaException error = assertThrows(
                LevadaException.class, () -> NamedProducer.decode(key, "{\"v\":2}".getBytes(StandardCharsets.UTF_8)));
        assertEquals(ErrorCode.UNSUPPORTED_VERSION, error.code());
    }

    @Test
    void no_crash_gives_an_epoch_twice_or_lets_an_older_one_in() {
        Long only = Long.getLong("levada.seed");
        int crashes = 0;
        for (long seed = only == null ? 1 : only; seed <= (only == null ? 40 : only); seed++) {
            close();
            start(seed);
            try {
                crashes += crashOnce() ? 1 : 0;
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + " fails", e);
            }
        }
        assertTrue(only != null || crashes > 20, "only " + crashes + " crashes came before the end");
    }

    private boolean crashOnce() {
        create(2);
        List<ProducerId> told = new ArrayList<>();
        boolean crashed = false;
        try {
            disk.crashAt(disk.operations() + 1 + random.nextInt(100));
            for (int i = 0; i < 30; i++) {
                told.add(opened("a"));
                publish(told.get(i), 0, 0);
            }
        } catch (SimCrash e) {
            crashed = true;
        }
        if (crashed) {
            scheduler.crash();
            scheduler.close();
            SimScheduler next = new SimScheduler(random);
            disk = disk.afterCrash(next, random, CrashStyle.draw(random));
            scheduler = next;
            engine = open();
        } else {
            reopen();
        }
        ProducerId now = opened("a");
        for (ProducerId before : told) {
            assertEquals(before.id(), now.id());
            assertTrue(before.epoch() < now.epoch(), before + " was told before " + now);
            assertFenced(publish(before, 1, 0));
        }
        assertEquals("0@0", publish(now, 1, 0));
        return crashed;
    }
}
