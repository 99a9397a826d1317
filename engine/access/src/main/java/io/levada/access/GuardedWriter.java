package io.levada.access;

import io.levada.LevadaException;
import io.levada.facade.BatchWriter;
import io.levada.facade.WriterSink;
import io.netty.buffer.ByteBuf;

/** A writer that lasts as long as the right to publish does. For one thread at a time, as every writer. */
final class GuardedWriter implements BatchWriter {
    private final BatchWriter writer;
    private final WriterSink sink;
    private final Standing standing;
    private boolean ended;

    GuardedWriter(BatchWriter writer, WriterSink sink, Standing standing) {
        this.writer = writer;
        this.sink = sink;
        this.standing = standing;
    }

    @Override
    public void write(int partition, long sequence, ByteBuf batch) {
        LevadaException lost = ended ? null : standing.lost();
        if (lost != null) {
            ended = true;
            writer.cancel();
            GuardedEngine.later(() -> sink.onError(lost));
        }
        if (ended) {
            batch.release();
        } else {
            writer.write(partition, sequence, batch);
        }
    }

    @Override
    public void complete() {
        if (!ended) {
            writer.complete();
        }
    }

    @Override
    public void cancel() {
        writer.cancel();
    }
}
