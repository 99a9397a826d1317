package io.levada.kafka;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.delivery.Delivery;
import io.levada.delivery.Subscription;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.protocol.RecordFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.common.TopicPartition;

/** Opens readers without a group. */
final class ClusterReads {
    private final ClusterTopics topics;
    private final ClusterPositions positions;
    private final Delivery delivery;

    ClusterReads(ClusterTopics topics, ClusterPositions positions, Delivery delivery) {
        this.topics = topics;
        this.positions = positions;
        this.delivery = delivery;
    }

    /** Opens a reader; its partitions begin once their leaders have said where they start and end. */
    BatchReader open(ReadSpec spec, BatchSink sink) {
        Subscription subscription =
                delivery.subscribe(sink, RecordFilter.of(spec.filter()), spec.overflow(), handle -> null);
        if (spec.from() instanceof Position.Committed) {
            subscription.fail(new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "only a group has a committed position; read from earliest, or join one"));
            return subscription;
        }
        topics.find(spec.topic())
                .thenCompose(topic -> start(topic, spec, subscription))
                .whenComplete((done, error) -> {
                    if (error != null) {
                        subscription.fail(KafkaErrors.of(error));
                    }
                });
        return subscription;
    }

    private CompletionStage<Void> start(ClusterTopic topic, ReadSpec spec, Subscription subscription) {
        List<ClusterPartition> wanted = wanted(topic, spec);
        if (spec.from() instanceof Position.AtToken at) {
            positions.check(topic, at.token());
        }
        if (spec.to() instanceof End.AtToken at) {
            positions.check(topic, at.token());
        }
        return positions.refresh(wanted).thenAccept(fresh -> {
            List<CompletableFuture<?>> started = new ArrayList<>();
            wanted.forEach(partition -> started.add(start(topic, partition, spec, subscription)));
            CompletionStage<Void> all = CompletableFuture.allOf(started.toArray(CompletableFuture[]::new));
            all.whenComplete((done, error) -> subscription.seal());
        });
    }

    private CompletableFuture<?> start(
            ClusterTopic topic, ClusterPartition partition, ReadSpec spec, Subscription subscription) {
        TopicPartition id = partition.id();
        return positions
                .offsetOf(topic, partition, spec.from())
                .thenCombine(positions.endOf(topic, partition, spec.to()), Range::new)
                .handle((range, error) -> {
                    if (error == null) {
                        if (spec.from() instanceof Position.AtTime) {
                            subscription.tell(id.partition(), range.from()); // another time it may be elsewhere
                        }
                        subscription.add(id.partition(), partition.feed(), range.from(), range.to());
                    } else {
                        subscription.refuse(id.partition(), KafkaErrors.of(error));
                    }
                    return range;
                })
                .toCompletableFuture();
    }

    private static List<ClusterPartition> wanted(ClusterTopic topic, ReadSpec spec) {
        int count = topic.partitions().size();
        Integer one = spec.partition();
        if (one == null) {
            return topic.partitions();
        }
        if (one < 0 || one >= count) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "topic " + spec.topic() + " has partitions 0 to " + (count - 1) + ", not " + one);
        }
        return List.of(topic.partitions().get(one));
    }

    private record Range(long from, long to) {}
}
