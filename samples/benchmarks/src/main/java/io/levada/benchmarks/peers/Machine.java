package io.levada.benchmarks.peers;

import io.levada.benchmarks.RawDisk;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.HdrHistogram.Histogram;

/** What the machine itself can do: loopback, bare RSocket and the disk, nothing of them any system's. */
final class Machine {
    /** What its figures stand under, beside those of the systems. */
    static final String LABEL = "machine";

    private static final int CHUNK_BYTES = 64 << 10;
    private static final int RECORD_BYTES = 100;

    private final Path directory;
    private final double seconds;
    private final Row loopback = row("loopback TCP, 64 KiB writes", "MB/s");
    private final Row frames = row("RSocket, stream of 100 B payloads", "frames/s");
    private final Row small = row("RSocket, stream of 100 B payloads", "MB/s");
    private final Row large = row("RSocket, as many bytes in payloads of 64 KiB", "MB/s");
    private final Row write = row("file, 512 MiB one behind the other, forced at the end", "MB/s");
    private final Row forceMedian = row("4 KiB and fdatasync, p50", "ms");
    private final Row forceTail = row("4 KiB and fdatasync, p99", "ms");

    /**
     * Nothing is done yet.
     *
     * @param directory for a file, which is deleted
     */
    Machine(Path directory, double seconds) {
        this.directory = directory;
        this.seconds = seconds;
    }

    private static Row row(String work, String unit) {
        return Row.of("machine", work, unit);
    }

    Row[] rows() {
        return new Row[] {loopback, frames, small, large, write, forceMedian, forceTail};
    }

    /** Takes each figure once. */
    void round() throws IOException {
        loopback.add(LABEL, loopbackBytesPerSecond() / 1e6);
        try (RawRSocket socket = new RawRSocket()) {
            long began = System.nanoTime();
            long count = socket.countFor(RECORD_BYTES, seconds);
            double rate = count / ((System.nanoTime() - began) / 1e9);
            frames.add(LABEL, rate);
            small.add(LABEL, rate * RECORD_BYTES / 1e6);
            long chunks = Math.max(1, count * RECORD_BYTES / CHUNK_BYTES);
            began = System.nanoTime();
            socket.take(CHUNK_BYTES, chunks);
            large.add(LABEL, chunks * CHUNK_BYTES / ((System.nanoTime() - began) / 1e3));
        }
        disk();
    }

    private void disk() throws IOException {
        Path file = directory.resolve("machine.bin");
        try {
            write.add(LABEL, RawDisk.sequentialMegabytesPerSecond(file));
            Files.delete(file);
            RawDisk.settle(file);
            Histogram forces = RawDisk.forces(file);
            forceMedian.add(LABEL, forces.getValueAtPercentile(50) / 1e6);
            forceTail.add(LABEL, forces.getValueAtPercentile(99) / 1e6);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** One thread writes, another reads. */
    private double loopbackBytesPerSecond() throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (SocketChannel reader = SocketChannel.open(server.getLocalAddress())) {
                SocketChannel writer = server.accept();
                long deadline = System.nanoTime() + (long) (seconds * 1e9);
                Thread thread = new Thread(() -> write(writer, deadline), "loopback");
                thread.start();
                ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
                long began = System.nanoTime();
                long bytes = 0;
                for (int n = reader.read(chunk); n >= 0; n = reader.read(chunk.clear())) {
                    bytes += n;
                }
                return bytes / ((System.nanoTime() - began) / 1e9);
            }
        }
    }

    private static void write(SocketChannel channel, long deadlineNanos) {
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
        try (channel) {
            while (System.nanoTime() < deadlineNanos) {
                channel.write(chunk.clear());
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
