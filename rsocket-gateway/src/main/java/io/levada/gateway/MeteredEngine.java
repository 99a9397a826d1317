package io.levada.gateway;

import io.levada.Compression;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.Topics;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.BatchWriter;
import io.levada.facade.CommitPoint;
import io.levada.facade.Engine;
import io.levada.facade.EngineHealth;
import io.levada.facade.EngineTotals;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.facade.ProducerId;
import io.levada.facade.ReadTotals;
import io.levada.facade.WriterSink;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** An engine whose batches are counted as they come and go, whoever serves them, over whichever protocol. */
record MeteredEngine(Engine engine, Traffic traffic) implements Engine {
    @Override
    public Topics topics() {
        return engine.topics();
    }

    @Override
    public Groups groups() {
        return engine.groups();
    }

    @Override
    public Mono<ProducerId> openProducer(@Nullable String name) {
        return engine.openProducer(name);
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        return metered(sink, counted -> engine.write(topic, counted));
    }

    @Override
    public BatchWriter write(String topic, ExpectedPlace place, WriterSink sink) {
        return metered(sink, counted -> engine.write(topic, place, counted));
    }

    private BatchWriter metered(WriterSink sink, Function<WriterSink, BatchWriter> open) {
        MeteredSink counted = new MeteredSink(sink, traffic);
        return new MeteredWriter(open.apply(counted), counted);
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        return engine.read(spec, new MeteredReading(sink, traffic));
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        return new MeteredSession(engine.join(spec, sink), traffic);
    }

    @Override
    public ReadTotals readTotals() {
        return engine.readTotals();
    }

    @Override
    public EngineTotals totals() {
        return engine.totals();
    }

    @Override
    public EngineHealth health() {
        return engine.health();
    }

    @Override
    public Mono<Void> shutdown() {
        return engine.shutdown();
    }

    @Override
    public void close() {
        engine.close();
    }

    /** What of a batch is needed once it is acknowledged. */
    private record Sent(int records, int bytes, long atNanos) {
        /** The engine finds out whether it is a batch at all. */
        static Sent now(ByteBuf batch) {
            int bytes = batch.readableBytes();
            int records = bytes < RecordBatch.HEADER_BYTES ? 0 : RecordBatch.recordCount(batch);
            return new Sent(records, bytes, System.nanoTime());
        }
    }

    private record MeteredWriter(BatchWriter writer, MeteredSink sink) implements BatchWriter {
        @Override
        public void write(int partition, long sequence, ByteBuf batch) {
            sink.sent.put(sequence, Sent.now(batch));
            writer.write(partition, sequence, batch);
        }

        @Override
        public void complete() {
            writer.complete();
        }

        @Override
        public void cancel() {
            writer.cancel();
            sink.sent.clear();
        }
    }

    /** Batches in flight are bounded by the credit that the engine grants. */
    private static final class MeteredSink implements WriterSink {
        private final WriterSink sink;
        private final Traffic traffic;
        private final Map<Long, Sent> sent = new ConcurrentHashMap<>();

        MeteredSink(WriterSink sink, Traffic traffic) {
            this.sink = sink;
            this.traffic = traffic;
        }

        @Override
        public void onOpen(int partitions, int maxRecordBytes) {
            sink.onOpen(partitions, maxRecordBytes);
        }

        @Override
        public void onCredit(int batches, long bytes) {
            sink.onCredit(batches, bytes);
        }

        @Override
        public void onPartAck(long sequence, int records, long baseOffset) {
            sink.onPartAck(sequence, records, baseOffset);
        }

        @Override
        public void onAck(long sequence, long baseOffset) {
            Sent batch = sent.remove(sequence);
            if (batch != null) {
                traffic.published(batch.records, batch.bytes, System.nanoTime() - batch.atNanos);
            }
            sink.onAck(sequence, baseOffset);
        }

        @Override
        public void onComplete() {
            sink.onComplete();
        }

        @Override
        public void onError(Throwable error) {
            sent.clear();
            sink.onError(error);
        }
    }

    private record MeteredReading(BatchSink sink, Traffic traffic) implements BatchSink {
        @Override
        public boolean accepts(Compression codec) {
            return sink.accepts(codec);
        }

        @Override
        public void onBatch(int handle, int records, ByteBuf batch) {
            traffic.delivered(records, batch.readableBytes());
            sink.onBatch(handle, records, batch);
        }

        @Override
        public void onGap(int handle, long from, long to) {
            sink.onGap(handle, from, to);
        }

        @Override
        public void onDropped(int handle, long from, long to) {
            sink.onDropped(handle, from, to);
        }

        @Override
        public void onPassed(int handle, long offset) {
            sink.onPassed(handle, offset);
        }

        @Override
        public void onPartitionEnd(int handle, @Nullable LevadaException error) {
            sink.onPartitionEnd(handle, error);
        }

        @Override
        public void onComplete() {
            sink.onComplete();
        }

        @Override
        public void onError(Throwable error) {
            sink.onError(error);
        }
    }

    private record MeteredSession(GroupSession session, Traffic traffic) implements GroupSession {
        @Override
        public AssignedReader read(BatchSink sink) {
            return session.read(new MeteredReading(sink, traffic));
        }

        @Override
        public Mono<Void> commit(Map<Integer, CommitPoint> points) {
            return session.commit(points);
        }

        @Override
        public void revoked(int handle) {
            session.revoked(handle);
        }

        @Override
        public void leave() {
            session.leave();
        }

        @Override
        public void abort() {
            session.abort();
        }
    }
}
