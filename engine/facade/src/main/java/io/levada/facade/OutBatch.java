package io.levada.facade;

import io.levada.Ack;
import io.levada.Record;
import io.levada.protocol.BatchBuilder;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** A batch on its way out: filled, sealed, sent, acknowledged, and then the source of its records' acknowledgements. */
final class OutBatch {
    private final int partition;
    private @Nullable BatchBuilder builder;
    private @Nullable ByteBuf sealed;
    private long[] timestamps = new long[16];
    private int count;
    private int emitted;
    private int bytes;
    private int lastBytes;
    private int acknowledged; // so many of its first records
    private long lastRun; // where the first record would stand, if all of them stood as the last do

    /** The runs before the last one, where it is told of in parts. */
    private @Nullable Queue<Part> parts;

    /** @param start where the first record would stand, if all of them stood as those of this part do */
    private record Part(int endIndex, long start) {}

    OutBatch(int partition, BatchBuilder builder) {
        this.partition = partition;
        this.builder = builder;
    }

    int partition() {
        return partition;
    }

    /** Adds a record that fits the limits, or fails and changes nothing. */
    void append(Record record, long timestampMs) {
        BatchBuilder target = filling();
        target.append(timestampMs, record.key(), record.value(), record.headers());
        if (count == timestamps.length) {
            timestamps = Arrays.copyOf(timestamps, count * 2);
        }
        timestamps[count++] = timestampMs;
        lastBytes = target.sizeInBytes() - bytes;
        bytes += lastBytes;
    }

    /** What the record added last made the batch grow by, the first with the batch's header. */
    int lastBytes() {
        return lastBytes;
    }

    /** Encoded size before compression. */
    int bytes() {
        return bytes;
    }

    /** Makes the batch; gives the builder back, to be used again. */
    BatchBuilder seal() {
        BatchBuilder used = filling();
        sealed = used.build();
        builder = null;
        return used;
    }

    /** The sealed batch, which becomes the caller's. */
    ByteBuf take() {
        ByteBuf taken = sealed;
        if (taken == null) {
            throw new IllegalStateException("not sealed, or taken before");
        }
        sealed = null;
        return taken;
    }

    /** The next so many records stand from this offset on; false where that would be all that are left, or more. */
    boolean acknowledgedPart(int records, long offset) {
        if (records <= 0 || records >= count - acknowledged) {
            return false;
        }
        Queue<Part> known = parts;
        if (known == null) {
            parts = known = new ArrayDeque<>();
        }
        known.add(new Part(acknowledged + records, offset - acknowledged));
        acknowledged += records;
        return true;
    }

    /** All that are left stand from this offset on. */
    void acknowledged(long offset) {
        lastRun = offset - acknowledged;
        acknowledged = count;
    }

    /** Whether it is known where its next record stands. */
    boolean hasAck() {
        return emitted < acknowledged;
    }

    /** The acknowledgement of its next record. */
    Ack nextAck(String topic) {
        int index = emitted++;
        return new Ack(topic, partition, start(index) + index, timestamps[index]);
    }

    private long start(int index) {
        Queue<Part> known = parts;
        if (known == null) {
            return lastRun;
        }
        Part part;
        while ((part = known.peek()) != null && part.endIndex <= index) {
            known.remove();
        }
        return part == null ? lastRun : part.start;
    }

    /** Drops what was not taken. */
    void release() {
        if (builder != null) {
            builder.close();
        }
        if (sealed != null) {
            sealed.release();
            sealed = null;
        }
    }

    private BatchBuilder filling() {
        BatchBuilder target = builder;
        if (target == null) {
            throw new IllegalStateException("sealed before");
        }
        return target;
    }
}
