package io.levada.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.BatchWriter;
import io.levada.facade.WriterSink;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Whoever publishes faster than its quota waits for credit; whoever does not wait is ended. */
final class RatedWriterTest {
    private static final long RATE = 100_000;
    private static final int BATCH = 10_000;

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final PublishRate rate = new PublishRate(RATE, () -> time.now(TimeUnit.NANOSECONDS), time);
    private final AtomicInteger ends = new AtomicInteger();

    @AfterEach
    void stop() {
        time.dispose();
    }

    /** A client that uses every credit at once, and an engine that acknowledges at once. */
    private class Client implements WriterSink {
        private final List<Throwable> errors = new ArrayList<>();
        private final List<Integer> written = new ArrayList<>();
        private final List<String> acks = new ArrayList<>();
        private boolean cancelled;
        private long batches;
        private long bytes;
        private int completes;
        final RatedWriter writer = new RatedWriter(this, rate, ends::incrementAndGet).open(to -> new BatchWriter() {
            @Override
            public void write(int partition, long sequence, ByteBuf batch) {
                written.add(batch.readableBytes());
                int size = batch.readableBytes();
                batch.release();
                to.onAck(sequence, sequence);
                to.onCredit(1, size);
            }

            @Override
            public void complete() {
                to.onComplete();
            }

            @Override
            public void cancel() {
                cancelled = true;
            }
        });

        void begin() {
            writer.onOpen(1, 1 << 20);
            writer.onCredit(16, 1 << 20);
        }

        long total() {
            return written.stream().mapToLong(Integer::longValue).sum();
        }

        @Override
        public void onOpen(int partitions, int maxRecordBytes) {}

        @Override
        public void onCredit(int moreBatches, long moreBytes) {
            batches += moreBatches;
            bytes += moreBytes;
            while (batches > 0 && bytes > 0 && errors.isEmpty()) {
                batches--;
                bytes -= BATCH;
                writer.write(0, written.size(), Unpooled.buffer(BATCH).writeZero(BATCH));
            }
        }

        @Override
        public void onPartAck(long sequence, int records, long baseOffset) {
            acks.add(records + " of " + sequence + "@" + baseOffset);
        }

        @Override
        public void onAck(long sequence, long baseOffset) {
            acks.add(sequence + "@" + baseOffset);
        }

        @Override
        public void onComplete() {
            completes++;
        }

        @Override
        public void onError(Throwable error) {
            errors.add(error);
        }
    }

    @Test
    void what_is_published_follows_the_rate_however_many_writers_there_are() {
        List<Client> clients = List.of(new Client(), new Client(), new Client());
        clients.forEach(Client::begin);
        long slack = RATE + 3 * (RATE / 4 + BATCH);
        for (int second = 1; second <= 60; second++) {
            time.advanceTimeBy(Duration.ofSeconds(1));
            long total = clients.stream().mapToLong(Client::total).sum();
            assertTrue(total <= second * RATE + slack, total + " after " + second + " s");
            assertTrue(total >= second * RATE - slack, total + " after " + second + " s, so it is not slower either");
        }
        clients.forEach(client -> assertTrue(client.total() > 15 * RATE, "each has its turn: " + client.total()));
        clients.forEach(client -> assertEquals(List.of(), client.errors));
    }

    @Test
    void a_batch_beyond_the_credit_ends_the_writer() {
        Client client = new Client();
        client.begin();
        client.writer.write(0, 99, Unpooled.buffer(BATCH).writeZero(BATCH));

        assertTrue(client.cancelled);
        assertEquals(1, ends.get());
        LevadaException error = assertInstanceOf(LevadaException.class, client.errors.get(0));
        assertEquals(ErrorCode.THROTTLED, error.code());
        time.advanceTimeBy(Duration.ofSeconds(10));
        assertEquals(1, client.errors.size());
    }

    @Test
    void acknowledgements_are_passed_on_whole_and_in_parts() {
        Client client = new Client();
        client.writer.onPartAck(3, 2, 70);
        client.writer.onAck(3, 80);

        assertEquals(List.of("2 of 3@70", "3@80"), client.acks);
    }

    @Test
    void what_was_granted_and_not_used_is_there_for_others() {
        Client idle = new Client() {
            @Override
            public void onCredit(int moreBatches, long moreBytes) {}
        };
        idle.begin();
        assertFalse(rate.isFull());
        idle.writer.cancel();
        assertTrue(rate.isFull());
        assertEquals(1, ends.get());
    }

    @Test
    void a_writer_that_completes_has_ended() {
        Client client = new Client();
        client.begin();
        client.writer.complete();
        client.writer.cancel();
        assertEquals(1, client.completes);
        assertEquals(1, ends.get());
    }
}
