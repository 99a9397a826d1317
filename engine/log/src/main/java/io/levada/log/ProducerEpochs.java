package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The one epoch that each producer with a name may append with, in every partition, also where it has not appended yet.
 * Producers that are not listed are each partition's own affair. Looked at once for each batch, on the partition's loop:
 * when {@link #set} has returned, what comes with another epoch is refused. Safe for any thread.
 */
public final class ProducerEpochs {
    private static final int NONE = -1;

    private final Map<Long, Integer> epochs = new ConcurrentHashMap<>();

    /** From now on this epoch alone is taken of a producer. */
    public void set(long producerId, short epoch) {
        epochs.put(producerId, (int) epoch);
    }

    /** From now on nothing is taken of a producer. */
    public void retire(long producerId) {
        epochs.put(producerId, NONE);
    }

    /** Why a producer's batch is not to be appended, or null. */
    @Nullable
    LevadaException refusal(ByteBuf batch) {
        long id = RecordBatch.producerId(batch);
        Integer current = epochs.get(id);
        short epoch = RecordBatch.producerEpoch(batch);
        if (current == null || current == epoch) {
            return null;
        }
        return new LevadaException(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                epoch > current && current != NONE
                        ? "epoch " + epoch + " of producer " + id + " was never given out; the newest is " + current
                        : "epoch " + epoch + " of producer " + id
                                + " is over: its name was opened again, and another one publishes in its place");
    }
}
