package io.levada.facade;

import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;

/**
 * What an idempotent producer writes into the headers of its batches.
 *
 * @param id 0 or more
 * @param epoch 0 or more; of a name, each is one higher than the one before, and only the newest may append
 */
public record ProducerId(long id, short epoch) {
    /**
     * Nobody's, of an engine that gives no ids: batches are published without numbers, and what was in flight when a
     * connection was lost is {@code OUTCOME_UNKNOWN} and is not sent again.
     */
    public static final ProducerId NONE = new ProducerId(RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH);

    public boolean isNone() {
        return equals(NONE);
    }

    /** Makes a batch one of this producer, see {@link RecordBatch#setProducer}; {@link #NONE} leaves it as it is. */
    public void number(ByteBuf batch, int baseSequence) {
        if (!isNone()) {
            RecordBatch.setProducer(batch, id, epoch, baseSequence);
        }
    }
}
