package io.levada.benchmarks;

import io.levada.log.PartitionLog;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/** Appends to a log in a directory until it is killed; says when it has reached a size. A program of its own. */
final class Filler {
    private static final int PARTITIONS = 16;
    private static final int RECORDS = 64;
    private static final int RECORD_BYTES = 1024;
    private static final int WINDOW = 256;
    static final String FULL = "full";

    private Filler() {}

    /**
     * Fills.
     *
     * @param args the directory, and bytes
     */
    public static void main(String[] args) throws IOException {
        long wanted = Long.parseLong(args[1]);
        Semaphore window = new Semaphore(WINDOW);
        AtomicLong durable = new AtomicLong();
        try (LogUnderTest log = new LogUnderTest(Path.of(args[0]), PARTITIONS, Map.of())) {
            List<PartitionLog> partitions = log.partitions();
            ByteBuf batch = LogUnderTest.batch(RECORDS, RECORD_BYTES);
            int size = batch.readableBytes();
            boolean told = false;
            for (int i = 0; ; i = (i + 1) % PARTITIONS) {
                window.acquireUninterruptibly();
                ByteBuf copy = ByteBufAllocator.DEFAULT.directBuffer(size);
                copy.writeBytes(batch, 0, size);
                partitions.get(i).append(copy, (offset, error) -> {
                    durable.addAndGet(size);
                    window.release();
                });
                if (!told && durable.get() >= wanted) {
                    told = true;
                    System.out.println(FULL); // the parent's sign
                }
            }
        }
    }
}
