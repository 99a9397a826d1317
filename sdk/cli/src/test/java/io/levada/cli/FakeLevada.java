package io.levada.cli;

import io.levada.Ack;
import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.Group;
import io.levada.GroupDescription;
import io.levada.GroupDescription.GroupOffset;
import io.levada.GroupDescription.MemberDescription;
import io.levada.Groups;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import io.levada.Overflow;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A log in memory, just enough of one to show what the commands make of it. */
final class FakeLevada implements Levada, Topics {
    private static final UUID ID = new UUID(1, 2);

    final Map<String, List<StoredRecord>> records = new ConcurrentSkipListMap<>();
    final Map<String, Integer> partitions = new ConcurrentSkipListMap<>();
    final Map<String, Map<String, String>> configs = new TreeMap<>();
    final Map<String, Long> committed = new ConcurrentSkipListMap<>();
    final List<String> left = new CopyOnWriteArrayList<>();
    /** What was wanted of the last read, or by the last member. */
    volatile @Nullable Filter filter;

    volatile @Nullable Overflow overflow;

    final AtomicInteger mostRequested = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();

    /** What groups were asked to go on from. */
    final List<String> resets = new CopyOnWriteArrayList<>();

    /** Records behind this offset fail to be read. */
    long damagedFrom = Long.MAX_VALUE;

    /** Records from this offset on are deleted while they are read. */
    long goneFrom = Long.MAX_VALUE;

    /** Records behind this offset fail to be published. */
    long fullFrom = Long.MAX_VALUE;

    FakeLevada withTopic(String name, int count) {
        partitions.put(name, count);
        records.put(name, new CopyOnWriteArrayList<>());
        return this;
    }

    @Override
    public String address() {
        return "fake:";
    }

    @Override
    public Topics topics() {
        return this;
    }

    @Override
    public Groups groups() {
        return new FakeGroups();
    }

    private final class FakeGroups implements Groups {
        @Override
        public Flux<String> list() {
            return Flux.fromIterable(committed.keySet())
                    .map(key -> key.substring(0, key.indexOf('/')))
                    .distinct();
        }

        @Override
        public Mono<GroupDescription> describe(String group) {
            return Mono.fromSupplier(() -> describeGroup(group));
        }

        @Override
        public Mono<GroupDescription> reset(String group, String topic, @Nullable Integer partition, Position to) {
            resets.add(group + " " + topic + " " + partition + " " + to.spelled());
            return describe(group);
        }

        @Override
        public Mono<Void> delete(String group) {
            return Mono.error(new LevadaException(ErrorCode.NON_EMPTY_GROUP, "group " + group + " has members"));
        }
    }

    @Override
    public Mono<TopicDescription> create(TopicSpec spec) {
        if (partitions.containsKey(spec.name())) {
            return Mono.error(new LevadaException(
                    ErrorCode.TOPIC_ALREADY_EXISTS, "there is a topic " + spec.name() + " already"));
        }
        withTopic(spec.name(), spec.partitions());
        configs.put(spec.name(), spec.config());
        return describe(spec.name());
    }

    @Override
    public Flux<String> list() {
        return Flux.fromIterable(partitions.keySet());
    }

    @Override
    public Mono<TopicDescription> describe(String name) {
        return Mono.fromSupplier(() -> {
            checkTopic(name);
            List<PartitionDescription> described = IntStream.range(0, partitionsOf(name))
                    .mapToObj(number -> {
                        long end = end(name, number);
                        return new PartitionDescription(number, 0, end, end, end * 10);
                    })
                    .toList();
            return new TopicDescription(name, ID, ID, described, configs.getOrDefault(name, Map.of()));
        });
    }

    private int partitionsOf(String name) {
        return partitions.getOrDefault(name, 0);
    }

    private List<StoredRecord> recordsOf(String name) {
        return records.getOrDefault(name, List.of());
    }

    private long end(String topic, int partition) {
        return recordsOf(topic).stream()
                .filter(record -> record.partition() == partition)
                .count();
    }

    private void checkTopic(String name) {
        if (!partitions.containsKey(name)) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic " + name + "; create it first");
        }
    }

    @Override
    public Mono<Void> delete(String name) {
        return Mono.fromRunnable(() -> {
            checkTopic(name);
            partitions.remove(name);
            records.remove(name);
        });
    }

    @Override
    public Mono<SortedMap<Integer, Long>> offsets(String name, @Nullable Integer partition, Position at) {
        return describe(name).map(topic -> {
            SortedMap<Integer, Long> offsets = new TreeMap<>();
            for (PartitionDescription each : topic.partitions()) {
                if (partition == null || partition == each.partition()) {
                    offsets.put(
                            each.partition(), at instanceof Position.AtOffset place ? place.offset() : each.durable());
                }
            }
            return offsets;
        });
    }

    @Override
    public Mono<TopicDescription> alter(String name, Map<String, String> config) {
        return describe(name).flatMap(before -> {
            Map<String, String> all = new TreeMap<>(before.config());
            all.putAll(config);
            configs.put(name, all);
            return describe(name);
        });
    }

    @Override
    public Mono<TopicDescription> addPartitions(String name, int count) {
        return describe(name).flatMap(before -> {
            partitions.put(name, count);
            return describe(name);
        });
    }

    @Override
    public Mono<Long> deleteRecords(String name, int partition, long beforeOffset) {
        return Mono.fromSupplier(() -> {
            checkTopic(name);
            recordsOf(name).removeIf(record -> record.partition() == partition && record.offset() < beforeOffset);
            return beforeOffset;
        });
    }

    @Override
    public Flux<Ack> publish(String topic, Publisher<Record> given) {
        return Flux.defer(() -> {
            checkTopic(topic);
            return Flux.from(given).map(record -> append(topic, record));
        });
    }

    @Override
    public Flux<Ack> publishAt(String topic, int partition, long expectedOffset, Publisher<Record> given) {
        return Flux.defer(() -> {
            checkTopic(topic);
            if (end(topic, partition) != expectedOffset) {
                throw new LevadaException(
                        ErrorCode.OFFSET_MISMATCH, topic + "-" + partition + " ends at " + end(topic, partition));
            }
            return Flux.from(given).map(record -> append(topic, record.withPartition(partition)));
        });
    }

    private Ack append(String topic, Record record) {
        int partition = Math.max(0, record.partition());
        long offset = end(topic, partition);
        if (offset >= fullFrom) {
            throw new LevadaException(ErrorCode.STORAGE_FULL, "no space");
        }
        recordsOf(topic)
                .add(new StoredRecord(topic, partition, offset, 7, record.key(), record.value(), record.headers()));
        return new Ack(topic, partition, offset, 7);
    }

    @Override
    public Flux<StoredRecord> read(ReadSpec spec) {
        return Flux.defer(() -> {
            checkTopic(spec.topic());
            filter = spec.filter();
            overflow = spec.overflow();
            Flux<StoredRecord> kept = Flux.fromIterable(recordsOf(spec.topic()))
                    .filter(record -> spec.partition() == null || record.partition() == spec.partition())
                    .map(this::checked);
            return spec.to() instanceof End.Never ? kept.concatWith(Flux.never()) : kept;
        });
    }

    private StoredRecord checked(StoredRecord record) {
        if (record.offset() >= damagedFrom) {
            throw new LevadaException(ErrorCode.CORRUPT_MESSAGE, "offset " + record.offset() + " is damaged");
        } else if (record.offset() >= goneFrom) {
            throw new LevadaException(
                    ErrorCode.OFFSET_OUT_OF_RANGE, "offsets 1 to 4 of t-0 are gone; go on from offset:5");
        }
        return record;
    }

    @Override
    public Group group(String name) {
        return new FakeGroup(name);
    }

    /** A group of one member, which owns everything. */
    private final class FakeGroup implements Group {
        private final String name;

        FakeGroup(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Flux<Assignment> subscribe(Collection<String> topics, MemberOptions options) {
            throw new UnsupportedOperationException("the commands merge assignments");
        }

        @Override
        public Flux<Delivery> receive(Collection<String> topics, MemberOptions options) {
            filter = options.filter();
            options.onEvent().accept(new MemberEvent.Joined("m1", 3));
            List<Delivery> deliveries = new ArrayList<>();
            for (String topic : topics) {
                checkTopic(topic);
                recordsOf(topic).forEach(record -> deliveries.add(new FakeDelivery(record, name)));
            }
            return Flux.fromIterable(deliveries)
                    .concatWith(Flux.never())
                    .doOnRequest(n -> mostRequested.accumulateAndGet((int) Math.min(n, 1 << 30), Math::max))
                    .doOnCancel(() -> left.add(name));
        }
    }

    private final class FakeDelivery implements Delivery {
        private final StoredRecord record;
        private final String group;

        FakeDelivery(StoredRecord record, String group) {
            this.record = record;
            this.group = group;
        }

        @Override
        public StoredRecord record() {
            return record;
        }

        @Override
        public void ack() {
            committed.merge(group + "/" + record.topicPartition(), record.offset() + 1, Math::max);
        }
    }

    private GroupDescription describeGroup(String group) {
        List<TopicPartition> owned = new ArrayList<>();
        List<GroupOffset> offsets = new ArrayList<>();
        partitions.forEach((topic, count) -> IntStream.range(0, count).forEach(number -> {
            TopicPartition partition = new TopicPartition(topic, number);
            owned.add(partition);
            long at = committed.getOrDefault(group + "/" + partition, -1L);
            offsets.add(new GroupOffset(
                    topic, number, at, end(topic, number), Math.max(0, end(topic, number) - Math.max(0, at)), 0));
        }));
        return new GroupDescription(
                group,
                "Stable",
                3,
                List.of(new MemberDescription("m1", owned, false), new MemberDescription("m2", List.of(), true)),
                offsets);
    }

    @Override
    public Mono<Void> closeGracefully(Duration limit) {
        return Mono.fromRunnable(this::close);
    }

    @Override
    public void close() {
        closed.incrementAndGet();
    }
}
