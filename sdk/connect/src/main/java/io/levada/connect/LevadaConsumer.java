package io.levada.connect;

import io.levada.Assignment;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import io.levada.Position;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A consumer over the facade: a member of a group for each topic, which says which partitions are its own, and a reader of
 * each of these from where the task is. No more is asked for than a poll gives.
 *
 * <p>A partition that is asked back is held until the task has heard of it, flushed and committed. Topics that are not there
 * yet are waited for. As with Kafka's, all is to be called by the one thread that polls, but for {@link #wakeup}; listeners
 * and callbacks are called by it, while it polls.
 */
final class LevadaConsumer extends PartialConsumer {
    private static final Logger log = LoggerFactory.getLogger(LevadaConsumer.class);
    private static final Duration AGAIN = Duration.ofSeconds(1);
    private static final Duration LOOK_FOR_TOPICS = Duration.ofSeconds(5);

    private final Levada levada;
    private final String group;
    private final String instance;
    private final String member;
    private final int mostRecords;
    private final Position reset;
    private final Runnable committed;

    private final Map<TopicPartition, OwnedPartition> owned = new LinkedHashMap<>();
    private final Map<String, Membership> memberships = new LinkedHashMap<>();
    private final Disposable.Composite subscriptions = Disposables.composite(); // of memberships; for any thread
    private final Set<String> topics = new LinkedHashSet<>();
    private @Nullable Pattern pattern;
    private long lookAtNanos;
    private ConsumerRebalanceListener listener = new NoListener();
    private int turn;

    private final Deque<Runnable> events = new ArrayDeque<>(); // guarded by itself, as those below
    private boolean woken;
    private boolean news;

    /**
     * A member to be.
     *
     * @param instance who this is across restarts, so that it goes on at once with what one had that was killed
     * @param member a name by which descriptions of the group tell it
     * @param mostRecords of one poll, 1 or more
     * @param reset where partitions start that the group has no commit for
     * @param committed called after each commit that is durable; must not block
     */
    LevadaConsumer(
            Levada levada,
            String group,
            String instance,
            String member,
            int mostRecords,
            Position reset,
            Runnable committed) {
        this.levada = levada;
        this.group = group;
        this.instance = instance;
        this.member = member;
        this.mostRecords = mostRecords;
        this.reset = reset;
        this.committed = committed;
    }

    private static final class NoListener implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}
    }

    /** The membership for one topic, or the wait before it is tried again. */
    private static final class Membership {
        final Disposable.Swap subscription = Disposables.swap();
        boolean joined;
        long tryAtNanos = System.nanoTime();
    }

    @Override
    public void subscribe(Collection<String> names, ConsumerRebalanceListener callback) {
        topics.addAll(names);
        listener = callback;
    }

    /** Topics that match come to be subscribed to within seconds of their creation. */
    @Override
    public void subscribe(Pattern wanted, ConsumerRebalanceListener callback) {
        pattern = wanted;
        lookAtNanos = System.nanoTime();
        listener = callback;
    }

    @Override
    public Set<String> subscription() {
        return Set.copyOf(topics);
    }

    @Override
    public Set<TopicPartition> assignment() {
        return Set.copyOf(owned.keySet());
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
        long end = System.nanoTime() + timeout.toNanos();
        while (true) {
            runEvents();
            long nextTry = subscribe(System.nanoTime());
            Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> found = take();
            if (!found.isEmpty()) {
                return records(found);
            }
            long left = Math.min(end, nextTry) - System.nanoTime();
            if (System.nanoTime() >= end) {
                return ConsumerRecords.empty();
            }
            await(left);
        }
    }

    private ConsumerRecords<byte[], byte[]> records(Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> found) {
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
        found.keySet().forEach(partition -> next.put(partition, new OffsetAndMetadata(position(partition))));
        return new ConsumerRecords<>(found, next);
    }

    /** Runs what came to pass meanwhile; throws what a wakeup is to throw. */
    private void runEvents() {
        while (true) {
            Runnable event;
            synchronized (events) {
                if (woken) {
                    woken = false;
                    throw new WakeupException();
                }
                event = events.poll();
            }
            if (event == null) {
                return;
            }
            event.run();
        }
    }

    private void post(Runnable event) {
        synchronized (events) {
            events.add(event);
            events.notifyAll();
        }
    }

    private void signal() {
        synchronized (events) {
            news = true;
            events.notifyAll();
        }
    }

    @Override
    public void wakeup() {
        synchronized (events) {
            woken = true;
            events.notifyAll();
        }
    }

    private void await(long nanos) {
        synchronized (events) {
            try {
                if (nanos > 0 && !woken && !news && events.isEmpty()) {
                    events.wait(nanos / 1_000_000, (int) (nanos % 1_000_000));
                }
                news = false;
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
        }
    }

    /** Joins for what is subscribed to and not yet joined for; gives when to do so again. */
    private long subscribe(long now) {
        long next = Long.MAX_VALUE / 2 + now / 2;
        if (pattern != null) {
            if (now >= lookAtNanos) {
                lookAtNanos = now + LOOK_FOR_TOPICS.toNanos();
                lookForTopics(pattern);
            }
            next = Math.min(next, lookAtNanos);
        }
        for (String topic : topics) {
            Membership membership = memberships.computeIfAbsent(topic, name -> membership());
            if (!membership.joined && now >= membership.tryAtNanos) {
                join(topic, membership);
            }
            if (!membership.joined) {
                next = Math.min(next, membership.tryAtNanos);
            }
        }
        return next;
    }

    private Membership membership() {
        Membership made = new Membership();
        subscriptions.add(made.subscription);
        return made;
    }

    private void lookForTopics(Pattern wanted) {
        levada.topics()
                .list()
                .filter(name -> wanted.matcher(name).matches())
                .collectList()
                .subscribe(
                        names -> post(() -> topics.addAll(names)),
                        error -> log.warn("topics cannot be listed for the moment: {}", error.getMessage()));
    }

    private void join(String topic, Membership membership) {
        membership.joined = true;
        MemberOptions options = MemberOptions.defaults()
                .withMemberName(MemberNames.of(member))
                .withInstanceId(MemberNames.of(instance + "." + topic))
                .withFrom(reset)
                .withOnEvent(event -> {
                    if (event instanceof MemberEvent.Revoking revoking) {
                        post(() -> revoked(of(revoking.topicPartition())));
                    }
                });
        membership.subscription.update(levada.group(group)
                .subscribe(List.of(topic), options)
                .subscribe(
                        assignment -> post(() -> assigned(assignment)),
                        error -> post(() -> ended(topic, membership, LevadaException.of(error)))));
    }

    private void ended(String topic, Membership membership, LevadaException error) {
        membership.joined = false;
        membership.tryAtNanos = System.nanoTime() + AGAIN.toNanos();
        boolean missing = error.code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        if (!missing && !error.retriable() && !isFenced(error)) {
            throw KafkaErrors.of(error);
        }
        log.debug("group {} is joined again for {}: {}", group, topic, error.line());
    }

    private static boolean isFenced(LevadaException error) {
        return switch (error.code()) {
            case FENCED_MEMBER_EPOCH,
                    STALE_MEMBER_EPOCH,
                    UNKNOWN_MEMBER_ID,
                    UNRELEASED_INSTANCE_ID,
                    MEMBER_STALLED,
                    LOG_CHANGED -> true;
            default -> false;
        };
    }

    private static TopicPartition of(io.levada.TopicPartition partition) {
        return new TopicPartition(partition.topic(), partition.partition());
    }

    private void assigned(Assignment assignment) {
        TopicPartition partition = of(assignment.topicPartition());
        lost(partition, owned.get(partition));
        OwnedPartition mine = new OwnedPartition(levada, assignment, member, mostRecords, this::signal);
        owned.put(partition, mine);
        mine.watch(() -> post(() -> lost(partition, mine)));
        listener.onPartitionsAssigned(List.of(partition));
    }

    /** It goes to another member: the task flushes and commits, and then it is let go. */
    private void revoked(TopicPartition partition) {
        OwnedPartition going = owned.get(partition);
        if (going != null) {
            listener.onPartitionsRevoked(List.of(partition));
            owned.remove(partition);
            going.release();
        }
    }

    private void lost(TopicPartition partition, @Nullable OwnedPartition gone) {
        if (gone != null && owned.get(partition) == gone) {
            owned.remove(partition);
            gone.release();
            listener.onPartitionsLost(List.of(partition));
        }
    }

    /** Up to one poll's records, beginning with another partition each time. */
    private Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> take() {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> found = new LinkedHashMap<>();
        List<TopicPartition> partitions = new ArrayList<>(owned.keySet());
        int room = mostRecords;
        turn++;
        for (int i = 0; i < partitions.size() && room > 0; i++) {
            TopicPartition partition = partitions.get(Math.floorMod(turn + i, partitions.size()));
            List<ConsumerRecord<byte[], byte[]>> taken = mine(partition).take(room);
            if (!taken.isEmpty()) {
                found.put(partition, taken);
                room -= taken.size();
            }
        }
        return found;
    }

    private OwnedPartition mine(TopicPartition partition) {
        OwnedPartition found = owned.get(partition);
        if (found == null) {
            throw new IllegalStateException(partition + " is not assigned to " + member);
        }
        return found;
    }

    @Override
    public long position(TopicPartition partition) {
        return mine(partition).position();
    }

    @Override
    public void seek(TopicPartition partition, long offset) {
        mine(partition).seek(offset);
    }

    @Override
    public Set<TopicPartition> paused() {
        Set<TopicPartition> paused = new HashSet<>();
        owned.forEach((partition, each) -> {
            if (each.isPaused()) {
                paused.add(partition);
            }
        });
        return paused;
    }

    @Override
    public void pause(Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> mine(partition).pause(true));
    }

    @Override
    public void resume(Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> mine(partition).pause(false));
    }

    @Override
    public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets) {
        try {
            commit(offsets).block();
        } catch (RuntimeException e) {
            throw KafkaErrors.of(e);
        }
    }

    @Override
    public void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
        commit(offsets)
                .subscribe(
                        nothing -> {},
                        error -> post(() -> callback.onComplete(offsets, KafkaErrors.of(error))),
                        () -> post(() -> callback.onComplete(offsets, null)));
    }

    private Mono<Void> commit(Map<TopicPartition, OffsetAndMetadata> offsets) {
        return Flux.fromIterable(offsets.entrySet())
                .concatMap(entry -> commit(entry.getKey(), entry.getValue()))
                .then();
    }

    /** Back is as good as forth: a task that goes back reads from there after a crash as well. */
    private Mono<Void> commit(TopicPartition partition, OffsetAndMetadata to) {
        OwnedPartition found = owned.get(partition);
        if (found == null) {
            return Mono.error(new LevadaException(
                    ErrorCode.FENCED_MEMBER_EPOCH, partition + " is owned by " + member + " no longer"));
        }
        if (to.offset() == found.committed()) {
            return Mono.empty();
        }
        Mono<Void> done = to.offset() > found.committed()
                ? found.commit(to.offset(), to.metadata().isEmpty() ? null : to.metadata())
                : levada.groups()
                        .reset(group, partition.topic(), partition.partition(), Position.offset(to.offset()))
                        .then();
        return done.doOnSuccess(nothing -> {
            found.committedTo(to.offset());
            committed.run();
        });
    }

    /** Leaves at once, whatever the thread that polls is doing, so that another can go on. Any thread. */
    void abandon() {
        subscriptions.dispose();
    }

    /** Lets the task flush and commit what it has, and leaves. */
    @Override
    public void close() {
        List<TopicPartition> all = List.copyOf(owned.keySet());
        try {
            if (!all.isEmpty()) {
                listener.onPartitionsRevoked(all);
            }
        } finally {
            owned.values().forEach(OwnedPartition::release);
            owned.clear();
            subscriptions.dispose();
            memberships.clear();
            topics.clear();
            pattern = null;
        }
    }
}
