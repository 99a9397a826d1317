package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicSpec;
import io.levada.Topics;
import io.levada.kafka.ClusterOffsets.Bounds;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;
import reactor.util.retry.RetryBackoffSpec;

/** Topics of the cluster, made, told and deleted. Safe for any thread; does not block. */
final class ClusterTopicAdmin implements Topics {
    /** The settings that a description has, which are those that every engine knows. */
    private static final List<String> SETTINGS = List.of(
            "cleanup.policy",
            "delete.retention.ms",
            "max.compaction.lag.ms",
            "min.cleanable.dirty.ratio",
            "retention.bytes",
            "retention.ms",
            "segment.bytes");

    private static final String DURABILITY = "durability";

    /** What one broker has done, the others learn of a little later: how often they are asked, and when again. */
    private static final int LOOKS = 200;

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(25);

    private static final RetryBackoffSpec UNTIL_KNOWN =
            Retry.fixedDelay(LOOKS, BETWEEN_LOOKS).filter(ClusterTopicAdmin::isUnknown);

    private final Admin admin;
    private final ClusterTopics topics;
    private final ClusterOffsets offsets;
    private final ClusterPositions positions;
    private final UUID logId;

    ClusterTopicAdmin(Admin admin, ClusterPositions positions, UUID logId) {
        this.admin = admin;
        this.topics = positions.topics();
        this.offsets = positions.offsets();
        this.positions = positions;
        this.logId = logId;
    }

    @Override
    public Mono<TopicDescription> create(TopicSpec spec) {
        return Mono.defer(() -> {
            check(spec);
            NewTopic topic = new NewTopic(
                            spec.name(), Optional.of(spec.partitions()), Optional.of((short) spec.replicationFactor()))
                    .configs(spec.config());
            return answer(() -> KafkaErrors.answer(
                            admin.createTopics(List.of(topic)).all()))
                    .then(describe(spec.name()).retryWhen(UNTIL_KNOWN));
        });
    }

    private static void check(TopicSpec spec) {
        spec.check();
        if (spec.replicationFactor() < 1 || spec.replicationFactor() > Short.MAX_VALUE) {
            throw new LevadaException(
                    ErrorCode.INVALID_REPLICATION_FACTOR,
                    "a topic has 1 copy to as many as there are brokers, not " + spec.replicationFactor());
        }
        checkSettings(spec.config());
    }

    private static void checkSettings(Map<String, String> config) {
        if (config.containsKey(DURABILITY)) {
            throw new LevadaException(
                    ErrorCode.INVALID_CONFIG,
                    "durability: on a cluster, a record is acknowledged when all replicas in sync have it; set"
                            + " min.insync.replicas instead");
        }
    }

    @Override
    public Flux<String> list() {
        return answer(() -> KafkaErrors.answer(admin.listTopics(new ListTopicsOptions().listInternal(false))
                        .names()))
                .flatMapIterable(names -> names.stream()
                        .filter(name -> !TopicSpec.isInternal(name))
                        .sorted()
                        .toList());
    }

    @Override
    public Mono<TopicDescription> describe(String name) {
        return answer(() -> topics.describe(name)).flatMap(this::complete);
    }

    private Mono<TopicDescription> complete(org.apache.kafka.clients.admin.TopicDescription topic) {
        List<TopicPartition> ids = topic.partitions().stream()
                .map(partition -> new TopicPartition(topic.name(), partition.partition()))
                .toList();
        return Mono.zip(
                        answer(() -> offsets.bounds(ids)),
                        answer(() -> offsets.written(ids)),
                        sizes(topic),
                        settings(topic.name()))
                .map(all -> new TopicDescription(
                        topic.name(),
                        ClusterTopics.uuid(topic.topicId()),
                        logId,
                        ids.stream()
                                .map(id -> describe(id, all.getT1(), all.getT2(), all.getT3()))
                                .toList(),
                        all.getT4()));
    }

    private static PartitionDescription describe(
            TopicPartition id,
            Map<TopicPartition, Bounds> bounds,
            Map<TopicPartition, Long> written,
            Map<TopicPartition, Long> sizes) {
        Bounds own = bounds.getOrDefault(id, new Bounds(0, 0));
        return new PartitionDescription(
                id.partition(),
                own.start(),
                Math.max(own.visible(), written.getOrDefault(id, own.visible())),
                own.visible(),
                sizes.getOrDefault(id, 0L));
    }

    /** What leaders hold; nothing for those that do not say. */
    private Mono<Map<TopicPartition, Long>> sizes(org.apache.kafka.clients.admin.TopicDescription topic) {
        Map<TopicPartition, Integer> leaders = new HashMap<>();
        for (TopicPartitionInfo partition : topic.partitions()) {
            Node leader = partition.leader();
            if (leader != null) {
                leaders.put(new TopicPartition(topic.name(), partition.partition()), leader.id());
            }
        }
        Collection<Integer> brokers = leaders.values().stream().distinct().toList();
        return answer(() -> KafkaErrors.answer(admin.describeLogDirs(brokers).allDescriptions()))
                .map(logs -> leaders.entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, each -> size(logs.get(each.getValue()), each.getKey()))))
                .onErrorReturn(Map.of());
    }

    private static long size(@Nullable Map<String, LogDirDescription> directories, TopicPartition partition) {
        long bytes = 0;
        if (directories != null) {
            for (LogDirDescription directory : directories.values()) {
                var replica = directory.replicaInfos().get(partition);
                bytes += replica == null ? 0 : replica.size();
            }
        }
        return bytes;
    }

    private Mono<Map<String, String>> settings(String name) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        return answer(() -> KafkaErrors.answer(
                        admin.describeConfigs(List.of(resource)).all()))
                .map(configs -> settings(configs.get(resource)));
    }

    private static Map<String, String> settings(@Nullable Config config) {
        Map<String, String> settings = new TreeMap<>();
        for (String name : SETTINGS) {
            ConfigEntry entry = config == null ? null : config.get(name);
            if (entry != null && entry.value() != null) {
                settings.put(name, entry.value());
            }
        }
        return settings;
    }

    @Override
    public Mono<SortedMap<Integer, Long>> offsets(String name, @Nullable Integer partition, Position at) {
        return answer(() -> positions.find(name, partition, at));
    }

    @Override
    public Mono<TopicDescription> alter(String name, Map<String, String> config) {
        Map<String, String> changes = Map.copyOf(config);
        return describe(name).flatMap(before -> {
            checkSettings(changes);
            if (changes.isEmpty()) {
                return Mono.just(before);
            }
            List<AlterConfigOp> changed = changes.entrySet().stream()
                    .map(each -> new AlterConfigOp(
                            new ConfigEntry(each.getKey(), each.getValue()), AlterConfigOp.OpType.SET))
                    .toList();
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
            return answer(() -> KafkaErrors.answer(admin.incrementalAlterConfigs(Map.of(resource, changed))
                            .all()))
                    .then(until(describe(name), now -> shows(now, changes)));
        });
    }

    private static boolean shows(TopicDescription topic, Map<String, String> changes) {
        return changes.entrySet().stream()
                .allMatch(each -> !SETTINGS.contains(each.getKey())
                        || each.getValue().equals(topic.config().get(each.getKey())));
    }

    @Override
    public Mono<TopicDescription> addPartitions(String name, int count) {
        return describe(name).flatMap(before -> {
            int now = before.partitions().size();
            if (count == now) {
                return Mono.just(before);
            } else if (count < now || count > TopicSpec.MAX_PARTITIONS) {
                return Mono.error(new LevadaException(
                        ErrorCode.INVALID_PARTITIONS,
                        "topic '" + name + "' has " + now + " partitions, and may get " + now + " to "
                                + TopicSpec.MAX_PARTITIONS + ", not " + count));
            }
            return answer(() -> KafkaErrors.answer(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(count)))
                            .all()))
                    .then(until(describe(name), grown -> grown.partitions().size() >= count))
                    .flatMap(grown -> topics.known(name) == null
                            ? Mono.just(grown)
                            : answer(() -> topics.load(name)).thenReturn(grown));
        });
    }

    @Override
    public Mono<Long> deleteRecords(String name, int partition, long beforeOffset) {
        return answer(() -> topics.load(name)).flatMap(topic -> {
            if (partition < 0 || partition >= topic.partitions().size()) {
                return Mono.error(new LevadaException(
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "topic '" + name + "' has no partition " + partition));
            }
            ClusterPartition target = topic.partitions().get(partition);
            return answer(() -> KafkaErrors.answer(
                            admin.deleteRecords(Map.of(target.id(), RecordsToDelete.beforeOffset(beforeOffset)))
                                    .lowWatermarks(),
                            target.id()))
                    .map(deleted -> {
                        target.startsAt(deleted.lowWatermark());
                        return deleted.lowWatermark();
                    })
                    .onErrorMap(
                            LevadaException.class,
                            error -> error.code() == ErrorCode.OFFSET_OUT_OF_RANGE
                                    ? new LevadaException(
                                            error.code(),
                                            "offset " + beforeOffset + " of " + target + " is behind its end",
                                            error)
                                    : error);
        });
    }

    @Override
    public Mono<Void> delete(String name) {
        return answer(() -> topics.describe(name))
                .flatMap(there -> answer(() -> KafkaErrors.answer(
                                admin.deleteTopics(List.of(name)).all())
                        .thenRun(() -> topics.deleted(name))))
                .then(answer(() -> topics.describe(name))
                        .flatMap(there -> Mono.<Boolean>empty())
                        .onErrorResume(
                                LevadaException.class, error -> isUnknown(error) ? Mono.just(true) : Mono.error(error))
                        .repeatWhenEmpty(LOOKS, again -> again.delayElements(BETWEEN_LOOKS)))
                .then();
    }

    private static boolean isUnknown(Throwable error) {
        return error instanceof LevadaException known && known.code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    /** Asks until the answer shows what was changed, of which one broker hears after the other, or until that takes too long. */
    private static Mono<TopicDescription> until(Mono<TopicDescription> asking, Predicate<TopicDescription> shown) {
        return asking.filter(shown)
                .repeatWhenEmpty(LOOKS, again -> again.delayElements(BETWEEN_LOOKS))
                .onErrorResume(IllegalStateException.class, tooLate -> asking);
    }

    private static <T> Mono<T> answer(Supplier<CompletionStage<T>> asking) {
        return Mono.defer(() -> Mono.fromCompletionStage(asking.get())).onErrorMap(KafkaErrors::of);
    }
}
