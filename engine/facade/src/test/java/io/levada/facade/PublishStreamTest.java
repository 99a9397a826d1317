package io.levada.facade;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Ack;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.protocol.Partitioner;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.publisher.TestPublisher;
import reactor.test.subscriber.TestSubscriber;

class PublishStreamTest {
    private static final long NOW = 5_000;

    private final FakeEngine engine = new FakeEngine();
    private LevadaOptions options = LevadaOptions.defaults().withCallbacks(Schedulers.immediate());

    private final List<TestSubscriber<Ack>> open = new ArrayList<>();

    @AfterEach
    void cancel_what_is_open() {
        open.forEach(TestSubscriber::cancel);
    }

    @Test
    void asks_upstream_for_no_more_than_was_requested_of_it() {
        List<Long> requests = new ArrayList<>();
        TestSubscriber<Ack> acks = publish(Flux.range(0, 100).map(this::record).doOnRequest(requests::add), 3);
        engine.writer().open(1);

        assertEquals(List.of(3L), requests);
        assertEquals(List.of("0", "1", "2"), sentValues());

        acks.request(2);
        assertEquals(List.of(3L, 2L), requests);
        ack(0, 10);
        ack(1, 13);
        assertEquals(List.of(10L, 11L, 12L, 13L, 14L), offsets(acks));
    }

    @Test
    void asks_upstream_for_no_more_than_the_window_holds() {
        options = options.withPublishWindowRecords(4);
        List<Long> requests = new ArrayList<>();
        TestSubscriber<Ack> acks =
                publish(Flux.range(0, 100).map(this::record).doOnRequest(requests::add), Long.MAX_VALUE);
        engine.writer().open(1);

        assertEquals(List.of(4L), requests);
        assertEquals(List.of("0", "1", "2", "3"), sentValues());
        ack(0, 0);
        assertEquals(List.of(4L, 4L), requests);
        assertEquals(4, acks.getReceivedOnNext().size());
    }

    @Test
    void asks_upstream_for_fewer_large_records_than_small_ones() {
        byte[] large = new byte[1 << 20 >> 1];
        List<Long> requests = new ArrayList<>();
        publish(
                Flux.range(0, 10_000)
                        .map(i -> Record.of((byte[]) null, large))
                        .hide()
                        .doOnRequest(requests::add),
                20);
        engine.writer().open(1);

        assertEquals(20, requests.stream().mapToLong(n -> n).sum());
        ack(0, 0);
        assertTrue(
                engine.writer().sent.size() >= 20,
                "each a batch: " + engine.writer().sent.size());
    }

    @Test
    void asks_nothing_of_upstream_before_the_topic_is_open() {
        TestPublisher<Record> records = TestPublisher.create();
        publish(records, 5);

        records.assertSubscribers(1);
        records.assertWasNotRequested();
        engine.writer().open(1);
        records.assertWasRequested();
    }

    @Test
    void emits_acks_in_the_order_of_the_records_whatever_partition_answers_first() {
        TestSubscriber<Ack> acks = publish(
                Flux.just(
                        record(0).withPartition(0).withTimestampMs(70),
                        record(1).withPartition(1),
                        record(2).withPartition(0),
                        record(3).withPartition(2)),
                10);
        engine.writer().open(3);

        ack(2, 300);
        ack(1, 200);
        assertEquals(List.of(), acks.getReceivedOnNext());
        ack(0, 100);
        assertEquals(
                List.of(
                        new Ack("t", 0, 100, 70),
                        new Ack("t", 1, 200, NOW),
                        new Ack("t", 0, 101, NOW),
                        new Ack("t", 2, 300, NOW)),
                acks.getReceivedOnNext());
        assertTrue(engine.writer().completed);
        assertFalse(acks.isTerminated());
        engine.writer().sink.onComplete();
        assertTrue(acks.isTerminatedComplete());
    }

    @Test
    void a_batch_told_of_in_parts_gives_each_record_the_offset_it_got() {
        TestSubscriber<Ack> acks = publish(Flux.range(0, 6).map(this::record), 10);
        engine.writer().open(1);
        assertEquals(1, engine.writer().sent.size());

        part(0, 2, 10);
        assertEquals(List.of(10L, 11L), offsets(acks));
        part(0, 1, 20);
        part(0, 1, 30);
        ack(0, 40);
        assertEquals(List.of(10L, 11L, 20L, 30L, 40L, 41L), offsets(acks));
        engine.writer().sink.onComplete();
        assertTrue(acks.isTerminatedComplete());
    }

    @Test
    void parts_of_a_batch_wait_for_the_records_before_them() {
        TestSubscriber<Ack> acks = publish(
                Flux.just(
                        record(0).withPartition(0),
                        record(1).withPartition(1),
                        record(2).withPartition(1),
                        record(3).withPartition(0)),
                10);
        engine.writer().open(2);

        part(1, 1, 50);
        assertEquals(List.of(), offsets(acks));
        part(0, 1, 10);
        assertEquals(List.of(10L, 50L), offsets(acks));
        ack(0, 20);
        ack(1, 60);
        assertEquals(List.of(10L, 50L, 60L, 20L), offsets(acks));
    }

    @Test
    void what_was_told_of_a_batch_that_then_fails_is_acknowledged() {
        TestSubscriber<Ack> acks = publish(Flux.range(0, 3).map(this::record), 10);
        engine.writer().open(1);

        part(0, 2, 10);
        engine.writer().sink.onError(new LevadaException(ErrorCode.OUTCOME_UNKNOWN, "lost"));
        assertEquals(List.of(10L, 11L), offsets(acks));
        assertCode(ErrorCode.OUTCOME_UNKNOWN, acks);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 2, 3, Integer.MAX_VALUE})
    void fails_where_a_part_leaves_nothing_of_its_batch_or_is_none(int records) {
        TestSubscriber<Ack> acks = publish(Flux.range(0, 3).map(this::record), 10);
        engine.writer().open(1);

        part(0, 1, 10);
        part(0, records, 20);
        assertEquals(List.of(10L), offsets(acks));
        assertCode(ErrorCode.UNKNOWN_SERVER_ERROR, acks);
    }

    @Test
    void fails_where_a_part_is_of_a_batch_that_is_not_in_flight() {
        TestSubscriber<Ack> acks = publish(Flux.range(0, 3).map(this::record), 10);
        engine.writer().open(1);

        part(1, 1, 10);
        assertCode(ErrorCode.UNKNOWN_SERVER_ERROR, acks);
    }

    @Test
    void sends_a_lone_record_at_once_and_gathers_others_while_one_is_in_flight() {
        TestPublisher<Record> records = TestPublisher.create();
        publish(records, Long.MAX_VALUE);
        engine.writer().open(1);

        records.next(record(0));
        records.next(record(1), record(2));
        assertEquals(List.of("0"), sentValues());
        ack(0, 0);
        assertEquals(List.of("0", "1", "2"), sentValues());
        assertEquals(2, engine.writer().sent.size());
    }

    @Test
    void sends_a_full_batch_while_others_are_in_flight() {
        options = options.withBatchBytes(1 << 10);
        TestPublisher<Record> records = TestPublisher.create();
        publish(records, Long.MAX_VALUE);
        engine.writer().open(1);

        records.next(record(0));
        for (int i = 0; i < 4; i++) {
            records.next(Record.of((byte[]) null, new byte[400]));
        }
        assertEquals(2, engine.writer().sent.size());
        assertEquals(3, engine.writer().sent.get(1).values().size());
    }

    @Test
    void sends_the_rest_when_upstream_completes() {
        TestPublisher<Record> records = TestPublisher.create();
        publish(records, Long.MAX_VALUE);
        engine.writer().open(1);

        records.next(record(0), record(1));
        records.complete();
        assertEquals(List.of("0", "1"), sentValues());
        assertTrue(engine.writer().completed);
    }

    @Test
    void keeps_within_the_credit_for_batches_and_bytes() {
        options = options.withBatchBytes(1 << 10);
        publish(Flux.range(0, 10).map(i -> Record.of((byte[]) null, new byte[1_000])), Long.MAX_VALUE);
        FakeEngine.Writer writer = engine.writer();
        writer.sink.onOpen(1, 1 << 20);
        assertEquals(0, writer.sent.size());
        writer.sink.onCredit(2, 1 << 20);
        assertEquals(2, writer.sent.size());
        writer.sink.onCredit(10, 0);
        assertEquals(10, writer.sent.size());
    }

    @Test
    void sends_no_batch_without_credit_in_bytes() {
        options = options.withBatchBytes(1 << 10);
        publish(Flux.range(0, 10).map(i -> Record.of((byte[]) null, new byte[1_000])), Long.MAX_VALUE);
        FakeEngine.Writer writer = engine.writer();
        writer.sink.onOpen(1, 1 << 20);
        writer.sink.onCredit(100, 1_100);
        assertEquals(2, writer.sent.size()); // the second takes the credit below zero
        writer.sink.onCredit(0, 2_000);
        assertEquals(3, writer.sent.size());
    }

    @Test
    void puts_records_with_a_key_where_the_partitioner_says() {
        publish(Flux.range(0, 50).map(i -> Record.of("key" + i, "key" + i)), Long.MAX_VALUE);
        engine.writer().open(7);

        int records = 0;
        for (FakeEngine.Sent sent : engine.writer().sent) {
            for (String value : sent.values()) {
                assertEquals(Partitioner.partition(value.getBytes(UTF_8), 7), sent.partition());
                records++;
            }
        }
        assertEquals(50, records);
    }

    @Test
    void keeps_records_without_a_key_together_and_goes_round_the_partitions() {
        options = options.withBatchBytes(1 << 10);
        publish(Flux.range(0, 30).map(i -> Record.of((byte[]) null, new byte[500])), Long.MAX_VALUE);
        engine.writer().open(3);

        List<FakeEngine.Sent> sent = engine.writer().sent;
        assertEquals(15, sent.size());
        for (int i = 0; i < sent.size(); i++) {
            assertEquals((sent.get(0).partition() + i) % 3, sent.get(i).partition());
            assertEquals(2, sent.get(i).values().size());
        }
    }

    @Test
    void refuses_a_partition_that_is_not_there_after_the_acks_before_it() {
        TestSubscriber<Ack> acks = publish(Flux.just(record(0), record(1).withPartition(3), record(2)), 10);
        engine.writer().open(3);

        assertEquals(List.of("0"), sentValues());
        assertFalse(acks.isTerminated());
        ack(0, 7);
        assertEquals(List.of(7L), offsets(acks));
        assertCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, acks);
    }

    @Test
    void refuses_a_record_above_the_limit_with_both_sizes() {
        TestSubscriber<Ack> acks = publish(Flux.just(Record.of((byte[]) null, new byte[2_000])), 10);
        engine.writer().sink.onOpen(1, 1_500);
        engine.writer().sink.onCredit(1, 1 << 20);

        LevadaException error = assertCode(ErrorCode.MESSAGE_TOO_LARGE, acks);
        assertTrue(String.valueOf(error.getMessage()).contains("1500"), error.getMessage());
        assertTrue(String.valueOf(error.getMessage()).matches(".*\\b20\\d\\d bytes.*"), error.getMessage());
        assertEquals(0, engine.writer().sent.size());
        assertTrue(engine.writer().cancelled || engine.writer().completed);
    }

    @Test
    void passes_on_an_error_of_upstream_after_the_acks_before_it() {
        TestPublisher<Record> records = TestPublisher.create();
        TestSubscriber<Ack> acks = publish(records, 10);
        engine.writer().open(1);
        IllegalStateException failure = new IllegalStateException("the source broke");

        records.next(record(0), record(1));
        records.error(failure);
        assertFalse(acks.isTerminated());
        ack(0, 0);
        ack(1, 1);
        assertEquals(List.of(0L, 1L), offsets(acks));
        assertSame(failure, acks.expectTerminalError());
    }

    @Test
    void emits_what_was_acknowledged_before_the_engine_failed() {
        options = options.withBatchBytes(1 << 10);
        TestSubscriber<Ack> acks = publish(Flux.range(0, 4).map(i -> Record.of((byte[]) null, new byte[1_000])), 10);
        engine.writer().open(1);

        ack(0, 40);
        ack(2, 60); // behind one that is missing: unknown to the user
        engine.writer().sink.onError(new LevadaException(ErrorCode.STORAGE_FULL, "full"));
        assertEquals(List.of(40L), offsets(acks));
        assertCode(ErrorCode.STORAGE_FULL, acks);
    }

    @Test
    void reports_an_unknown_topic_also_where_there_is_nothing_to_publish() {
        TestSubscriber<Ack> acks = publish(Flux.empty(), 1);

        assertFalse(acks.isTerminated());
        engine.writer().sink.onError(new LevadaException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "no t"));
        assertCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, acks);
    }

    @Test
    void completes_without_records_once_the_engine_has() {
        TestSubscriber<Ack> acks = publish(Flux.empty(), 1);
        engine.writer().open(1);

        assertTrue(engine.writer().completed);
        engine.writer().sink.onComplete();
        assertTrue(acks.isTerminatedComplete());
    }

    @Test
    void says_that_the_outcome_is_unknown_where_the_engine_completes_too_early() {
        TestSubscriber<Ack> acks = publish(Flux.just(record(0)), 1);
        engine.writer().open(1);
        engine.writer().sink.onComplete();

        assertCode(ErrorCode.OUTCOME_UNKNOWN, acks);
    }

    @Test
    void lets_go_of_both_ends_when_cancelled() {
        TestPublisher<Record> records = TestPublisher.create();
        TestSubscriber<Ack> acks = publish(records, 10);
        engine.writer().open(1);
        records.next(record(0), record(1)); // the second waits in an open batch

        acks.cancel();
        records.assertCancelled();
        assertTrue(engine.writer().cancelled);
    }

    @Test
    void fails_where_upstream_gives_more_than_it_was_asked_for() {
        TestPublisher<Record> records = TestPublisher.createNoncompliant(TestPublisher.Violation.REQUEST_OVERFLOW);
        TestSubscriber<Ack> acks = publish(records, 1);
        engine.writer().open(1);

        records.next(record(0), record(1));
        ack(0, 0);
        assertEquals(List.of(0L), offsets(acks));
        assertCode(ErrorCode.INVALID_REQUEST, acks);
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void compresses_as_asked(Compression compression) {
        options = options.withCompression(compression);
        TestSubscriber<Ack> acks =
                publish(Flux.range(0, 100).map(i -> Record.ofValue("the same text again and again")), Long.MAX_VALUE);
        engine.writer().open(1);

        FakeEngine.Sent sent = engine.writer().sent.get(0);
        assertEquals(100, sent.values().size());
        assertEquals(compression != Compression.NONE, sent.bytes() < 1_500, "bytes: " + sent.bytes());
        ack(0, 0);
        assertEquals(100, acks.getReceivedOnNext().size());
    }

    @Test
    void publishes_many_records_over_real_threads_in_order() {
        options = options.withCallbacks(Schedulers.boundedElastic()).withPublishWindowRecords(500);
        Flux<Ack> acks = new PublishFlux(
                engine, "t", null, Flux.range(0, 5_000).map(this::record), options, InstantSource.system());
        TestSubscriber<Ack> subscriber =
                TestSubscriber.builder().initialRequest(100).build();
        acks.doOnNext(ack -> subscriber.request(1)).subscribe(subscriber);
        FakeEngine.Writer writer = engine.writer();
        writer.open(4);
        long answered = 0;
        long[] next = new long[4];
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!writer.completed || answered < writer.sent.size()) {
            assertTrue(System.nanoTime() < deadline, "stuck at batch " + answered);
            if (answered < writer.sent.size()) {
                FakeEngine.Sent sent = writer.sent.get((int) answered);
                writer.sink.onAck(answered++, next[sent.partition()]);
                next[sent.partition()] += sent.values().size();
            } else {
                Thread.onSpinWait();
            }
        }
        writer.sink.onComplete();
        subscriber.block(java.time.Duration.ofSeconds(30));

        assertEquals(5_000, subscriber.getReceivedOnNext().size());
        List<String> values = new ArrayList<>(sentValues());
        values.sort(java.util.Comparator.comparingInt(Integer::parseInt));
        assertEquals(IntStream.range(0, 5_000).mapToObj(String::valueOf).toList(), values);
    }

    private TestSubscriber<Ack> publish(Publisher<Record> records, long request) {
        TestSubscriber<Ack> subscriber =
                TestSubscriber.builder().initialRequest(request).build();
        new PublishFlux(engine, "t", null, records, options, InstantSource.fixed(Instant.ofEpochMilli(NOW)))
                .subscribe(subscriber);
        open.add(subscriber);
        return subscriber;
    }

    private void part(long sequence, int records, long baseOffset) {
        engine.writer().sink.onPartAck(sequence, records, baseOffset);
    }

    private void ack(long sequence, long baseOffset) {
        engine.writer().sink.onAck(sequence, baseOffset);
    }

    private Record record(int i) {
        return Record.ofValue(String.valueOf(i));
    }

    private List<String> sentValues() {
        return engine.writer().sent.stream()
                .flatMap(sent -> sent.values().stream())
                .toList();
    }

    private static List<Long> offsets(TestSubscriber<Ack> acks) {
        return acks.getReceivedOnNext().stream().map(Ack::offset).toList();
    }

    private static LevadaException assertCode(ErrorCode code, TestSubscriber<?> subscriber) {
        Throwable error = subscriber.expectTerminalError();
        assertTrue(error instanceof LevadaException, () -> "not ours: " + error);
        assertEquals(code, ((LevadaException) error).code());
        return (LevadaException) error;
    }
}
