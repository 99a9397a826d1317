package io.levada.sdk;

import io.levada.Compression;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;

/** Batches to send about. */
final class Batches {
    private Batches() {}

    static ByteBuf of(int records, long baseOffset) {
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT)) {
            for (int i = 0; i < records; i++) {
                builder.append(i, null, new byte[100], List.of());
            }
            ByteBuf batch = builder.build();
            RecordBatch.stamp(batch, baseOffset, RecordBatch.NO_LEADER_EPOCH);
            return batch;
        }
    }
}
