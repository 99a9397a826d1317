package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicSpec;
import io.levada.Topics;
import io.levada.delivery.Positions;
import io.levada.env.Loop;
import io.levada.log.LogStore;
import io.levada.log.PartitionLog;
import io.levada.log.Topic;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Topics made, told and deleted, one request at a time on a loop that may block. */
final class TopicAdmin implements Topics {
    private final Loop loop;
    private final LogStore store;
    private final TopicRegistry topics;
    private final GroupService groups;
    private final Positions positions;

    TopicAdmin(Loop loop, LogStore store, TopicRegistry topics, GroupService groups, Positions positions) {
        this.loop = loop;
        this.store = store;
        this.topics = topics;
        this.groups = groups;
        this.positions = positions;
    }

    @Override
    public Mono<TopicDescription> create(TopicSpec spec) {
        return onLoop(() -> {
            check(spec);
            OpenTopic topic = topics.serve(store.createTopic(spec.name(), spec.partitions(), spec.config()));
            groups.topicServed(topic);
            return describe(topic.topic());
        });
    }

    @Override
    public Flux<String> list() {
        return Flux.defer(() -> {
            Set<String> names = new TreeSet<>();
            for (OpenTopic topic : topics.all()) {
                names.add(topic.topic().name());
            }
            names.removeIf(TopicSpec::isInternal);
            return Flux.fromIterable(names);
        });
    }

    @Override
    public Mono<TopicDescription> describe(String name) {
        return Mono.fromSupplier(() -> describe(current(name)));
    }

    @Override
    public Mono<SortedMap<Integer, Long>> offsets(String name, @Nullable Integer partition, Position at) {
        return Mono.defer(() -> Mono.fromCompletionStage(positions.offsetsOf(topics.require(name), partition, at)));
    }

    @Override
    public Mono<TopicDescription> alter(String name, Map<String, String> config) {
        Map<String, String> changes = Map.copyOf(config);
        return onLoop(() -> {
            requireOurs(name);
            return describe(store.alterTopic(name, changes));
        });
    }

    @Override
    public Mono<TopicDescription> addPartitions(String name, int count) {
        return onLoop(() -> {
            requireOurs(name);
            OpenTopic grown = topics.serve(store.addPartitions(name, count));
            groups.topicServed(grown);
            return describe(grown.topic());
        });
    }

    @Override
    public Mono<Long> deleteRecords(String name, int partition, long beforeOffset) {
        return onLoop(() -> {
            requireOurs(name);
            return store.deleteRecords(name, partition, beforeOffset);
        });
    }

    private void requireOurs(String name) {
        topics.require(name);
        TopicSpec.checkNotInternal(name);
    }

    /** A topic with its settings of now. */
    private Topic current(String name) {
        Topic served = topics.require(name).topic();
        Topic now = store.topic(name);
        return now == null ? served : now;
    }

    @Override
    public Mono<Void> delete(String name) {
        return onLoop(() -> {
            requireOurs(name);
            store.deleteTopic(name);
            topics.stop(name);
            groups.topicDeleted(name);
            return null;
        });
    }

    private static void check(TopicSpec spec) {
        spec.check();
        if (spec.replicationFactor() != 1) {
            throw new LevadaException(
                    ErrorCode.INVALID_REPLICATION_FACTOR,
                    "replication factor " + spec.replicationFactor()
                            + ": this engine keeps one copy on one machine; for more, use a cluster (kafka://HOST:PORT)");
        }
    }

    private TopicDescription describe(Topic topic) {
        List<PartitionDescription> partitions =
                topic.partitions().stream().map(TopicAdmin::describe).toList();
        Map<String, String> settings = topic.partitions().get(0).settings().spelled();
        return new TopicDescription(topic.name(), topic.id(), store.logId(), partitions, settings);
    }

    private static PartitionDescription describe(PartitionLog log) {
        long start = log.start();
        long durable = log.durable();
        return new PartitionDescription(log.partition(), start, log.end(), durable, log.sizeBytes());
    }

    private <T> Mono<T> onLoop(Supplier<@Nullable T> work) {
        return Mono.create(sink -> {
            try {
                loop.execute(() -> {
                    try {
                        T result = work.get();
                        if (result == null) {
                            sink.success();
                        } else {
                            sink.success(result);
                        }
                    } catch (RuntimeException e) {
                        sink.error(LevadaException.of(e));
                    }
                });
            } catch (RejectedExecutionException e) {
                sink.error(new LevadaException(ErrorCode.GOING_AWAY, "the log is closed", e));
            }
        });
    }
}
