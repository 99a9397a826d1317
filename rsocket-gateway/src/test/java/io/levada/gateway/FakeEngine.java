package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.TopicDescription;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.Topics;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.BatchWriter;
import io.levada.facade.CommitPoint;
import io.levada.facade.Engine;
import io.levada.facade.EngineHealth;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.facade.ProducerId;
import io.levada.facade.WriterSink;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** An engine whose part is played by the test: it records what it is asked, and says what the test has it say. */
final class FakeEngine implements Engine {
    static final UUID ID = new UUID(1, 2);
    static final UUID LOG = new UUID(3, 4);

    final BlockingQueue<FakeWriter> writers = new LinkedBlockingQueue<>();
    final BlockingQueue<FakeReader> readers = new LinkedBlockingQueue<>();
    final BlockingQueue<FakeSession> sessions = new LinkedBlockingQueue<>();
    final Map<String, TopicSpec> topics = new TreeMap<>();

    /** It has more bits than a double holds. */
    volatile ProducerId unnamed = new ProducerId((1L << 53) + 1, (short) 0);

    volatile EngineHealth health = EngineHealth.SOUND;

    @Override
    public Topics topics() {
        return new FakeTopics();
    }

    @Override
    public Groups groups() {
        return new FakeGroups();
    }

    @Override
    public Mono<ProducerId> openProducer(@Nullable String name) {
        return Mono.just(name == null ? unnamed : new ProducerId(7, (short) 3));
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        FakeWriter writer = new FakeWriter(topic, null, sink);
        writers.add(writer);
        return writer;
    }

    @Override
    public BatchWriter write(String topic, ExpectedPlace place, WriterSink sink) {
        FakeWriter writer = new FakeWriter(topic, place, sink);
        writers.add(writer);
        return writer;
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        FakeReader reader = new FakeReader(spec, sink);
        readers.add(reader);
        return reader;
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        FakeSession session = new FakeSession(spec, sink);
        sessions.add(session);
        return session;
    }

    @Override
    public EngineHealth health() {
        return health;
    }

    @Override
    public Mono<Void> shutdown() {
        return Mono.empty();
    }

    @Override
    public void close() {}

    record Written(int partition, long sequence, byte[] batch) {}

    static final class FakeWriter implements BatchWriter {
        final String topic;
        final @Nullable ExpectedPlace place;
        final WriterSink sink;
        final BlockingQueue<Written> written = new LinkedBlockingQueue<>();
        final AtomicBoolean completed = new AtomicBoolean();
        final AtomicBoolean cancelled = new AtomicBoolean();

        FakeWriter(String topic, @Nullable ExpectedPlace place, WriterSink sink) {
            this.topic = topic;
            this.place = place;
            this.sink = sink;
        }

        @Override
        public void write(int partition, long sequence, ByteBuf batch) {
            byte[] bytes = new byte[batch.readableBytes()];
            batch.getBytes(batch.readerIndex(), bytes);
            batch.release();
            written.add(new Written(partition, sequence, bytes));
        }

        @Override
        public void complete() {
            completed.set(true);
        }

        @Override
        public void cancel() {
            cancelled.set(true);
        }
    }

    static class FakeReader implements GroupSession.AssignedReader {
        final @Nullable ReadSpec spec;
        final BatchSink sink;
        final AtomicLong records = new AtomicLong();
        final AtomicLong bytes = new AtomicLong();
        final AtomicBoolean cancelled = new AtomicBoolean();
        final BlockingQueue<String> calls = new LinkedBlockingQueue<>();

        FakeReader(@Nullable ReadSpec spec, BatchSink sink) {
            this.spec = spec;
            this.sink = sink;
        }

        @Override
        public void credit(long moreRecords, long moreBytes) {
            records.accumulateAndGet(moreRecords, FakeReader::saturated);
            bytes.accumulateAndGet(moreBytes, FakeReader::saturated);
        }

        private static long saturated(long a, long b) {
            return a + b < 0 ? Long.MAX_VALUE : a + b;
        }

        @Override
        public void cancel() {
            cancelled.set(true);
        }

        @Override
        public void add(int handle, long offset) {
            calls.add("add " + handle + " " + offset);
        }

        @Override
        public void remove(int handle) {
            calls.add("remove " + handle);
        }
    }

    static final class FakeSession implements GroupSession {
        final JoinSpec spec;
        final MemberSink sink;
        final BlockingQueue<FakeReader> readers = new LinkedBlockingQueue<>();
        final BlockingQueue<String> calls = new LinkedBlockingQueue<>();
        final Sinks.Empty<Void> commits = Sinks.empty();

        FakeSession(JoinSpec spec, MemberSink sink) {
            this.spec = spec;
            this.sink = sink;
        }

        @Override
        public AssignedReader read(BatchSink batches) {
            FakeReader reader = new FakeReader(null, batches);
            readers.add(reader);
            return reader;
        }

        @Override
        public Mono<Void> commit(Map<Integer, CommitPoint> points) {
            calls.add("commit " + new TreeMap<>(points));
            return points.containsValue(CommitPoint.at(999))
                    ? Mono.error(new LevadaException(ErrorCode.FENCED_MEMBER_EPOCH, "fenced"))
                    : Mono.empty();
        }

        @Override
        public void revoked(int handle) {
            calls.add("revoked " + handle);
        }

        @Override
        public void leave() {
            calls.add("leave");
            sink.onLeft();
        }

        @Override
        public void abort() {
            calls.add("abort");
        }
    }

    private final class FakeTopics implements Topics {
        /** As an engine does it, before anything is made of them. */
        private Mono<TopicDescription> checked(int partitions, Supplier<Mono<TopicDescription>> work) {
            return partitions >= 1 && partitions <= TopicSpec.MAX_PARTITIONS
                    ? work.get()
                    : Mono.error(new LevadaException(ErrorCode.INVALID_PARTITIONS, partitions + " partitions"));
        }

        @Override
        public Mono<TopicDescription> create(TopicSpec spec) {
            return checked(
                    spec.partitions(),
                    () -> topics.putIfAbsent(spec.name(), spec) == null
                            ? describe(spec.name())
                            : Mono.error(new LevadaException(
                                    ErrorCode.TOPIC_ALREADY_EXISTS, "topic " + spec.name() + " exists")));
        }

        @Override
        public Flux<String> list() {
            return Flux.fromIterable(List.copyOf(topics.keySet()));
        }

        @Override
        public Mono<TopicDescription> describe(String name) {
            TopicSpec spec = topics.get(name);
            if (spec == null) {
                return Mono.error(new LevadaException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "no topic " + name));
            }
            List<TopicDescription.PartitionDescription> partitions = IntStream.range(0, spec.partitions())
                    .mapToObj(i -> new TopicDescription.PartitionDescription(i, 1, 9, 8, 700))
                    .toList();
            return Mono.just(new TopicDescription(name, ID, LOG, partitions, spec.config()));
        }

        @Override
        public Mono<SortedMap<Integer, Long>> offsets(String name, @Nullable Integer partition, Position at) {
            return describe(name).map(topic -> {
                SortedMap<Integer, Long> offsets = new TreeMap<>();
                for (TopicDescription.PartitionDescription each : topic.partitions()) {
                    if (partition == null || partition == each.partition()) {
                        offsets.put(each.partition(), at.equals(Position.earliest()) ? each.start() : each.durable());
                    }
                }
                return offsets;
            });
        }

        @Override
        public Mono<TopicDescription> alter(String name, Map<String, String> config) {
            topics.computeIfPresent(name, (same, spec) -> {
                Map<String, String> all = new TreeMap<>(spec.config());
                all.putAll(config);
                return spec.config(all);
            });
            return describe(name);
        }

        @Override
        public Mono<TopicDescription> addPartitions(String name, int count) {
            return checked(count, () -> {
                topics.computeIfPresent(name, (same, spec) -> spec.partitions(count));
                return describe(name);
            });
        }

        @Override
        public Mono<Long> deleteRecords(String name, int partition, long beforeOffset) {
            return describe(name).map(topic -> {
                return beforeOffset;
            });
        }

        @Override
        public Mono<Void> delete(String name) {
            topics.remove(name);
            return Mono.empty();
        }
    }

    private static final class FakeGroups implements Groups {
        @Override
        public Flux<String> list() {
            return Flux.just("g");
        }

        @Override
        public Mono<GroupDescription> describe(String group) {
            return Mono.just(new GroupDescription(
                    group,
                    "Stable",
                    3,
                    List.of(new GroupDescription.MemberDescription("m", List.of(new TopicPartition("t", 0)), false)),
                    List.of(new GroupDescription.GroupOffset("t", 0, 5, 8, 3, 40))));
        }

        @Override
        public Mono<GroupDescription> reset(String group, String topic, @Nullable Integer partition, Position to) {
            return describe(group + " " + topic + " " + partition + " " + to.spelled());
        }

        @Override
        public Mono<Void> delete(String group) {
            return Mono.error(new LevadaException(ErrorCode.NON_EMPTY_GROUP, group + " has members"));
        }
    }
}
