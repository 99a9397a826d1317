package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.GroupDescription.GroupOffset;
import io.levada.GroupDescription.MemberDescription;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.env.Clock;
import io.levada.kafka.ClusterOffsets.Bounds;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Administration of the cluster's groups, those of Kafka's own consumers among them. Safe for any thread; does not block. */
final class ClusterGroupAdmin implements Groups {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterGroupAdmin.class);

    private final Admin admin;
    private final ClusterTopics topics;
    private final ClusterOffsets offsets;
    private final ClusterPositions positions;
    private final Clock clock;

    ClusterGroupAdmin(Admin admin, ClusterPositions positions, Clock clock) {
        this.admin = admin;
        this.topics = positions.topics();
        this.offsets = positions.offsets();
        this.positions = positions;
        this.clock = clock;
    }

    @Override
    public Flux<String> list() {
        return answer(() -> KafkaErrors.answer(
                        admin.listGroups(ListGroupsOptions.forConsumerGroups()).all()))
                .flatMapIterable(groups ->
                        groups.stream().map(GroupListing::groupId).sorted().toList());
    }

    @Override
    public Mono<GroupDescription> describe(String group) {
        return Mono.zip(members(group), places(group)).flatMap(both -> answer(() -> bounds(both.getT1(), both.getT2()))
                .publishOn(Schedulers.boundedElastic())
                .map(bounds -> complete(both.getT1(), both.getT2(), bounds)));
    }

    private Mono<ConsumerGroupDescription> members(String group) {
        return answer(() -> KafkaErrors.answer(
                        admin.describeConsumerGroups(List.of(group)).describedGroups(), group))
                .onErrorMap(LevadaException.class, error -> unknown(group, error));
    }

    private static LevadaException unknown(String group, LevadaException error) {
        return error.code() == ErrorCode.GROUP_ID_NOT_FOUND
                ? new LevadaException(ErrorCode.GROUP_ID_NOT_FOUND, "there is no group '" + group + "'", error)
                : error;
    }

    private Mono<Map<TopicPartition, OffsetAndMetadata>> places(String group) {
        return answer(() ->
                        KafkaErrors.answer(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata(group)))
                .onErrorMap(LevadaException.class, error -> unknown(group, error));
    }

    /** Of all partitions that the group has a place in or a member owns; those of topics that have gone left out. */
    private CompletionStage<Map<TopicPartition, Bounds>> bounds(
            ConsumerGroupDescription group, Map<TopicPartition, OffsetAndMetadata> places) {
        Set<String> names = new HashSet<>();
        places.keySet().forEach(id -> names.add(id.topic()));
        group.members().forEach(member -> member.assignment().topicPartitions().forEach(id -> names.add(id.topic())));
        List<CompletableFuture<Map<TopicPartition, Bounds>>> all = new ArrayList<>();
        for (String name : names) {
            all.add(topics.load(name)
                    .thenCompose(topic -> offsets.bounds(topic.partitions().stream()
                            .map(ClusterPartition::id)
                            .toList()))
                    .exceptionally(error -> {
                        LOG.debug("topic {} is left out of {}", name, group.groupId(), error);
                        return Map.of();
                    })
                    .toCompletableFuture());
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> {
            Map<TopicPartition, Bounds> bounds = new HashMap<>();
            all.forEach(each -> bounds.putAll(each.join()));
            return bounds;
        });
    }

    private GroupDescription complete(
            ConsumerGroupDescription group,
            Map<TopicPartition, OffsetAndMetadata> places,
            Map<TopicPartition, Bounds> bounds) {
        List<MemberDescription> members = group.members().stream()
                .map(member -> new MemberDescription(
                        member.consumerId(),
                        member.assignment().topicPartitions().stream()
                                .map(id -> new io.levada.TopicPartition(id.topic(), id.partition()))
                                .sorted(Comparator.comparing(io.levada.TopicPartition::topic)
                                        .thenComparing(io.levada.TopicPartition::partition))
                                .toList(),
                        member.assignment().topicPartitions().isEmpty()))
                .toList();
        List<GroupOffset> lags = bounds.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<TopicPartition, Bounds> each) ->
                                each.getKey().topic())
                        .thenComparing(each -> each.getKey().partition()))
                .map(each -> offset(each.getKey(), places.get(each.getKey()), each.getValue()))
                .toList();
        return new GroupDescription(
                group.groupId(),
                group.groupState().toString(),
                group.groupEpoch().orElse(0),
                members,
                lags);
    }

    private GroupOffset offset(TopicPartition id, @Nullable OffsetAndMetadata place, Bounds bounds) {
        long committed = place == null ? -1 : place.offset();
        long next = Math.max(committed, bounds.start());
        long lag = Math.max(0, bounds.visible() - next);
        String said = place == null || place.metadata().isEmpty() ? null : place.metadata();
        return new GroupOffset(
                id.topic(), id.partition(), committed, bounds.visible(), lag, lag == 0 ? 0 : lagMs(id, next), said);
    }

    private long lagMs(TopicPartition id, long next) {
        ClusterTopic topic = topics.known(id.topic());
        try {
            return topic == null
                    ? -1
                    : Math.max(
                            0, clock.wallMs() - timestampOf(topic.partitions().get(id.partition()), next));
        } catch (LevadaException e) {
            LOG.warn("the lag in {} is not known: {}", id, e.line());
            return -1;
        }
    }

    private static long timestampOf(ClusterPartition partition, long offset) {
        ByteBuf batches = partition.peek(offset);
        try {
            while (batches.isReadable()) {
                ByteBuf batch = batches.readSlice(RecordBatch.sizeInBytes(batches));
                if (RecordBatch.recordCount(batch) > 0) {
                    try (RecordCursor record = RecordCursor.open(batch, Limits.DEFAULT)) {
                        record.next();
                        return record.timestampMs();
                    }
                }
            }
        } finally {
            batches.release();
        }
        throw new LevadaException(ErrorCode.CORRUPT_MESSAGE, "no record at or behind offset " + offset);
    }

    @Override
    public Mono<GroupDescription> reset(String group, String topic, @Nullable Integer partition, Position to) {
        return members(group)
                .flatMap(there -> answer(() -> targets(topic, partition, to)))
                .flatMap(targets -> answer(() -> KafkaErrors.answer(
                        admin.alterConsumerGroupOffsets(group, targets).all())))
                .onErrorMap(LevadaException.class, error -> active(group, error))
                .then(describe(group));
    }

    /** A cluster takes commits of a group with members from these alone. */
    private static LevadaException active(String group, LevadaException error) {
        return error.code() == ErrorCode.UNKNOWN_MEMBER_ID || error.code() == ErrorCode.NON_EMPTY_GROUP
                ? new LevadaException(
                        ErrorCode.NON_EMPTY_GROUP,
                        "group '" + group + "' has members, and a cluster moves only groups without; end them first",
                        error)
                : error;
    }

    private CompletionStage<Map<TopicPartition, OffsetAndMetadata>> targets(
            String topic, @Nullable Integer only, Position to) {
        return positions.find(topic, only, to).thenApply(found -> found.entrySet().stream()
                .collect(Collectors.toMap(
                        each -> new TopicPartition(topic, each.getKey()),
                        each -> new OffsetAndMetadata(each.getValue()))));
    }

    @Override
    public Mono<Void> delete(String group) {
        return answer(() -> KafkaErrors.answer(
                        admin.deleteConsumerGroups(List.of(group)).deletedGroups(), group))
                .onErrorMap(LevadaException.class, error -> unknown(group, error));
    }

    private static <T> Mono<T> answer(Supplier<CompletionStage<T>> asking) {
        return Mono.defer(() -> Mono.fromCompletionStage(asking.get())).onErrorMap(KafkaErrors::of);
    }
}
