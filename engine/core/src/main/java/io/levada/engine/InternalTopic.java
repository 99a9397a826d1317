package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.log.PartitionLog;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Reads topics of the engine's own, each of whose records sets or removes what its key names. */
final class InternalTopic {
    private static final int READ_BYTES = 1 << 20;

    private InternalTopic() {}

    /** Takes a record; the value is null where something is removed. */
    interface Replayed {
        void record(byte[] key, byte @Nullable [] value);
    }

    /** Gives everything durable in order; may block on the disk, and fails with CORRUPT_MESSAGE, STORAGE_FAILED. */
    static void replay(PartitionLog log, String topic, Replayed replayed) {
        long offset = log.start();
        while (offset < log.durable()) {
            ByteBuf batches = log.read(offset, READ_BYTES);
            try {
                long next = offset;
                while (batches.isReadable()) {
                    ByteBuf batch = batches.readSlice(RecordBatch.sizeInBytes(batches));
                    next = RecordBatch.nextOffset(batch);
                    replay(batch, topic, replayed);
                }
                if (next <= offset) {
                    throw new LevadaException(ErrorCode.STORAGE_FAILED, "nothing was read at offset " + offset);
                }
                offset = next;
            } finally {
                batches.release();
            }
        }
    }

    private static void replay(ByteBuf batch, String topic, Replayed replayed) {
        try (RecordCursor record = RecordCursor.open(batch, Limits.DEFAULT)) {
            while (record.next()) {
                byte[] key = record.key();
                if (key == null) {
                    throw new LevadaException(
                            ErrorCode.CORRUPT_MESSAGE, "offset " + record.offset() + " of " + topic + " has no key");
                }
                replayed.record(key, record.value());
            }
        }
    }
}
