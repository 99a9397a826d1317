package io.levada.facade;

import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.Topics;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/** An engine whose every answer the test gives. It keeps what it is told; nothing happens by itself. */
final class FakeEngine implements Engine {
    final List<Writer> writers = new CopyOnWriteArrayList<>();
    final List<Reader> readers = new CopyOnWriteArrayList<>();
    final List<Session> sessions = new CopyOnWriteArrayList<>();
    boolean shutDown;
    boolean hangs;

    @Override
    public Topics topics() {
        throw new UnsupportedOperationException("no topics");
    }

    @Override
    public Groups groups() {
        throw new UnsupportedOperationException("no groups");
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        Writer writer = new Writer(topic, sink);
        writers.add(writer);
        return writer;
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        Reader reader = new Reader(sink);
        readers.add(reader);
        return reader;
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        Session session = new Session(spec, sink);
        sessions.add(session);
        return session;
    }

    @Override
    public Mono<Void> shutdown() {
        return hangs ? Mono.never() : Mono.fromRunnable(this::close);
    }

    @Override
    public void close() {
        shutDown = true;
    }

    Writer writer() {
        return writers.get(writers.size() - 1);
    }

    Reader reader() {
        return readers.get(readers.size() - 1);
    }

    Session session() {
        return sessions.get(sessions.size() - 1);
    }

    /** A batch of records without keys, with timestamps 1000, 1001 and so on. */
    static ByteBuf batch(long baseOffset, String... values) {
        try (BatchBuilder builder =
                new BatchBuilder(ByteBufAllocator.DEFAULT, io.levada.Compression.NONE, Limits.DEFAULT)) {
            long timestamp = 1_000;
            for (String value : values) {
                builder.append(timestamp++, null, value.getBytes(StandardCharsets.UTF_8), List.of());
            }
            ByteBuf batch = builder.build();
            RecordBatch.stamp(batch, baseOffset, -1);
            return batch;
        }
    }

    record Sent(int partition, long sequence, int bytes, List<String> values) {}

    static final class Writer implements BatchWriter {
        final String topic;
        final WriterSink sink;
        final List<Sent> sent = new CopyOnWriteArrayList<>();
        volatile boolean completed;
        volatile boolean cancelled;

        Writer(String topic, WriterSink sink) {
            this.topic = topic;
            this.sink = sink;
        }

        void open(int partitions) {
            sink.onOpen(partitions, 1 << 20);
            sink.onCredit(1_000, 1L << 30);
        }

        @Override
        public void write(int partition, long sequence, ByteBuf batch) {
            try {
                RecordBatch.validatePublished(batch, Limits.DEFAULT);
                sent.add(new Sent(partition, sequence, batch.readableBytes(), values(batch)));
            } finally {
                batch.release();
            }
        }

        private static List<String> values(ByteBuf batch) {
            List<String> values = new ArrayList<>();
            try (RecordCursor cursor = RecordCursor.open(batch, Limits.DEFAULT)) {
                while (cursor.next()) {
                    byte[] value = cursor.value();
                    values.add(value == null ? "null" : new String(value, StandardCharsets.UTF_8));
                }
            }
            return values;
        }

        @Override
        public void complete() {
            completed = true;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    /** Counts credit down as batches are sent, as an engine does. */
    static final class Reader implements GroupSession.AssignedReader {
        final BatchSink sink;
        final AtomicLong records = new AtomicLong();
        final AtomicLong bytes = new AtomicLong();
        final Map<Integer, Long> added = new HashMap<>();
        final List<Integer> removed = new ArrayList<>();
        volatile boolean cancelled;

        Reader(BatchSink sink) {
            this.sink = sink;
        }

        void send(int handle, long baseOffset, String... values) {
            ByteBuf batch = batch(baseOffset, values);
            records.addAndGet(-values.length);
            bytes.addAndGet(-batch.readableBytes());
            sink.onBatch(handle, values.length, batch);
        }

        @Override
        public void credit(long moreRecords, long moreBytes) {
            if (moreRecords < 0 || moreBytes < 0) {
                throw new AssertionError("negative credit " + moreRecords + ", " + moreBytes);
            }
            records.accumulateAndGet(moreRecords, reactor.core.publisher.Operators::addCap);
            bytes.addAndGet(moreBytes);
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        @Override
        public void add(int handle, long offset) {
            added.put(handle, offset);
        }

        @Override
        public void remove(int handle) {
            removed.add(handle);
        }
    }

    static final class Commit {
        final Map<Integer, Long> offsets;
        private final MonoSink<Void> answer;

        Commit(Map<Integer, Long> offsets, MonoSink<Void> answer) {
            this.offsets = Map.copyOf(offsets);
            this.answer = answer;
        }

        void done() {
            answer.success();
        }

        void fail(LevadaException error) {
            answer.error(error);
        }
    }

    static final class Session implements GroupSession {
        final JoinSpec spec;
        final MemberSink sink;
        final List<Reader> readers = new ArrayList<>();
        final List<Commit> commits = new ArrayList<>();
        final List<Integer> revoked = new ArrayList<>();
        boolean left;
        boolean aborted;

        Session(JoinSpec spec, MemberSink sink) {
            this.spec = spec;
            this.sink = sink;
        }

        Reader reader() {
            return readers.get(readers.size() - 1);
        }

        @Nullable
        Commit lastCommit() {
            return commits.isEmpty() ? null : commits.get(commits.size() - 1);
        }

        @Override
        public AssignedReader read(BatchSink batches) {
            Reader reader = new Reader(batches);
            readers.add(reader);
            return reader;
        }

        @Override
        public Mono<Void> commit(Map<Integer, CommitPoint> points) {
            Map<Integer, Long> offsets = new HashMap<>();
            points.forEach((handle, point) -> offsets.put(handle, point.offset()));
            return Mono.create(answer -> commits.add(new Commit(offsets, answer)));
        }

        @Override
        public void revoked(int handle) {
            revoked.add(handle);
        }

        @Override
        public void leave() {
            left = true;
        }

        @Override
        public void abort() {
            aborted = true;
        }
    }
}
