package io.levada.engine;

import io.levada.Compression;
import io.levada.facade.BatchWriter;
import io.levada.facade.WriterSink;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;

/** Publishes small records, without waiting for credit or answers. */
final class TestWriter implements WriterSink {
    private final VirtualTime time;
    private final BatchWriter writer;
    private long sequence;

    private TestWriter(EmbeddedEngine engine, VirtualTime time, String topic) {
        this.time = time;
        this.writer = engine.write(topic, this);
    }

    static TestWriter open(EmbeddedEngine engine, VirtualTime time, String topic) {
        return new TestWriter(engine, time, topic);
    }

    /** Publishes so many records, each a batch of its own. */
    void publish(int partition, int records) {
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT)) {
            for (int i = 0; i < records; i++) {
                builder.append(time.wallMs(), null, new byte[] {(byte) i}, List.of());
                writer.write(partition, sequence++, builder.build());
            }
        }
    }

    @Override
    public void onOpen(int partitions, int maxRecordBytes) {}

    @Override
    public void onCredit(int batches, long bytes) {}

    @Override
    public void onPartAck(long acked, int records, long baseOffset) {
        throw new AssertionError("one log tells no batch in parts");
    }

    @Override
    public void onAck(long acked, long baseOffset) {}

    @Override
    public void onComplete() {}

    @Override
    public void onError(Throwable error) {}
}
