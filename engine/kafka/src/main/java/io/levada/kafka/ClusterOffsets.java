package io.levada.kafka;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/** Where partitions begin, end, and have a time, as their leaders say. Safe for any thread; does not block. */
final class ClusterOffsets {
    /**
     * Of one partition.
     *
     * @param start the earliest offset that is kept
     * @param visible behind the last record that is committed
     */
    record Bounds(long start, long visible) {}

    private final Admin admin;

    ClusterOffsets(Admin admin) {
        this.admin = admin;
    }

    CompletableFuture<Map<TopicPartition, Bounds>> bounds(Collection<TopicPartition> partitions) {
        return all(partitions, OffsetSpec.earliest())
                .thenCombine(all(partitions, OffsetSpec.latest()), (starts, ends) -> {
                    Map<TopicPartition, Bounds> bounds = new HashMap<>();
                    starts.forEach((partition, start) ->
                            bounds.put(partition, new Bounds(start, ends.getOrDefault(partition, start))));
                    return bounds;
                });
    }

    /** Has partitions know what their leaders say now. */
    CompletionStage<Void> refresh(Collection<ClusterPartition> partitions) {
        return bounds(partitions.stream().map(ClusterPartition::id).toList())
                .thenAccept(found -> partitions.forEach(partition -> {
                    Bounds now = found.get(partition.id());
                    if (now != null) {
                        partition.bounds(now);
                    }
                }));
    }

    /** The first record at or after a time, or the visible end. */
    CompletableFuture<Long> at(TopicPartition partition, long timestampMs) {
        return one(partition, OffsetSpec.forTimestamp(timestampMs))
                .thenCompose(found ->
                        found >= 0 ? CompletableFuture.completedFuture(found) : one(partition, OffsetSpec.latest()));
    }

    /** Behind the last record, committed or not. */
    CompletableFuture<Map<TopicPartition, Long>> written(Collection<TopicPartition> partitions) {
        return list(partitions, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED);
    }

    private CompletableFuture<Long> one(TopicPartition partition, OffsetSpec spec) {
        return all(List.of(partition), spec).thenApply(found -> found.getOrDefault(partition, -1L));
    }

    private CompletableFuture<Map<TopicPartition, Long>> all(Collection<TopicPartition> partitions, OffsetSpec spec) {
        return list(partitions, spec, IsolationLevel.READ_COMMITTED);
    }

    private CompletableFuture<Map<TopicPartition, Long>> list(
            Collection<TopicPartition> partitions, OffsetSpec spec, IsolationLevel level) {
        Map<TopicPartition, OffsetSpec> specs =
                partitions.stream().collect(Collectors.toMap(Function.identity(), partition -> spec));
        KafkaFuture<Map<TopicPartition, ListOffsetsResultInfo>> answer =
                admin.listOffsets(specs, new ListOffsetsOptions(level)).all();
        return KafkaErrors.answer(answer).thenApply(ClusterOffsets::offsets);
    }

    private static Map<TopicPartition, Long> offsets(Map<TopicPartition, ListOffsetsResultInfo> infos) {
        return infos.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, each -> each.getValue()
                .offset()));
    }

    /** Waits for an answer, on a thread that may block. */
    static <T> T await(CompletableFuture<T> answer) {
        try {
            return answer.join();
        } catch (CompletionException e) {
            throw KafkaErrors.of(e);
        }
    }
}
