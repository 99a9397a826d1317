package io.levada.engine;

import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.facade.BatchSink;
import io.levada.facade.WriterSink;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Sinks that write down what they hear, batches to send, and waiting with a bound. */
final class Collected {
    private static final long WAIT_SECONDS = 20;

    private Collected() {}

    /** A batch of records with these values, all with one timestamp. */
    static ByteBuf batch(long timestampMs, String... values) {
        return batch(PooledByteBufAllocator.DEFAULT, timestampMs, values);
    }

    static ByteBuf batch(ByteBufAllocator allocator, long timestampMs, String... values) {
        try (BatchBuilder builder = new BatchBuilder(allocator, Compression.NONE, Limits.DEFAULT)) {
            for (String value : values) {
                builder.append(timestampMs, null, value.getBytes(StandardCharsets.UTF_8), List.of());
            }
            return builder.build();
        }
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(what + " did not come in " + WAIT_SECONDS + " s");
            }
            LockSupport.parkNanos(200_000);
        }
    }

    /** What a reader hears: {@code partition:offset=value}, ends and errors. */
    static final class Reading implements BatchSink {
        final List<String> records = new CopyOnWriteArrayList<>();
        final List<String> events = new CopyOnWriteArrayList<>();
        final List<Long> addresses = new CopyOnWriteArrayList<>();
        volatile boolean ended;

        @Override
        public void onBatch(int handle, int count, ByteBuf batch) {
            try (RecordCursor cursor = RecordCursor.open(batch, Limits.DEFAULT)) {
                List<String> seen = new ArrayList<>();
                while (cursor.next()) {
                    byte[] value = cursor.value();
                    String text = value == null ? "null" : new String(value, StandardCharsets.UTF_8);
                    seen.add(handle + ":" + cursor.offset() + "=" + text);
                }
                if (batch.hasMemoryAddress()) {
                    addresses.add(batch.memoryAddress() + batch.readerIndex());
                }
                records.addAll(seen);
            } finally {
                batch.release();
            }
        }

        @Override
        public void onGap(int handle, long from, long to) {
            events.add("gap " + handle + " " + from + " " + to);
        }

        @Override
        public void onPartitionEnd(int handle, @Nullable LevadaException error) {
            events.add("end " + handle + (error == null ? "" : " " + error.line()));
        }

        @Override
        public void onComplete() {
            events.add("complete");
            ended = true;
        }

        @Override
        public void onError(Throwable error) {
            events.add(LevadaException.of(error).line());
            ended = true;
        }

        Reading awaitEnd() {
            await("the end of reading", () -> ended);
            return this;
        }

        Reading awaitRecords(int count) {
            await(count + " records", () -> records.size() >= count);
            return this;
        }
    }

    /** What a writer hears. */
    static final class Writing implements WriterSink {
        final List<String> acks = new CopyOnWriteArrayList<>();
        final List<String> events = new CopyOnWriteArrayList<>();
        volatile int creditBatches;
        volatile long creditBytes;
        volatile int maxRecordBytes;
        volatile boolean ended;

        @Override
        public void onOpen(int partitions, int maxRecordBytes) {
            events.add("open " + partitions);
            this.maxRecordBytes = maxRecordBytes;
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // sinks are called serially
        public void onCredit(int batches, long bytes) {
            creditBatches += batches;
            creditBytes += bytes;
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
            events.add("complete");
            ended = true;
        }

        @Override
        public void onError(Throwable error) {
            events.add(LevadaException.of(error).line());
            ended = true;
        }

        Writing awaitEnd() {
            await("the end of writing", () -> ended);
            return this;
        }

        Writing awaitAcks(int count) {
            await(count + " acknowledgements", () -> acks.size() >= count);
            return this;
        }
    }
}
