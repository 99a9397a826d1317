package io.levada.trials;

import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.GroupDescription.GroupOffset;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.trials.GroupLedger.Began;
import io.levada.trials.GroupLedger.Delivered;
import io.levada.trials.GroupLedger.Result;
import io.levada.trials.GroupLedger.Seen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * A group with a member on each gateway, or more. They note what they were assigned, what they got, and each commit that was
 * answered. One whose gateway is gone joins anew through the other one, or waits for its own to be back.
 */
final class ClusterGroup implements AutoCloseable {
    private static final Duration GIVE_UP = Duration.ofSeconds(2);
    private static final Duration LEAVING = Duration.ofSeconds(10);
    private static final long AGAIN_MS = 50;
    /** Deliveries from one commit of its own to the next; in between the acknowledged are committed as they come. */
    private static final int COMMIT_EVERY = 100;

    private final Gateways gateways;
    private final String name;
    private final String topic;
    private final boolean waits;
    private final GroupLedger ledger = new GroupLedger();
    private final Map<Integer, Long> delivered = new HashMap<>();
    private final Map<ErrorCode, Integer> failures = new EnumMap<>(ErrorCode.class);
    private final List<Member> members = new ArrayList<>();

    /** @param waits whether members stay with their gateway while it is gone */
    ClusterGroup(Gateways gateways, String name, String topic, int size, boolean waits) {
        this.gateways = gateways;
        this.name = name;
        this.topic = topic;
        this.waits = waits;
        for (int i = 0; i < size; i++) {
            members.add(new Member(i));
        }
    }

    String name() {
        return name;
    }

    /** How many records came from each partition, those that came again included. */
    synchronized Map<Integer, Long> delivered() {
        return Map.copyOf(delivered);
    }

    /** How assignments, commits and memberships failed, with how often. */
    synchronized Map<ErrorCode, Integer> failures() {
        return new EnumMap<>(failures);
    }

    private synchronized void failed(Throwable error) {
        failures.merge(LevadaException.of(error).code(), 1, Integer::sum);
    }

    /** What the group has committed for each partition as somebody else sees it, who is told so by a gateway. */
    Map<Integer, Long> look(Levada levada) {
        // Not while members wait for this: theirs are the threads that bring the answer.
        List<GroupOffset> offsets = levada.blocking().describeGroup(name).offsets();
        Map<Integer, Long> committed = new HashMap<>();
        for (GroupOffset offset : offsets) {
            if (offset.committed() >= 0) {
                committed.put(offset.partition(), offset.committed());
                answered(offset.partition(), offset.committed());
            }
        }
        return committed;
    }

    /** Somebody was told of a commit. */
    private synchronized void answered(int partition, long offset) {
        ledger.add(new Seen(partition, offset, System.currentTimeMillis()));
    }

    /** Members leave and join, until each is at its own gateway again. */
    void goHome() {
        members.forEach(Member::goHome);
    }

    void leave() {
        for (Member member : members) {
            member.leave();
        }
    }

    synchronized Result check(Map<Integer, Long> ends) {
        return ledger.check(ends, true);
    }

    @Override
    public void close() {
        members.forEach(Member::close);
    }

    /** A member, which becomes another one each time it joins. */
    private final class Member implements AutoCloseable {
        private final int number;
        private final Disposable.Swap running = Disposables.swap();
        private int gateway;
        private int life;
        private Levada levada;
        private boolean closed;

        Member(int number) {
            this.number = number;
            gateway = home();
            levada = open();
            join();
        }

        private int home() {
            return number % gateways.count();
        }

        private Levada open() {
            LevadaOptions options = LevadaOptions.defaults();
            return Levada.open(gateways.address(gateway), waits ? options : options.withReconnectTimeout(GIVE_UP));
        }

        private synchronized void join() {
            String who = name + "-" + number + "-" + life++;
            running.update(levada.group(name)
                    .subscribe(topic)
                    .flatMap(assignment -> work(who, assignment), Integer.MAX_VALUE)
                    .subscribe(offset -> {}, error -> {
                        failed(error);
                        again();
                    }));
        }

        private synchronized void again() {
            if (!closed) {
                running.update(Schedulers.boundedElastic().schedule(this::elsewhere, AGAIN_MS, TimeUnit.MILLISECONDS));
            }
        }

        private synchronized void elsewhere() {
            if (closed) {
                return;
            }
            Schedulers.boundedElastic().schedule(levada::close);
            gateway = gateways.other(gateway);
            try {
                levada = open();
                join();
            } catch (LevadaException e) {
                failed(e);
                again();
            }
        }

        void goHome() {
            if (isAway()) {
                leave();
                goOn();
            }
        }

        private synchronized boolean isAway() {
            return gateway != home();
        }

        private synchronized void goOn() {
            closed = false;
            gateway = home();
            levada = open();
            join();
        }

        private Flux<Void> work(String who, Assignment assignment) {
            int partition = assignment.topicPartition().partition();
            long generation = assignment.generation();
            synchronized (ClusterGroup.this) {
                ledger.add(new Began(who, generation, partition, System.currentTimeMillis()));
            }
            return assignment
                    .deliveries()
                    .concatMap(delivery -> work(who, assignment, delivery))
                    .onErrorResume(lost -> {
                        failed(lost);
                        return Flux.empty();
                    });
        }

        private Mono<Void> work(String who, Assignment assignment, Delivery delivery) {
            int partition = delivery.record().partition();
            long offset = delivery.record().offset();
            long count;
            synchronized (ClusterGroup.this) {
                ledger.add(new Delivered(who, assignment.generation(), partition, offset));
                count = delivered.merge(partition, 1L, Long::sum);
            }
            delivery.ack();
            return count % COMMIT_EVERY != 0
                    ? Mono.empty()
                    : assignment
                            .commit(offset + 1, null)
                            .doOnSuccess(done -> answered(partition, offset + 1))
                            .onErrorResume(error -> {
                                failed(error);
                                return Mono.empty();
                            });
        }

        void leave() {
            ending().closeGracefully(LEAVING).block();
        }

        private synchronized Levada ending() {
            closed = true;
            return levada;
        }

        @Override
        public synchronized void close() {
            closed = true;
            running.dispose();
            Schedulers.boundedElastic().schedule(levada::close);
        }
    }
}
