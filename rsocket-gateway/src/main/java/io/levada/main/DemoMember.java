package io.levada.main;

import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A member of a group as any client would be one: a connection and a thread of its own, a stream for each partition it
 * owns, an acknowledgement when it is done with a record. Its state may be read by any thread.
 */
final class DemoMember {
    /** Records a partition may have on their way to a member. */
    private static final int WINDOW_RECORDS = 256;

    private final String name;
    private final Consumer<Delivery> work;
    private final long workNanos;
    private final Scheduler thread;
    private final Levada levada;
    private final BaseSubscriber<Assignment> membership = new Membership();
    private final ConcurrentSkipListSet<Integer> owned = new ConcurrentSkipListSet<>();
    private volatile List<Integer> ownedWhenLeft = List.of();
    private volatile @Nullable String idle;
    private volatile @Nullable LevadaException error;
    private final AtomicInteger records = new AtomicInteger();
    private volatile boolean leaving;
    private volatile boolean left;

    /**
     * @param address of the server
     * @param work what it does with a record
     * @param workNanos how long it pretends that this takes
     */
    DemoMember(String address, String name, Consumer<Delivery> work, long workNanos) {
        this.name = name;
        this.work = work;
        this.workNanos = workNanos;
        thread = Schedulers.newSingle(name, true);
        levada = Levada.open(address, LevadaOptions.defaults().withCallbacks(thread));
    }

    void join(String group, String topic) {
        MemberOptions options = MemberOptions.defaults().withMemberName(name).withOnEvent(this::tell);
        levada.group(group).subscribe(List.of(topic), options).subscribe(membership);
    }

    private void tell(MemberEvent event) {
        if (event instanceof MemberEvent.Idle told) {
            idle = told.reason();
        }
    }

    /** Makes it leave once it is done with the next record. */
    void leaveSoon() {
        leaving = true;
    }

    void close() {
        levada.closeGracefully(Duration.ofSeconds(5)).block();
        thread.dispose();
    }

    String name() {
        return name;
    }

    /** Partitions it owns, or owned when it left. */
    List<Integer> partitions() {
        return left ? ownedWhenLeft : List.copyOf(owned);
    }

    int records() {
        return records.get();
    }

    boolean hasLeft() {
        return left;
    }

    /** Why it has nothing to do, as it was told; null when it has. */
    @Nullable
    String idle() {
        return owned.isEmpty() && !left ? idle : null;
    }

    @Nullable
    LevadaException error() {
        return error;
    }

    /** Takes partitions as they come. */
    private final class Membership extends BaseSubscriber<Assignment> {
        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            requestUnbounded(); // assignments, of which there are no more than partitions
        }

        @Override
        protected void hookOnNext(Assignment assignment) {
            int partition = assignment.topicPartition().partition();
            owned.add(partition);
            assignment.deliveries().subscribe(new Partition(partition));
        }

        @Override
        protected void hookOnError(Throwable throwable) {
            error = LevadaException.of(throwable);
        }
    }

    /** Works through the records of one partition for as long as the member owns it. */
    private final class Partition extends BaseSubscriber<Delivery> {
        private final int partition;
        private int taken;

        Partition(int partition) {
            this.partition = partition;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            request(WINDOW_RECORDS);
        }

        @Override
        protected void hookOnNext(Delivery delivery) {
            if (left) {
                return; // not acknowledged, so its next owner gets it
            }
            work.accept(delivery);
            if (workNanos > 0) {
                LockSupport.parkNanos(workNanos);
            }
            records.incrementAndGet();
            delivery.ack();
            if (leaving) {
                ownedWhenLeft = List.copyOf(owned);
                left = true;
                membership.cancel();
            } else if (++taken % (WINDOW_RECORDS / 2) == 0) {
                request(WINDOW_RECORDS / 2);
            }
        }

        @Override
        protected void hookOnComplete() {
            owned.remove(partition);
        }

        @Override
        protected void hookOnError(Throwable throwable) {
            owned.remove(partition);
            error = LevadaException.of(throwable);
        }
    }
}
