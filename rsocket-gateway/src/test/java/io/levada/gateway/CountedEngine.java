package io.levada.gateway;

import io.levada.Compression;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.Topics;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.BatchWriter;
import io.levada.facade.Engine;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.facade.ProducerId;
import io.levada.facade.ReadTotals;
import io.levada.facade.WriterSink;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** An engine that shows each batch to somebody who counts, as it leaves for a reader; closing it leaves the engine open. */
final class CountedEngine implements Engine {
    private final Engine engine;
    private final int factor;
    private volatile Counter counter = (records, batch) -> {};

    /** Who counts; the batch is borrowed. */
    interface Counter {
        void took(int records, ByteBuf batch);
    }

    /**
     * @param factor what all credit is multiplied with: more than 1 breaks the engine's promise
     */
    CountedEngine(Engine engine, int factor) {
        this.engine = engine;
        this.factor = factor;
    }

    /** Who counts for the readers that are opened from here on. */
    void count(Counter next) {
        counter = next;
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        BatchReader reader = engine.read(spec, new Counting(sink, counter));
        return new BatchReader() {
            @Override
            public void credit(long records, long bytes) {
                reader.credit(records * factor, bytes * factor);
            }

            @Override
            public void cancel() {
                reader.cancel();
            }
        };
    }

    private record Counting(BatchSink sink, Counter counter) implements BatchSink {
        @Override
        public boolean accepts(Compression codec) {
            return sink.accepts(codec);
        }

        @Override
        public void onBatch(int handle, int records, ByteBuf batch) {
            counter.took(records, batch);
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
    public ReadTotals readTotals() {
        return engine.readTotals();
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        return engine.write(topic, sink);
    }

    @Override
    public BatchWriter write(String topic, ExpectedPlace place, WriterSink sink) {
        return engine.write(topic, place, sink);
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        return engine.join(spec, sink);
    }

    @Override
    public Mono<Void> shutdown() {
        return Mono.empty();
    }

    @Override
    public void close() {}
}
