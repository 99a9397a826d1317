package io.levada.rest;

import io.levada.facade.BatchWriter;
import io.levada.facade.Engine;
import io.levada.facade.WriterSink;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** An engine that tells of batches as if records of others stood behind the first record of each. */
final class SplittingEngine {
    /** So many of others. */
    static final long BETWEEN = 1_000;

    private SplittingEngine() {}

    static Engine over(Engine engine) {
        return (Engine) Proxy.newProxyInstance(
                Engine.class.getClassLoader(), new Class<?>[] {Engine.class}, (proxy, method, args) -> {
                    if (method.getName().equals("write") && args.length == 2) {
                        return write(engine, (String) args[0], (WriterSink) args[1]);
                    }
                    try {
                        return method.invoke(engine, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static BatchWriter write(Engine engine, String topic, WriterSink sink) {
        Map<Long, Integer> records = new ConcurrentHashMap<>();
        BatchWriter writer = engine.write(topic, new Splitting(sink, records));
        return new BatchWriter() {
            @Override
            public void write(int partition, long sequence, ByteBuf batch) {
                records.put(sequence, RecordBatch.recordCount(batch));
                writer.write(partition, sequence, batch);
            }

            @Override
            public void complete() {
                writer.complete();
            }

            @Override
            public void cancel() {
                writer.cancel();
            }
        };
    }

    private record Splitting(WriterSink sink, Map<Long, Integer> records) implements WriterSink {
        @Override
        public void onOpen(int partitions, int maxRecordBytes) {
            sink.onOpen(partitions, maxRecordBytes);
        }

        @Override
        public void onCredit(int batches, long bytes) {
            sink.onCredit(batches, bytes);
        }

        @Override
        public void onPartAck(long sequence, int count, long baseOffset) {
            throw new AssertionError("one log tells no batch in parts");
        }

        @Override
        public void onAck(long sequence, long baseOffset) {
            if (records.getOrDefault(sequence, 0) > 1) {
                sink.onPartAck(sequence, 1, baseOffset);
                sink.onAck(sequence, baseOffset + 1 + BETWEEN);
            } else {
                sink.onAck(sequence, baseOffset);
            }
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
}
