package io.levada;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

class BlockingTest {
    @Test
    void records_are_walked_to_their_end() {
        BlockingRecords records = new BlockingRecords(Flux.range(0, 1_000).map(BlockingTest::record));

        List<Long> offsets = new ArrayList<>();
        for (StoredRecord record : records) {
            offsets.add(record.offset());
        }
        assertEquals(IntStream.range(0, 1_000).mapToObj(i -> (long) i).toList(), offsets);
        assertThrows(IllegalStateException.class, records::iterator);
    }

    @Test
    void never_more_are_asked_for_than_may_wait() {
        AtomicLong requested = new AtomicLong();
        BlockingRecords records = new BlockingRecords(
                Flux.range(0, 10_000).map(BlockingTest::record).doOnRequest(requested::addAndGet));

        Iterator<StoredRecord> walk = records.iterator();
        for (int taken = 1; taken <= 1_000; taken++) {
            walk.next();
            assertTrue(
                    requested.get() - taken <= BlockingRecords.PREFETCH_RECORDS,
                    requested.get() + " requested, " + taken + " taken");
        }
        records.close();
    }

    @Test
    void a_stream_closes_what_it_reads() {
        AtomicBoolean cancelled = new AtomicBoolean();
        BlockingRecords records = new BlockingRecords(
                Flux.<StoredRecord>never().startWith(record(0)).doOnCancel(() -> cancelled.set(true)));

        try (var stream = records.stream()) {
            assertEquals(0, stream.findFirst().orElseThrow().offset());
        }
        assertTrue(cancelled.get());
    }

    @Test
    void an_error_comes_after_the_records_before_it_with_the_trace_of_the_caller() {
        LevadaException failure = new LevadaException(ErrorCode.CORRUPT_MESSAGE, "4 to 6");
        Iterator<StoredRecord> walk =
                new BlockingRecords(Flux.concat(Flux.just(record(0)), Flux.error(failure))).iterator();

        assertTrue(walk.hasNext());
        walk.next();
        LevadaException error = assertThrows(LevadaException.class, walk::hasNext);
        assertEquals(ErrorCode.CORRUPT_MESSAGE, error.code());
        assertEquals("4 to 6", error.getMessage());
        assertSame(failure, error.getCause());
        assertThrows(LevadaException.class, walk::next);
    }

    @Test
    void an_interrupt_ends_a_wait_and_stays_visible() throws Exception {
        Iterator<StoredRecord> walk = new BlockingRecords(Flux.never()).iterator();
        AtomicBoolean marked = new AtomicBoolean();
        FutureTask<ErrorCode> waiting = new FutureTask<>(() -> {
            LevadaException error = assertThrows(LevadaException.class, walk::next);
            marked.set(Thread.currentThread().isInterrupted());
            return error.code();
        });
        Thread waiter = new Thread(waiting);
        waiter.start();
        waiter.interrupt();

        assertEquals(ErrorCode.TIMEOUT, outcome(waiting));
        assertTrue(marked.get());
    }

    @Test
    void closing_ends_a_wait_in_another_thread() throws Exception {
        BlockingRecords records = new BlockingRecords(Flux.never());
        FutureTask<Boolean> waiting = new FutureTask<>(() -> records.iterator().hasNext());
        new Thread(waiting).start();
        records.close();

        assertFalse(outcome(waiting));
    }

    @Test
    void polling_takes_what_is_there_and_waits_only_for_the_first() {
        Sinks.Many<Delivery> source = Sinks.many().unicast().onBackpressureBuffer();
        try (BlockingConsumer consumer = new BlockingConsumer(source.asFlux())) {
            assertEquals(List.of(), consumer.poll(Duration.ZERO));
            for (int i = 0; i < 300; i++) {
                source.tryEmitNext(delivery(i));
            }
            assertEquals(
                    BlockingConsumer.PREFETCH_RECORDS,
                    consumer.poll(Duration.ofSeconds(5)).size());
            assertEquals(44, consumer.poll(Duration.ofSeconds(5)).size());
        }
    }

    @Test
    void a_consumer_that_is_over_says_so_after_its_last_records() {
        BlockingConsumer failed = new BlockingConsumer(Flux.concat(
                Flux.just(delivery(0)), Flux.error(new LevadaException(ErrorCode.CONNECTION_LOST, "gone"))));

        assertEquals(1, failed.poll(Duration.ofSeconds(1)).size());
        assertCode(ErrorCode.CONNECTION_LOST, () -> failed.poll(Duration.ofSeconds(1)));

        BlockingConsumer closed = new BlockingConsumer(Flux.never());
        closed.close();
        assertCode(ErrorCode.GOING_AWAY, () -> closed.poll(Duration.ofDays(100_000)));
    }

    @Test
    void threads_that_must_not_block_are_refused() throws Exception {
        FutureTask<ErrorCode> refused = new FutureTask<>(() -> assertThrows(
                        LevadaException.class,
                        () -> new Fixed(Mono.never()).blocking().publish("t", Record.ofValue("v")))
                .code());
        Schedulers.parallel().schedule(refused);

        assertEquals(ErrorCode.INVALID_REQUEST, outcome(refused));
    }

    @Test
    void an_interrupted_publish_does_not_know_its_outcome() throws Exception {
        BlockingLevada blocking = new Fixed(Mono.never()).blocking();
        FutureTask<ErrorCode> waiting = new FutureTask<>(
                () -> assertThrows(LevadaException.class, () -> blocking.publish("t", Record.ofValue("v")))
                        .code());
        Thread waiter = new Thread(waiting);
        waiter.start();
        waiter.interrupt();

        assertEquals(ErrorCode.OUTCOME_UNKNOWN, outcome(waiting));
    }

    @Test
    void publishing_gives_the_ack_or_the_error() {
        Ack ack = new Ack("t", 0, 1, 2);

        assertEquals(ack, new Fixed(Mono.just(ack)).blocking().publish("t", Record.ofValue("v")));
        assertEquals(List.of(ack), new Fixed(Mono.just(ack)).blocking().publish("t", List.of(Record.ofValue("v"))));
        assertCode(
                ErrorCode.STORAGE_FULL, () -> new Fixed(Mono.error(new LevadaException(ErrorCode.STORAGE_FULL, "full")))
                        .blocking()
                        .publish("t", Record.ofValue("v")));
    }

    private static <T> T outcome(FutureTask<T> task) throws InterruptedException, ExecutionException, TimeoutException {
        return task.get(5, TimeUnit.SECONDS);
    }

    private static void assertCode(ErrorCode code, Runnable action) {
        assertEquals(code, assertThrows(LevadaException.class, action::run).code());
    }

    private static StoredRecord record(int offset) {
        return new StoredRecord("t", 0, offset, 0, null, null, List.of());
    }

    private static Delivery delivery(int offset) {
        StoredRecord record = record(offset);
        return new Delivery() {
            @Override
            public StoredRecord record() {
                return record;
            }

            @Override
            public void ack() {}
        };
    }

    /** A log that gives one answer to whatever is published, and has no topics. */
    private record Fixed(Mono<Ack> answer) implements Levada {
        @Override
        public String address() {
            return "fixed:";
        }

        @Override
        public Topics topics() {
            throw new UnsupportedOperationException("topics");
        }

        @Override
        public Groups groups() {
            throw new UnsupportedOperationException("groups");
        }

        @Override
        public Flux<Ack> publish(String topic, Publisher<Record> records) {
            return answer.flux();
        }

        @Override
        public Flux<StoredRecord> read(ReadSpec spec) {
            return Flux.never();
        }

        @Override
        public Group group(String name) {
            throw new UnsupportedOperationException("group");
        }

        @Override
        public Mono<Void> closeGracefully(Duration limit) {
            return Mono.empty();
        }

        @Override
        public void close() {}
    }
}
