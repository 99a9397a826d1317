package io.levada.delivery;

import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;

/** Steps over batches that stand one behind the other in a buffer; indexes count from its reader index, which stays. */
final class BatchWalk {
    private BatchWalk() {}

    /** The batch at an index, borrowed. */
    static ByteBuf batchAt(ByteBuf batches, int index) {
        ByteBuf rest = batches.slice(batches.readerIndex() + index, batches.readableBytes() - index);
        return rest.slice(0, RecordBatch.sizeInBytes(rest));
    }

    /** Where the first batch begins, at or behind an index, that does not lie wholly before an offset; or the end. */
    static int find(ByteBuf batches, int index, long offset) {
        int at = index;
        while (at < batches.readableBytes()) {
            ByteBuf batch = batchAt(batches, at);
            if (RecordBatch.nextOffset(batch) > offset) {
                return at;
            }
            at += batch.readableBytes();
        }
        return at;
    }

    /** The offset behind the last batch; -1 where there is none. */
    static long nextOffset(ByteBuf batches) {
        long next = -1;
        for (int at = 0; at < batches.readableBytes(); ) {
            ByteBuf batch = batchAt(batches, at);
            next = RecordBatch.nextOffset(batch);
            at += batch.readableBytes();
        }
        return next;
    }
}
