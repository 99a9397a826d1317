package io.levada.facade;

import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.LevadaOptions;
import io.levada.TopicPartition;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;

/** An owned partition as its user sees it. Nothing is read of it before its deliveries are subscribed to. */
final class OwnedAssignment implements Assignment {
    private final Ownership owned;
    private final Membership membership;
    private final LevadaOptions options;
    private final AtomicBoolean taken = new AtomicBoolean();
    private final AtomicReference<@Nullable Release> release = new AtomicReference<>();
    private volatile @Nullable Deliveries stream;

    private record Release(@Nullable Throwable error) {}

    OwnedAssignment(Ownership owned, Membership membership, LevadaOptions options) {
        this.owned = owned;
        this.membership = membership;
        this.options = options;
    }

    @Override
    public TopicPartition topicPartition() {
        return owned.partition;
    }

    @Override
    public long generation() {
        return owned.generation;
    }

    @Override
    public long start() {
        return owned.start;
    }

    @Override
    public Disposable hold() {
        owned.holds.incrementAndGet();
        return Disposables.composite(() -> {
            owned.holds.decrementAndGet();
            membership.settled(AckTracker.Outcome.DRAINED);
        });
    }

    @Override
    public Mono<Void> commit(long offset, @Nullable String metadata) {
        return membership.commit(owned, new CommitPoint(offset, metadata));
    }

    boolean isStopped() {
        return owned.tracker.isStopped();
    }

    void stop() {
        Deliveries reading = stream;
        if (reading != null) {
            reading.remove(owned);
        }
    }

    /** Ends the deliveries, those of a later subscriber too. */
    void release(@Nullable Throwable error) {
        release.compareAndSet(null, new Release(error));
        endIfReleased();
    }

    private void endIfReleased() {
        Deliveries reading = stream;
        Release done = release.get();
        if (reading != null && done != null) {
            reading.end(done.error());
        }
    }

    @Override
    public Flux<Delivery> deliveries() {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super Delivery> actual) {
                if (!taken.compareAndSet(false, true)) {
                    Operators.error(
                            actual, new IllegalStateException("the deliveries of an assignment have one subscriber"));
                    return;
                }
                Deliveries reading = new Deliveries(actual);
                stream = reading;
                reading.start();
                endIfReleased();
            }
        };
    }

    @Override
    public String toString() {
        return owned.partition + " of generation " + owned.generation;
    }

    private final class Deliveries extends DeliveryStream {
        Deliveries(CoreSubscriber<? super Delivery> actual) {
            super(actual, options);
        }

        @Override
        BatchReader openReader() {
            GroupSession.AssignedReader reader = membership.read(this);
            readFrom(membership, reader);
            add(owned);
            return reader;
        }
    }
}
