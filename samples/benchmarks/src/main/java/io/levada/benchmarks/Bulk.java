package io.levada.benchmarks;

import io.levada.log.PartitionLog;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Publishers that append batches as fast as they are acknowledged, and a plain writer of one file that appends the same
 * bytes and forces as often.
 *
 * @param publishers threads
 * @param recordBytes bytes of a record's value
 * @param recordsOfBatch records in each batch
 */
record Bulk(int partitions, int publishers, int recordBytes, int recordsOfBatch, String durability) {
    /** Bytes unacknowledged, of all publishers together. */
    private static final int WINDOW_BYTES = 16 << 20;

    /** What a round did. */
    record Round(long bytes, long forces, double seconds) {
        double megabytesPerSecond() {
            return bytes / seconds / 1e6;
        }
    }

    Round log(Path directory, double seconds) throws IOException, InterruptedException {
        ByteBuf batch = LogUnderTest.batch(recordsOfBatch, recordBytes);
        int permits = Math.max(2, WINDOW_BYTES / publishers / batch.readableBytes());
        LongAdder bytes = new LongAdder();
        try (LogUnderTest log = new LogUnderTest(directory, partitions, settings())) {
            final long forcesBefore = log.forces();
            long begin = System.nanoTime();
            long end = begin + (long) (seconds * 1e9);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < publishers; i++) {
                int first = i;
                Thread thread = new Thread(() -> publish(log.partitions(), first, batch, permits, end, bytes));
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            double took = (System.nanoTime() - begin) / 1e9;
            return new Round(bytes.sum(), log.forces() - forcesBefore, took);
        } finally {
            batch.release();
        }
    }

    private Map<String, String> settings() {
        return durability.equals("fsync") ? Map.of() : Map.of("durability", durability);
    }

    private void publish(
            List<PartitionLog> partitions, int first, ByteBuf batch, int permits, long end, LongAdder bytes) {
        Semaphore window = new Semaphore(permits);
        int size = batch.readableBytes();
        for (int i = first; System.nanoTime() < end; i += publishers) {
            window.acquireUninterruptibly();
            ByteBuf copy = ByteBufAllocator.DEFAULT.directBuffer(size);
            copy.writeBytes(batch, 0, size);
            partitions.get(i % partitions.size()).append(copy, (offset, error) -> {
                if (error != null) {
                    throw new IllegalStateException("an append failed", error);
                }
                bytes.add(size);
                window.release();
            });
        }
        window.acquireUninterruptibly(permits);
    }

    /** Appends as many bytes, in the same batches, with as many forces spread evenly. */
    Round plain(Path file, Round like) throws IOException {
        ByteBuf batch = LogUnderTest.batch(recordsOfBatch, recordBytes);
        ByteBuffer bytes = batch.nioBuffer();
        long batches = like.bytes() / bytes.remaining();
        long forces = Math.max(1, like.forces());
        long forced = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            long begin = System.nanoTime();
            for (long i = 0; i < batches; i++) {
                ByteBuffer next = bytes.duplicate();
                while (next.hasRemaining()) {
                    channel.write(next);
                }
                if ((i + 1) * forces / batches > forced) {
                    channel.force(false);
                    forced++;
                }
            }
            return new Round(
                    like.bytes(),
                    forced,
                    Math.max(1, System.nanoTime() - begin) / (double) TimeUnit.SECONDS.toNanos(1));
        } finally {
            batch.release();
        }
    }
}
