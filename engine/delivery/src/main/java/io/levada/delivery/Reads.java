package io.levada.delivery;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.protocol.RecordFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Opens readers without a group. Safe for any thread; does not block. */
public final class Reads {
    private final Positions positions;
    private final Delivery delivery;

    public Reads(Positions positions, Delivery delivery) {
        this.positions = positions;
        this.delivery = delivery;
    }

    /**
     * Opens a reader; partitions begin once their topic and their position are known, which takes a read of storage for a time.
     *
     * @param lookup finds the topic, with partitions that know where they begin and end now
     */
    public BatchReader open(ReadSpec spec, BatchSink sink, Supplier<CompletionStage<? extends ReadableTopic>> lookup) {
        Subscription subscription =
                delivery.subscribe(sink, RecordFilter.of(spec.filter()), spec.overflow(), handle -> null);
        try {
            if (spec.from() instanceof Position.Committed) {
                throw new LevadaException(
                        ErrorCode.INVALID_REQUEST,
                        "only a group has a committed position; read from earliest, or join one");
            }
            CompletionStage<Void> started = lookup.get().thenAccept(topic -> start(topic, spec, subscription));
            started.whenComplete((done, error) -> {
                if (error != null) {
                    subscription.fail(cause(error));
                }
            });
        } catch (LevadaException e) {
            subscription.fail(e);
        }
        return subscription;
    }

    private void start(ReadableTopic topic, ReadSpec spec, Subscription subscription) {
        if (spec.from() instanceof Position.AtToken at) {
            positions.check(topic, at.token());
        }
        if (spec.to() instanceof End.AtToken at) {
            positions.check(topic, at.token());
        }
        List<CompletableFuture<?>> started = new ArrayList<>();
        for (int partition : wanted(topic, spec)) {
            started.add(start(topic, partition, spec, subscription));
        }
        CompletionStage<Void> all = CompletableFuture.allOf(started.toArray(CompletableFuture[]::new));
        all.whenComplete((done, error) -> subscription.seal());
    }

    private CompletableFuture<?> start(ReadableTopic topic, int partition, ReadSpec spec, Subscription subscription) {
        return positions
                .offsetOf(topic, partition, spec.from())
                .thenCombine(positions.endOf(topic, partition, spec.to()), Range::new)
                .handle((range, error) -> {
                    if (error == null) {
                        if (spec.from() instanceof Position.AtTime) {
                            subscription.tell(partition, range.from()); // another time it may be elsewhere
                        }
                        subscription.add(partition, topic.feed(partition), range.from(), range.to());
                    } else {
                        subscription.refuse(partition, cause(error));
                    }
                    return range;
                })
                .toCompletableFuture();
    }

    private static List<Integer> wanted(ReadableTopic topic, ReadSpec spec) {
        int count = topic.partitionCount();
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

    /** What a stage failed with. */
    public static LevadaException cause(Throwable error) {
        return LevadaException.of(
                error instanceof CompletionException && error.getCause() != null ? error.getCause() : error);
    }

    private record Range(long from, long to) {}
}
