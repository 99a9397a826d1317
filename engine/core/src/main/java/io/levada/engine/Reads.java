package io.levada.engine;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.delivery.Delivery;
import io.levada.delivery.Feed;
import io.levada.delivery.Subscription;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.protocol.RecordFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;

/** Opens readers without a group. */
final class Reads {
    private final TopicRegistry topics;
    private final Positions positions;
    private final Delivery delivery;

    Reads(TopicRegistry topics, Positions positions, Delivery delivery) {
        this.topics = topics;
        this.positions = positions;
        this.delivery = delivery;
    }

    /** Opens a reader; partitions begin once their position is known, which takes a read of storage for a time. */
    BatchReader open(ReadSpec spec, BatchSink sink) {
        Subscription subscription =
                delivery.subscribe(sink, RecordFilter.of(spec.filter()), spec.overflow(), handle -> null);
        try {
            start(spec, subscription);
        } catch (LevadaException e) {
            subscription.fail(e);
        }
        return subscription;
    }

    private void start(ReadSpec spec, Subscription subscription) {
        TopicAdmin.checkNotInternal(spec.topic()); // what members come back with stands there, among other things
        OpenTopic topic = topics.require(spec.topic());
        if (spec.from() instanceof Position.Committed) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "only a group has a committed position; read from earliest, or join one");
        }
        if (spec.from() instanceof Position.AtToken at) {
            positions.check(topic, at.token());
        }
        if (spec.to() instanceof End.AtToken at) {
            positions.check(topic, at.token());
        }
        List<CompletableFuture<?>> started = new ArrayList<>();
        for (int partition : wanted(topic, spec)) {
            started.add(positions
                    .offsetOf(topic, partition, spec.from())
                    .thenCombine(positions.endOf(topic, partition, spec.to()), Range::new)
                    .handle((range, error) -> {
                        Feed feed = topic.partitions().get(partition).feed();
                        if (error == null) {
                            if (spec.from() instanceof Position.AtTime) {
                                subscription.tell(partition, range.from()); // another time it may be elsewhere
                            }
                            subscription.add(partition, feed, range.from(), range.to());
                        } else {
                            subscription.refuse(partition, cause(error));
                        }
                        return range;
                    })
                    .toCompletableFuture());
        }
        CompletionStage<Void> all = CompletableFuture.allOf(started.toArray(CompletableFuture[]::new));
        all.whenComplete((done, error) -> subscription.seal());
    }

    private static List<Integer> wanted(OpenTopic topic, ReadSpec spec) {
        int count = topic.partitions().size();
        Integer one = spec.partition();
        if (one == null) {
            return IntStream.range(0, count).boxed().toList();
        }
        if (one < 0 || one >= count) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "topic " + spec.topic() + " has partitions 0 to " + (count - 1) + ", not " + one);
        }
        return List.of(one);
    }

    static LevadaException cause(Throwable error) {
        return LevadaException.of(
                error instanceof CompletionException && error.getCause() != null ? error.getCause() : error);
    }

    private record Range(long from, long to) {}
}
