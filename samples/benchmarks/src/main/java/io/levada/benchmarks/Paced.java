package io.levada.benchmarks;

import io.levada.log.PartitionLog;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Records that come at a given rate, each a batch of its own, and how long each takes until it is durable, counted from
 * when it was due; and the same for a plain writer that writes and forces whatever waits, to one file.
 *
 * @param burst records that come at once, to one partition after the other
 * @param perSecond records in a second
 */
record Paced(int partitions, int recordBytes, int burst, int perSecond) {
    private static final long HIGHEST_NANOS = 60_000_000_000L;
    private static final int DIGITS = 3;

    /** Latencies in nanoseconds, without the first part of the time. */
    Histogram log(Path directory, double seconds) throws IOException {
        Histogram latencies = new ConcurrentHistogram(HIGHEST_NANOS, DIGITS);
        ByteBuf batch = LogUnderTest.batch(1, recordBytes);
        int size = batch.readableBytes();
        AtomicLong open = new AtomicLong();
        try (LogUnderTest log = new LogUnderTest(directory, partitions, Map.of())) {
            List<PartitionLog> all = log.partitions();
            int[] next = {0};
            pace(seconds, latencies, (due) -> {
                ByteBuf copy = ByteBufAllocator.DEFAULT.directBuffer(size);
                copy.writeBytes(batch, 0, size);
                open.incrementAndGet();
                all.get(next[0]++ % all.size()).append(copy, (offset, error) -> {
                    if (error != null) {
                        throw new IllegalStateException("an append failed", error);
                    }
                    latencies.recordValue(Math.max(1, System.nanoTime() - due));
                    open.decrementAndGet();
                });
            });
            while (open.get() > 0) {
                Thread.onSpinWait();
            }
        } finally {
            batch.release();
        }
        return latencies;
    }

    Histogram plain(Path file, double seconds) throws IOException {
        Histogram latencies = new ConcurrentHistogram(HIGHEST_NANOS, DIGITS);
        ByteBuf batch = LogUnderTest.batch(1, recordBytes);
        Queue<Long> waiting = new ConcurrentLinkedQueue<>();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            PlainWriter writer = new PlainWriter(channel, batch.nioBuffer(), waiting, latencies);
            Thread thread = new Thread(writer, "plain-writer");
            thread.start();
            pace(seconds, latencies, due -> {
                waiting.add(due);
                LockSupport.unpark(thread);
            });
            writer.ended = true;
            LockSupport.unpark(thread);
            thread.join();
            return latencies;
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        } finally {
            batch.release();
        }
    }

    /** Calls with the time at which each record is due; the first fifth warms up. */
    private void pace(double seconds, Histogram latencies, LongConsumer record) {
        long begin = System.nanoTime();
        long gap = 1_000_000_000L * burst / perSecond;
        long bursts = (long) (seconds * perSecond / burst);
        for (long i = 0; i < bursts; i++) {
            long due = begin + i * gap;
            for (long now = System.nanoTime(); now < due; now = System.nanoTime()) {
                LockSupport.parkNanos(due - now);
            }
            if (i == bursts / 5) {
                latencies.reset();
            }
            for (int r = 0; r < burst; r++) {
                record.accept(due);
            }
        }
    }

    private static final class PlainWriter implements Runnable {
        private final FileChannel channel;
        private final ByteBuffer batch;
        private final Queue<Long> waiting;
        private final Histogram latencies;
        private volatile boolean ended;

        PlainWriter(FileChannel channel, ByteBuffer batch, Queue<Long> waiting, Histogram latencies) {
            this.channel = channel;
            this.batch = batch;
            this.waiting = waiting;
            this.latencies = latencies;
        }

        @Override
        public void run() {
            long[] dues = new long[1 << 16];
            try {
                while (!ended || !waiting.isEmpty()) {
                    int count = 0;
                    for (Long due = waiting.poll(); due != null && count < dues.length; due = waiting.poll()) {
                        dues[count++] = due;
                        channel.write(batch.duplicate());
                    }
                    if (count == 0) {
                        LockSupport.park();
                    } else {
                        channel.force(false);
                        long now = System.nanoTime();
                        for (int i = 0; i < count; i++) {
                            latencies.recordValue(Math.max(1, now - dues[i]));
                        }
                    }
                }
            } catch (IOException e) {
                throw new IllegalStateException("the plain writer failed", e);
            }
        }
    }
}
