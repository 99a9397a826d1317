package io.levada.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.HdrHistogram.Histogram;

/** What the disk can do by itself. */
final class RawDisk {
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int CHUNKS = 512;
    private static final int SECTOR_BYTES = 4096;
    private static final int FORCES = 500;

    private RawDisk() {}

    /** Megabytes a second, written one behind the other and forced once at the end. */
    static double sequentialMegabytesPerSecond(Path file) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            long begin = System.nanoTime();
            for (int i = 0; i < CHUNKS; i++) {
                channel.write(chunk.clear());
            }
            channel.force(false);
            return (double) CHUNKS * CHUNK_BYTES / (System.nanoTime() - begin) * 1e3;
        }
    }

    /** Nanoseconds of a write of a sector and its force, in a file that is filled in advance. */
    static Histogram forces(Path file) throws IOException {
        Histogram latencies = new Histogram(3);
        ByteBuffer sector = ByteBuffer.allocateDirect(SECTOR_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int i = 0; i < FORCES; i++) {
                channel.write(sector.clear());
            }
            channel.force(false);
            for (int i = 0; i < FORCES; i++) {
                long begin = System.nanoTime();
                channel.write(sector.clear(), (long) i * SECTOR_BYTES);
                channel.force(false);
                latencies.recordValue(System.nanoTime() - begin);
            }
        }
        return latencies;
    }
}
