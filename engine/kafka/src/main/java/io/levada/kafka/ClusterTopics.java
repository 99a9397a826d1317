package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicSpec;
import io.levada.delivery.Delivery;
import io.levada.env.Loop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topics that are in use here. What others do to them (partitions more, deletion, one anew under the same name) is looked
 * for regularly. Safe for any thread; does not block.
 */
final class ClusterTopics {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterTopics.class);
    private static final Duration LOOK = Duration.ofSeconds(3);

    /** How partitions of a topic come to be read. */
    interface Partitions {
        ClusterPartition open(TopicPartition id, ClusterOffsets.Bounds bounds);
    }

    private final Admin admin;
    private final ClusterOffsets offsets;
    private final Delivery delivery;
    private final Partitions opener;
    private final Loop loop;
    private final Map<String, ClusterTopic> topics = new ConcurrentHashMap<>();

    /** Those that the last look did not find; a broker may say so that is behind the others. */
    private final Set<String> missed = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    /** Why the last look at the cluster failed, or null. */
    private volatile @Nullable LevadaException unreachable;

    ClusterTopics(Admin admin, ClusterOffsets offsets, Delivery delivery, Partitions opener, Loop loop) {
        this.admin = admin;
        this.offsets = offsets;
        this.delivery = delivery;
        this.opener = opener;
        this.loop = loop;
        lookLater();
    }

    /** How many topics and partitions are in use. */
    int count() {
        return topics.size();
    }

    int partitionCount() {
        return topics.values().stream()
                .mapToInt(topic -> topic.partitions().size())
                .sum();
    }

    /** Why the brokers do not answer, or null while they do. */
    @Nullable
    LevadaException unreachable() {
        return unreachable;
    }

    /** A topic that is in use already, or null. */
    @Nullable
    ClusterTopic known(String name) {
        return topics.get(name);
    }

    /** The topic; fails with {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}, or as the cluster does. */
    CompletionStage<ClusterTopic> find(String name) {
        ClusterTopic known = topics.get(name);
        return known != null ? CompletableFuture.completedStage(known) : load(name);
    }

    /** Looks the topic up, whatever is known of it. */
    CompletionStage<ClusterTopic> load(String name) {
        return describe(name).thenCompose(this::opened);
    }

    /** What the cluster says of a topic. */
    CompletionStage<TopicDescription> describe(String name) {
        try {
            TopicSpec.checkNotInternal(name);
        } catch (LevadaException e) {
            return CompletableFuture.failedStage(e);
        }
        return admin.describeTopics(List.of(name)).topicNameValues().entrySet().stream()
                .map(each -> described(name, each.getValue()))
                .findFirst()
                .orElseThrow();
    }

    private static CompletionStage<TopicDescription> described(String name, KafkaFuture<TopicDescription> answer) {
        return KafkaErrors.answer(answer).handle((description, error) -> {
            if (description != null) {
                return description;
            }
            LevadaException cause = KafkaErrors.of(error);
            boolean unknown = cause.code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                    || cause.code() == ErrorCode.INVALID_TOPIC_EXCEPTION;
            throw unknown ? unknown(name) : cause;
        });
    }

    static LevadaException unknown(String name) {
        return new LevadaException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic '" + name + "'");
    }

    private CompletionStage<ClusterTopic> opened(TopicDescription description) {
        ClusterTopic known = topics.get(description.name());
        int count = description.partitions().size();
        if (known != null
                && known.id().equals(uuid(description.topicId()))
                && known.partitions().size() >= count) {
            noteLeaders(known, description);
            return CompletableFuture.completedStage(known);
        }
        List<TopicPartition> ids = IntStream.range(0, count)
                .mapToObj(partition -> new TopicPartition(description.name(), partition))
                .toList();
        return offsets.bounds(ids).thenApply(bounds -> merge(description, ids, bounds));
    }

    private ClusterTopic merge(
            TopicDescription description, List<TopicPartition> ids, Map<TopicPartition, ClusterOffsets.Bounds> bounds) {
        UUID id = uuid(description.topicId());
        ClusterTopic merged = topics.compute(description.name(), (name, known) -> {
            boolean same = known != null && known.id().equals(id);
            if (known != null && !same) {
                end(known, anew(name));
            }
            List<ClusterPartition> partitions = new ArrayList<>(same ? known.partitions() : List.of());
            for (TopicPartition each : ids.subList(Math.min(partitions.size(), ids.size()), ids.size())) {
                partitions.add(opener.open(each, bounds.getOrDefault(each, new ClusterOffsets.Bounds(0, 0))));
            }
            return new ClusterTopic(name, id, partitions);
        });
        noteLeaders(merged, description);
        merged.partitions().forEach(partition -> {
            ClusterOffsets.Bounds now = bounds.get(partition.id());
            if (now != null) {
                partition.bounds(now);
            }
        });
        return merged;
    }

    /** Has partitions know who leads them now. */
    private static void noteLeaders(ClusterTopic topic, TopicDescription description) {
        for (TopicPartitionInfo each : description.partitions()) {
            if (each.partition() < topic.partitions().size()) {
                topic.partitions().get(each.partition()).leader(leader(each, description.topicId()));
            }
        }
    }

    private static ClusterPartition.@Nullable Leader leader(TopicPartitionInfo partition, Uuid topicId) {
        Node node = partition.leader();
        return node == null || node.isEmpty() ? null : new ClusterPartition.Leader(node, topicId);
    }

    private static LevadaException anew(String name) {
        return new LevadaException(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "topic '" + name + "' was deleted, and is another one now");
    }

    /** A topic was deleted: its readers end, and it is looked up anew when somebody wants it again. */
    void deleted(String name) {
        drop(name, unknown(name));
    }

    /** A partition cannot be read any more: its topic's readers end with the error. */
    void lost(ClusterPartition partition, LevadaException error) {
        drop(partition.id().topic(), error);
    }

    private void drop(String name, LevadaException error) {
        missed.remove(name);
        ClusterTopic dropped = topics.remove(name);
        if (dropped != null) {
            end(dropped, error);
        }
    }

    private void end(ClusterTopic topic, LevadaException error) {
        topic.partitions().forEach(partition -> delivery.detach(partition.feed(), error));
    }

    /** Nothing is looked for any more. */
    void close() {
        closed = true;
    }

    private void lookLater() {
        if (!closed) {
            try {
                loop.schedule(LOOK, this::look);
            } catch (RejectedExecutionException e) {
                LOG.debug("the cluster is not looked at any more", e);
            }
        }
    }

    /** Hears what became of the topics, and whether the brokers answer at all. */
    private void look() {
        if (closed) {
            return;
        }
        List<CompletableFuture<?>> looks = new ArrayList<>();
        looks.add(KafkaErrors.answer(admin.describeCluster().clusterId()).handle((id, error) -> {
            reachable(error);
            return id;
        }));
        List<String> names = List.copyOf(topics.keySet());
        admin.describeTopics(names)
                .topicNameValues()
                .forEach((name, answer) -> looks.add(described(name, answer)
                        .thenCompose(this::opened)
                        .handle((topic, error) -> {
                            found(name, error == null || !isUnknown(error));
                            return topic;
                        })
                        .toCompletableFuture()));
        CompletionStage<Void> all = CompletableFuture.allOf(looks.toArray(CompletableFuture[]::new));
        all.whenComplete((done, error) -> lookLater());
    }

    /** A topic that two looks did not find has been deleted. */
    private void found(String name, boolean isThere) {
        if (isThere) {
            missed.remove(name);
        } else if (!missed.add(name)) {
            deleted(name);
        }
    }

    private static boolean isUnknown(Throwable error) {
        return KafkaErrors.of(error).code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    private void reachable(@Nullable Throwable error) {
        if (closed) {
            return;
        }
        LevadaException before = unreachable;
        unreachable = error == null ? null : KafkaErrors.of(error);
        if (error != null && before == null) {
            LOG.warn("the brokers do not answer: {}", KafkaErrors.of(error).line());
        } else if (error == null && before != null) {
            LOG.info("the brokers answer again");
        }
    }

    static UUID uuid(Uuid id) {
        return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }
}
