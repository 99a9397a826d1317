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
    /** Makes a batch one of this producer; see {@link RecordBatch#setProducer}. */
    public void number(ByteBuf batch, int baseSequence) {
        RecordBatch.setProducer(batch, id, epoch, baseSequence);
    }
}
