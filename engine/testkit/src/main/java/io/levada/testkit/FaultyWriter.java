package io.levada.testkit;

import io.levada.LevadaException;
import io.levada.facade.BatchWriter;
import io.levada.facade.WriterSink;
import io.netty.buffer.ByteBuf;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A writer between a publisher and a sound one, which refuses batches and loses or holds back their acknowledgements. */
final class FaultyWriter implements BatchWriter, WriterSink {
    private final String topic;
    private final WriterSink sink;
    private final Faults faults;
    private volatile @Nullable BatchWriter sound;
    private volatile @Nullable LevadaException refused;
    private volatile boolean over;

    FaultyWriter(String topic, WriterSink sink, Faults faults) {
        this.topic = topic;
        this.sink = sink;
        this.faults = faults;
    }

    void open(Function<WriterSink, BatchWriter> open) {
        sound = open.apply(this);
    }

    private BatchWriter sound() {
        return Objects.requireNonNull(sound, "a batch before the writer is open");
    }

    /** A batch that is refused is the last: the error follows what is in flight. */
    @Override
    public void write(int partition, long sequence, ByteBuf batch) {
        if (refused == null) {
            refused = faults.nextRefusal(topic);
            if (refused == null) {
                sound().write(partition, sequence, batch);
                return;
            }
            sound().complete();
        }
        batch.release();
    }

    @Override
    public void complete() {
        if (refused == null) {
            sound().complete();
        }
    }

    @Override
    public void cancel() {
        faults.tell(() -> over = true);
        sound().cancel();
    }

    @Override
    public void onOpen(int partitions, int maxRecordBytes) {
        faults.tell(() -> sink.onOpen(partitions, maxRecordBytes));
    }

    @Override
    public void onCredit(int batches, long bytes) {
        faults.tell(() -> sink.onCredit(batches, bytes));
    }

    @Override
    public void onPartAck(long sequence, int records, long baseOffset) {
        answer(() -> sink.onPartAck(sequence, records, baseOffset));
    }

    @Override
    public void onAck(long sequence, long baseOffset) {
        answer(() -> {
            LevadaException lost = faults.nextLostAck(topic);
            if (lost == null) {
                sink.onAck(sequence, baseOffset);
            } else {
                cancel();
                sink.onError(lost);
            }
        });
    }

    @Override
    public void onComplete() {
        answer(() -> {
            LevadaException why = refused;
            if (why == null) {
                sink.onComplete();
            } else {
                sink.onError(why);
            }
        });
    }

    @Override
    public void onError(Throwable error) {
        answer(() -> sink.onError(error));
    }

    private void answer(Runnable call) {
        faults.answer(topic, () -> {
            if (!over) {
                call.run();
            }
        });
    }
}
