package io.levada.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.HdrHistogram.Histogram;

/** What the disk can do by itself. */
public final class RawDisk {
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int CHUNKS = 512;
    private static final int SECTOR_BYTES = 4096;
    private static final int FORCES = 500;

    private static final long QUICK_NANOS = 5_000_000;
    private static final int QUICK_FORCES = 100;
    private static final int MOST_FORCES = 5_000;

    private RawDisk() {}

    /** Waits until forces are quick again: deleting large files keeps some disks busy for a while. */
    public static void settle(Path file) throws IOException {
        ByteBuffer sector = ByteBuffer.allocateDirect(SECTOR_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            int quick = 0;
            for (int i = 0; i < MOST_FORCES && quick < QUICK_FORCES; i++) {
                long begin = System.nanoTime();
                channel.write(sector.clear(), 0);
                channel.force(false);
                quick = System.nanoTime() - begin < QUICK_NANOS ? quick + 1 : 0;
            }
        }
    }

    /** Megabytes a second, written one behind the other and forced once at the end. */
    public static double sequentialMegabytesPerSecond(Path file) throws IOException {
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
    public static Histogram forces(Path file) throws IOException {
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
