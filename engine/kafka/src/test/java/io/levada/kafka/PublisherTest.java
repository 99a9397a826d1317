package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Env;
import io.levada.env.Loop;
import io.levada.kafka.OutgoingBatch.Run;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.netty.buffer.ByteBufAllocator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is sent at once and what waits, with producers that answer when they are told to. */
final class PublisherTest {
    private static final int RECORD_BYTES = 900_000;

    private final Env env = Env.memory();
    private final Loop loop = env.scheduler().newLoop("publish");
    private final Map<Compression, MockProducer<byte[], byte[]>> producers = new EnumMap<>(Compression.class);
    private final Publisher publisher = new Publisher(this::producer, ClusterConfig.defaults(), loop);

    @AfterEach
    void close() {
        publisher.close(Duration.ZERO).join();
        env.scheduler().close();
    }

    private MockProducer<byte[], byte[]> producer(Compression codec) {
        return producers.computeIfAbsent(
                codec, each -> new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()));
    }

    /** What became of a batch, of which its sender may not want to know any more. */
    private final class Fate implements OutgoingBatch.Outcome {
        private @Nullable LevadaException error;
        private boolean told;
        private volatile boolean awaited = true;

        @Override
        public void told(OutgoingBatch batch, List<Run> runs, @Nullable LevadaException why) {
            loop.execute(() -> {
                told = true;
                error = why;
                publisher.done(batch);
            });
        }

        @Override
        public boolean isAwaited() {
            return awaited;
        }
    }

    private Fate send(int partition, int bytes, Compression codec) {
        Fate fate = new Fate();
        BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, codec, Limits.DEFAULT);
        builder.append(1, null, new byte[bytes], List.of());
        OutgoingBatch batch = new OutgoingBatch(new TopicPartition("t", partition), 0, builder.build(), fate);
        inLoop(() -> publisher.send(batch));
        return fate;
    }

    private void inLoop(Runnable task) {
        CompletableFuture.runAsync(task, loop).join();
    }

    private void settle() {
        inLoop(() -> {});
        inLoop(() -> {});
    }

    private int sent(Compression codec) {
        return producer(codec).history().size();
    }

    @Test
    void a_partition_without_answers_takes_its_share_and_holds_no_other_up() {
        List<Fate> stuck = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            stuck.add(send(0, RECORD_BYTES, Compression.NONE));
        }
        assertEquals(4, sent(Compression.NONE), "4 MiB of 64");
        send(1, RECORD_BYTES, Compression.NONE);
        assertEquals(5, sent(Compression.NONE));

        assertTrue(producer(Compression.NONE).completeNext());
        settle();
        assertTrue(stuck.get(0).told);
        assertEquals(6, sent(Compression.NONE), "the next goes once there is room");
    }

    @Test
    void no_more_is_sent_than_producers_have_memory_for() {
        for (int partition = 0; partition < 100; partition++) {
            send(partition, RECORD_BYTES, Compression.NONE);
        }
        int most = sent(Compression.NONE);
        assertTrue(most * (long) RECORD_BYTES <= 48 << 20 && most > 40, most + " sent");
        producer(Compression.NONE).completeNext();
        settle();
        assertEquals(most + 1, sent(Compression.NONE));
        for (int i = 0; i < 100; i++) {
            producer(Compression.NONE).completeNext();
            settle();
        }
        assertEquals(100, sent(Compression.NONE), "all come to their turn");
    }

    @Test
    void a_codec_waits_for_what_another_has_under_way_in_its_partition() {
        send(0, 100, Compression.NONE);
        send(0, 10_000, Compression.LZ4);
        send(1, 10_000, Compression.LZ4);
        assertEquals(1, sent(Compression.NONE));
        assertEquals(1, sent(Compression.LZ4), "only that of the other partition");

        producer(Compression.NONE).completeNext();
        settle();
        assertEquals(2, sent(Compression.LZ4));
        send(0, 100, Compression.NONE);
        assertEquals(3, sent(Compression.LZ4), "one without goes along, so that none overtakes");
    }

    @Test
    void what_nobody_waits_for_any_more_is_not_sent() {
        List<Fate> fates = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            fates.add(send(0, RECORD_BYTES, Compression.NONE));
        }
        fates.forEach(fate -> fate.awaited = false);
        producer(Compression.NONE).completeNext();
        settle();
        assertEquals(4, sent(Compression.NONE));
        LevadaException error = fates.get(4).error;
        assertEquals(ErrorCode.GOING_AWAY, error == null ? null : error.code());
        assertTrue(fates.get(5).told);
    }
}
