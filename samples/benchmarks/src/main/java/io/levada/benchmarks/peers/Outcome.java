package io.levada.benchmarks.peers;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What came of a task.
 *
 * @param records published, or delivered to all groups together
 * @param seconds from the first record until all was acknowledged or delivered
 * @param cpuSeconds of the processor, used by the whole task: here the driver's, then with the server's
 * @param latencies nanoseconds, as HdrHistogram writes it, in Base64; null where none were taken
 */
record Outcome(
        long records,
        double seconds,
        double cpuSeconds,
        @Nullable String latencies) {
    static Outcome of(long records, long nanos) {
        return new Outcome(records, nanos / 1e9, 0, null);
    }

    static Outcome of(Histogram latencies, long nanos) {
        ByteBuffer bytes = ByteBuffer.allocate(latencies.getNeededByteBufferCapacity());
        byte[] written = new byte[latencies.encodeIntoCompressedByteBuffer(bytes)];
        bytes.flip().get(written);
        return new Outcome(
                latencies.getTotalCount(), nanos / 1e9, 0, Base64.getEncoder().encodeToString(written));
    }

    Outcome withCpuSeconds(double more) {
        return new Outcome(records, seconds, cpuSeconds + more, latencies);
    }

    /** What a record costs both processes together. */
    double cpuNanosPerRecord() {
        return cpuSeconds * 1e9 / records;
    }

    double recordsPerSecond() {
        return records / seconds;
    }

    Histogram histogram() {
        if (latencies == null) {
            throw new IllegalStateException("no latencies were taken");
        }
        try {
            return Histogram.decodeFromCompressedByteBuffer(
                    ByteBuffer.wrap(Base64.getDecoder().decode(latencies)), 0);
        } catch (DataFormatException e) {
            throw new IllegalStateException(e);
        }
    }
}
