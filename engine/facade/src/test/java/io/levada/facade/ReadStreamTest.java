package io.levada.facade;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.testgate.TestGate;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.subscriber.TestSubscriber;

class ReadStreamTest {
    private static final int WINDOW = 1 << 16;

    private final FakeEngine engine = new FakeEngine();
    private final List<TestSubscriber<?>> open = new ArrayList<>();
    private LevadaOptions options =
            LevadaOptions.defaults().withCallbacks(Schedulers.immediate()).withReadWindowBytes(WINDOW);

    @AfterEach
    void cancel_what_is_open() {
        open.forEach(TestSubscriber::cancel);
    }

    @Test
    void turns_demand_into_credit_exactly_once() {
        TestSubscriber<StoredRecord> records = read(3);
        FakeEngine.Reader reader = engine.reader();

        assertEquals(3, reader.records.get());
        assertEquals(WINDOW, reader.bytes.get());
        reader.send(0, 10, "a", "b");
        assertEquals(1, reader.records.get());
        records.request(5);
        assertEquals(6, reader.records.get());
        assertEquals(List.of("a", "b"), values(records));
    }

    @Test
    void gives_the_bytes_of_a_batch_back_when_its_last_record_is_handed_over() {
        TestSubscriber<StoredRecord> records = read(0);
        records.request(2);
        FakeEngine.Reader reader = engine.reader();

        reader.send(0, 0, "a", "b");
        assertEquals(WINDOW, reader.bytes.get());
        assertEquals(0, reader.records.get());
    }

    @Test
    void adds_up_requests_made_while_a_batch_is_emitted() {
        List<Long> credits = new ArrayList<>();
        BaseSubscriber<StoredRecord> oneByOne = new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                request(3);
            }

            @Override
            protected void hookOnNext(StoredRecord record) {
                request(1);
                credits.add(engine.reader().records.get());
            }
        };
        new ReadFlux(engine, ReadSpec.of("t"), options).subscribe(oneByOne);

        engine.reader().send(0, 0, "a", "b", "c");
        assertEquals(List.of(0L, 0L, 0L), credits);
        assertEquals(3, engine.reader().records.get());
        oneByOne.cancel();
    }

    @Test
    void never_emits_more_than_requested_even_where_the_engine_goes_beyond_its_credit() {
        TestSubscriber<StoredRecord> records = read(2);

        engine.reader().send(0, 0, "a", "b", "c", "d");
        engine.reader().send(1, 0, "e");
        assertEquals(List.of("a", "b"), values(records));
        records.request(1);
        assertEquals(List.of("a", "b", "c"), values(records));
        records.request(2);
        assertEquals(List.of("a", "b", "c", "d", "e"), values(records));
    }

    @Test
    void decodes_place_time_key_value_and_headers() {
        TestSubscriber<StoredRecord> records = read(1);
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT)) {
            builder.append(77, new byte[] {1}, null, List.of(Header.of("h", "v")));
            ByteBuf batch = builder.build();
            RecordBatch.stamp(batch, 42, 0);
            engine.reader().sink.onBatch(3, 1, batch);
        }

        StoredRecord record = records.getReceivedOnNext().get(0);
        assertEquals("t", record.topic());
        assertEquals(3, record.partition());
        assertEquals(42, record.offset());
        assertEquals(77, record.timestampMs());
        assertArrayEquals(new byte[] {1}, record.key());
        assertEquals(null, record.value());
        assertEquals(List.of(Header.of("h", "v")), record.headers());
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void inflates_what_is_compressed(Compression compression) {
        TestSubscriber<StoredRecord> records = read(100);
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, compression, Limits.DEFAULT)) {
            for (int i = 0; i < 100; i++) {
                builder.append(i, null, "again and again".getBytes(java.nio.charset.StandardCharsets.UTF_8), List.of());
            }
            engine.reader().sink.onBatch(0, 100, builder.build());
        }
        assertEquals(100, records.getReceivedOnNext().size());
    }

    @Test
    void ends_after_what_came_before_the_end() {
        TestSubscriber<StoredRecord> records = read(1);
        engine.reader().send(0, 0, "a", "b");
        engine.reader().sink.onPartitionEnd(0, null);
        engine.reader().sink.onComplete();

        assertFalse(records.isTerminated());
        records.request(1);
        assertEquals(List.of("a", "b"), values(records));
        assertTrue(records.isTerminatedComplete());
    }

    @Test
    void fails_after_what_came_before_the_error() {
        TestSubscriber<StoredRecord> records = read(5);
        engine.reader().send(0, 0, "a");
        engine.reader().sink.onError(new LevadaException(ErrorCode.GOING_AWAY, "closing"));

        assertEquals(List.of("a"), values(records));
        assertCode(ErrorCode.GOING_AWAY, records);
    }

    @Test
    void fails_with_the_error_of_a_partition_and_lets_the_others_go() {
        TestSubscriber<StoredRecord> records = read(5);
        engine.reader().send(1, 0, "a");
        engine.reader().sink.onPartitionEnd(0, new LevadaException(ErrorCode.CORRUPT_MESSAGE, "4 to 6"));

        assertEquals(List.of("a"), values(records));
        assertCode(ErrorCode.CORRUPT_MESSAGE, records);
        assertTrue(engine.reader().cancelled);
    }

    @Test
    void fails_at_a_gap_with_both_offsets() {
        TestSubscriber<StoredRecord> records = read(5);
        engine.reader().send(0, 0, "a");
        engine.reader().sink.onGap(0, 1, 9);

        assertEquals(List.of("a"), values(records));
        String message = String.valueOf(
                assertCode(ErrorCode.OFFSET_OUT_OF_RANGE, records).getMessage());
        assertTrue(message.contains("1 to 8") && message.contains("offset:9"), message);
    }

    @Test
    void fails_at_a_batch_that_is_none() {
        TestSubscriber<StoredRecord> records = read(5);
        ByteBuf batch = FakeEngine.batch(0, "a", "b");
        batch.setByte(RecordBatch.HEADER_BYTES, 0x7f); // the first record's length
        engine.reader().sink.onBatch(0, 2, batch);

        assertCode(ErrorCode.CORRUPT_MESSAGE, records);
        assertTrue(engine.reader().cancelled);
    }

    @Test
    void releases_what_waits_and_what_comes_late_when_cancelled() {
        TestSubscriber<StoredRecord> records = read(1);
        ByteBuf waiting = FakeEngine.batch(0, "a", "b");
        ByteBuf behind = FakeEngine.batch(2, "c");
        ByteBuf late = FakeEngine.batch(3, "d");
        engine.reader().sink.onBatch(0, 2, waiting);
        engine.reader().sink.onBatch(0, 1, behind);

        records.cancel();
        engine.reader().sink.onBatch(0, 1, late);
        assertTrue(engine.reader().cancelled);
        assertEquals(List.of(0, 0, 0), List.of(waiting.refCnt(), behind.refCnt(), late.refCnt()));
        assertEquals(List.of("a"), values(records));
    }

    @Test
    void stops_within_a_batch_when_cancelled_there() {
        List<String> seen = new ArrayList<>();
        ByteBuf batch = FakeEngine.batch(0, "a", "b", "c");
        Flux<StoredRecord> records = new ReadFlux(engine, ReadSpec.of("t"), options);
        records.take(2).subscribe(record -> seen.add(record.valueUtf8()));
        engine.reader().sink.onBatch(0, 3, batch);

        assertEquals(List.of("a", "b"), seen);
        assertEquals(0, batch.refCnt());
        assertTrue(engine.reader().cancelled);
    }

    @Test
    void opens_nothing_where_the_subscriber_cancels_at_once() {
        new ReadFlux(engine, ReadSpec.of("t"), options).subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                subscription.cancel();
            }
        });
        assertEquals(0, engine.readers.size());
    }

    @Test
    void refuses_to_read_from_a_commit() {
        TestSubscriber<StoredRecord> records = TestSubscriber.create();
        new EngineLevada("fake:", engine, options)
                .read(ReadSpec.of("t").from(Position.committed()))
                .subscribe(records);

        assertCode(ErrorCode.INVALID_REQUEST, records);
    }

    @Test
    void a_subscriber_that_throws_counts_as_cancelled() {
        ByteBuf batch = FakeEngine.batch(0, "a", "b");
        new ReadFlux(engine, ReadSpec.of("t"), options).subscribe(new reactor.core.CoreSubscriber<>() {
            @Override
            public void onSubscribe(Subscription subscription) {
                subscription.request(10);
            }

            @Override
            public void onNext(StoredRecord record) {
                throw new IllegalStateException("a subscriber that breaks rule 2.13");
            }

            @Override
            public void onError(Throwable error) {
                throw new AssertionError("told of its own error", error);
            }

            @Override
            public void onComplete() {
                throw new AssertionError("told of completion");
            }
        });
        engine.reader().sink.onBatch(0, 2, batch);

        assertEquals(0, batch.refCnt());
        assertTrue(engine.reader().cancelled);
        assertEquals(1, TestGate.expectError("rule 2.13"));
    }

    @Test
    void a_disposed_scheduler_ends_the_stream_instead_of_hanging_it() {
        Scheduler disposed = Schedulers.newSingle("gone");
        options = options.withCallbacks(disposed);
        TestSubscriber<StoredRecord> records = read(10);
        disposed.dispose();
        ByteBuf batch = FakeEngine.batch(0, "a");
        engine.reader().sink.onBatch(0, 1, batch);

        assertCode(ErrorCode.GOING_AWAY, records);
        assertEquals(0, batch.refCnt());
        assertTrue(engine.reader().cancelled);
    }

    @Test
    void runs_callbacks_on_the_scheduler_given() {
        options = options.withCallbacks(Schedulers.boundedElastic());
        List<String> threads = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(1);
        new ReadFlux(engine, ReadSpec.of("t"), options)
                .doOnComplete(done::countDown)
                .subscribe(record -> threads.add(Thread.currentThread().getName()));
        engine.reader().send(0, 0, "a");
        engine.reader().sink.onComplete();

        await(done);
        assertTrue(threads.get(0).startsWith("boundedElastic"), threads.get(0));
    }

    @Test
    void releases_everything_whoever_wins_between_cancel_and_batches() throws InterruptedException {
        options = options.withCallbacks(Schedulers.parallel());
        for (int round = 0; round < 100; round++) {
            TestSubscriber<StoredRecord> records = read(Long.MAX_VALUE);
            FakeEngine.Reader reader = engine.reader();
            List<ByteBuf> batches = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                batches.add(FakeEngine.batch(i * 2L, "a", "b"));
            }
            Thread sender = new Thread(() -> batches.forEach(batch -> reader.sink.onBatch(0, 2, batch)));
            sender.start();
            for (int spin = 0; spin < round; spin++) {
                Thread.onSpinWait();
            }
            records.cancel();
            sender.join();
            awaitReleased(batches);
        }
    }

    @Test
    void keeps_the_books_of_credit_and_demand_under_load() {
        options = options.withCallbacks(Schedulers.parallel());
        AtomicLong requested = new AtomicLong();
        AtomicLong received = new AtomicLong();
        AtomicLong over = new AtomicLong();
        CountDownLatch done = new CountDownLatch(1);
        new ReadFlux(engine, ReadSpec.of("t"), options).subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                requested.addAndGet(10);
                request(10);
            }

            @Override
            protected void hookOnNext(StoredRecord record) {
                if (received.incrementAndGet() > requested.get()) {
                    over.incrementAndGet();
                }
                if (received.get() % 7 == 0) {
                    requested.addAndGet(7);
                    request(7);
                }
            }

            @Override
            protected void hookOnComplete() {
                done.countDown();
            }
        });
        FakeEngine.Reader reader = engine.reader();
        long offset = 0;
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (offset < 5_000) {
            assertTrue(System.nanoTime() < deadline, "no credit at offset " + offset);
            long credit = Math.min(4, reader.records.get());
            if (credit > 0 && reader.bytes.get() > 0) {
                String[] values = new String[(int) credit];
                java.util.Arrays.fill(values, "v".repeat(50));
                reader.send(0, offset, values);
                offset += credit;
            } else {
                Thread.onSpinWait();
            }
        }
        reader.sink.onComplete();
        await(done);
        assertEquals(offset, received.get());
        assertEquals(0, over.get());
        assertTrue(reader.bytes.get() <= WINDOW, "bytes made from nothing");
    }

    private TestSubscriber<StoredRecord> read(long request) {
        TestSubscriber<StoredRecord> subscriber =
                TestSubscriber.builder().initialRequest(request).build();
        new ReadFlux(engine, ReadSpec.of("t"), options).subscribe(subscriber);
        open.add(subscriber);
        return subscriber;
    }

    private static void awaitReleased(List<ByteBuf> batches) {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (batches.stream().anyMatch(batch -> batch.refCnt() > 0)) {
            assertTrue(System.nanoTime() < deadline, "a batch was not released");
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(5, java.util.concurrent.TimeUnit.SECONDS), "nothing came in 5 s");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> values(TestSubscriber<StoredRecord> records) {
        return records.getReceivedOnNext().stream()
                .map(record -> String.valueOf(record.valueUtf8()))
                .toList();
    }

    private static LevadaException assertCode(ErrorCode code, TestSubscriber<?> subscriber) {
        Throwable error = subscriber.expectTerminalError();
        assertTrue(error instanceof LevadaException, () -> "not ours: " + error);
        assertEquals(code, ((LevadaException) error).code());
        return (LevadaException) error;
    }
}
