package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPattern;
import io.levada.TopicSpec;
import io.levada.facade.CommitPoint;
import io.levada.facade.JoinSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member of a group of the cluster: one consumer, used for membership and commits alone, on a thread of its own, since a
 * revocation blocks it. Whoever owns it may change: a connection that breaks leaves it an orphan for the grace period, in which
 * another can take it over.
 *
 * <p>{@link #commit}, {@link #givenBack}, {@link #leave}, {@link #orphaned}, {@link #adopt} and {@link #end} are safe for any thread; all else
 * is the member's thread's.
 */
final class ClusterMember {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterMember.class);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration COMMIT_PATIENCE = Duration.ofSeconds(10);
    /** Between two tries of a commit. */
    private static final Duration COMMIT_PAUSE = Duration.ofMillis(20);

    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);
    private static final Duration PATTERN_LOOK = Duration.ofSeconds(1);

    /** How long a member without partitions waits for some before it is idle. */
    private static final Duration IDLE = Duration.ofMillis(500);

    private static final int MAX_METADATA_BYTES = 4_096;

    /** What a topic is called that no pattern has found yet. */
    private static final String NONE_YET = TopicSpec.INTERNAL_PREFIX + "none";

    private final MemberHost host;
    private final JoinSpec spec;
    private final long secret;
    private final Consumer<ClusterMember> onEnd;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final BlockingDeque<Runnable> tasks = new LinkedBlockingDeque<>();
    private final Map<TopicPartition, Held> held = new LinkedHashMap<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Thread thread;

    /** How many partitions its topics had as it began: those that come later are read from their beginning. */
    private final Map<String, Integer> partitionsAtFirst = new HashMap<>();

    /** What it is called in the group; empty until it has joined. */
    private volatile String id = "";

    private volatile boolean polling;
    private volatile boolean stopping;

    private @Nullable ClusterSession session;
    private long orphanSinceNanos;
    private @Nullable LevadaException failure;
    private List<String> subscribed = List.of();
    private long patternsLookedAtNanos;
    /** The first of the tasks is a commit that could not be made, and is to be tried again a little later. */
    private boolean putOff;

    private long withoutSinceNanos;
    private boolean idleTold;
    private int nextHandle = 1;

    /** A partition that it owns. */
    private static final class Held {
        private final int handle;
        private final ClusterPartition partition;
        private final long generation;
        private long committed;
        private boolean givenBack;

        Held(int handle, ClusterPartition partition, long generation, long committed) {
            this.handle = handle;
            this.partition = partition;
            this.generation = generation;
            this.committed = committed;
        }
    }

    /**
     * Joins.
     *
     * @param topics those of the names that it subscribes to
     * @param consumer one that has not subscribed, which becomes the member's
     * @param secret what is wanted of who takes it over
     * @param onEnd told as it ends, before its owner is
     */
    ClusterMember(
            MemberHost host,
            ClusterSession session,
            List<ClusterTopic> topics,
            KafkaConsumer<byte[], byte[]> consumer,
            long secret,
            Consumer<ClusterMember> onEnd) {
        this.host = host;
        this.spec = session.spec();
        this.session = session;
        this.consumer = consumer;
        this.secret = secret;
        this.onEnd = onEnd;
        topics.forEach(
                topic -> partitionsAtFirst.put(topic.name(), topic.partitions().size()));
        this.thread = new Thread(this::run, "levada-member-" + spec.group());
        thread.setDaemon(true);
    }

    void begin() {
        thread.start();
    }

    /** Whether it is the one of that name in a group. Safe for any thread. */
    boolean is(String group, String name) {
        return spec.group().equals(group) && id.equals(name);
    }

    // What owners say.

    void commit(
            ClusterSession from, Map<Integer, CommitPoint> points, Runnable done, Consumer<LevadaException> failed) {
        long deadline = System.nanoTime() + COMMIT_PATIENCE.toNanos();
        execute(
                () -> commit(from, points, deadline, done, failed),
                () -> failed.accept(fenced("it has left the group")));
    }

    void givenBack(ClusterSession from, int handle) {
        execute(() -> {
            Held one = from == session ? byHandle(handle) : null;
            if (one != null) {
                one.givenBack = true;
                from.handedOver(handle);
            }
        });
    }

    void leave(ClusterSession from) {
        execute(() -> {
            if (from == session) {
                stopping = true;
            }
        });
    }

    /** The connection of its owner is lost. */
    void orphaned(ClusterSession from) {
        execute(() -> {
            if (from == session) {
                session = null;
                orphanSinceNanos = System.nanoTime();
            }
        });
    }

    /** Its owner is back on another connection, if the secret is right. */
    void adopt(ClusterSession next, long offered) {
        execute(() -> takeOver(next, offered), () -> next.failed(MemberHost.unknownMember(spec.group())));
    }

    private void takeOver(ClusterSession next, long offered) {
        if (offered != secret || stopping) {
            next.failed(MemberHost.unknownMember(spec.group()));
            return;
        }
        ClusterSession former = session;
        if (former != null) {
            former.failed(fenced("it is there on another connection now"));
        }
        session = next;
        next.begin(this);
        Set<Integer> handles = new HashSet<>();
        held.values().forEach(one -> handles.add(one.handle));
        next.rejoined(generation(), handles);
        held.values().forEach(one -> next.assigned(one.handle, one.partition, one.generation, one.committed));
    }

    /** Leaves, telling the owner why; complete when it has. */
    CompletionStage<Void> end(LevadaException why) {
        execute(() -> {
            failure = why;
            stopping = true;
        });
        return ended;
    }

    private void execute(Runnable task) {
        execute(task, () -> {});
    }

    private void execute(Runnable task, Runnable ifEnded) {
        tasks.add(task);
        if (polling) {
            consumer.wakeup();
        }
        if (ended.isDone() && tasks.remove(task)) {
            ifEnded.run();
        }
    }

    // The thread.

    private void run() {
        try {
            subscribe(TopicPattern.expand(spec.topics(), host.topicNames(spec)));
            while (!stopping) {
                turn();
            }
        } catch (RuntimeException e) {
            failure = KafkaErrors.of(e);
            LOG.debug("a member of {} ends", spec.group(), e);
        }
        finish();
    }

    private void turn() {
        runTasks();
        if (stopping) {
            return;
        }
        poll(POLL);
        noteJoined();
        noteIdle();
        noteOrphan();
        noteStall();
        lookForTopics();
    }

    private void runTasks() {
        putOff = false;
        for (Runnable task = tasks.poll(); task != null; task = putOff ? null : tasks.poll()) {
            task.run();
        }
    }

    private void poll(Duration time) {
        polling = true;
        try {
            consumer.poll(putOff ? COMMIT_PAUSE : tasks.isEmpty() ? time : Duration.ZERO);
        } catch (WakeupException e) {
            LOG.trace("there is something to do");
        } finally {
            polling = false;
        }
    }

    private void subscribe(List<String> names) {
        subscribed = names.isEmpty() ? List.of(NONE_YET) : List.copyOf(names);
        consumer.subscribe(subscribed, new Rebalances());
    }

    private void lookForTopics() {
        long now = System.nanoTime();
        if (spec.topics().stream().anyMatch(TopicPattern::isPattern)
                && now - patternsLookedAtNanos > PATTERN_LOOK.toNanos()) {
            patternsLookedAtNanos = now;
            List<String> names = TopicPattern.expand(spec.topics(), host.topicNames(spec));
            if (!names.equals(subscribed) && !names.isEmpty()) {
                subscribe(names);
            }
        }
    }

    private long generation() {
        return consumer.groupMetadata().generationId();
    }

    private boolean hasJoined() {
        return !id.isEmpty();
    }

    private void noteJoined() {
        long generation = generation();
        if (!hasJoined() && generation > 0) {
            id = consumer.groupMetadata().memberId();
            withoutSinceNanos = System.nanoTime();
            host.rebalanced();
            ClusterSession owner = session;
            if (owner != null) {
                owner.joined(id, secret, generation);
            }
        }
    }

    private void noteIdle() {
        boolean without = hasJoined() && held.isEmpty();
        if (!without) {
            withoutSinceNanos = System.nanoTime();
            idleTold = false;
        } else if (!idleTold && System.nanoTime() - withoutSinceNanos > IDLE.toNanos()) {
            idleTold = true;
            ClusterSession owner = session;
            if (owner != null) {
                owner.idle("no partition of " + String.join(", ", spec.topics())
                        + " is left for it: the other members own them all");
            }
        }
    }

    private void noteOrphan() {
        if (session == null
                && System.nanoTime() - orphanSinceNanos > host.config().grace().toNanos()) {
            stopping = true;
        }
    }

    private void noteStall() {
        Duration limit = spec.maxStall();
        ClusterSession owner = session;
        if (limit != null && owner != null) {
            io.levada.TopicPartition stalled = owner.stalled(limit, System.nanoTime());
            if (stalled != null) {
                failure = new LevadaException(
                        ErrorCode.MEMBER_STALLED,
                        "member '" + id + "' took none of the records of " + stalled + " for " + limit.toMillis()
                                + " ms, and is out of the group '" + spec.group()
                                + "'; join again when there is demand");
                stopping = true;
            }
        }
    }

    private void finish() {
        stopping = true;
        try {
            consumer.close(CloseOptions.timeout(CLOSE_PATIENCE));
        } catch (RuntimeException e) {
            LOG.warn("a member of {} did not leave as it should", spec.group(), e);
        }
        held.clear();
        onEnd.accept(this);
        ClusterSession owner = session;
        LevadaException why = failure;
        if (owner != null && why != null) {
            owner.failed(why);
        } else if (owner != null) {
            owner.left();
        }
        host.rebalanced();
        ended.complete(null);
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run(); // which find that nothing is owned any more
        }
    }

    // Commits.

    /**
     * Commits, and answers, unless it is put off: it stays the first of the tasks then. It does not wait for that itself, as
     * a partition that is asked back meanwhile is given back only when no commit of its owner's is without an answer.
     */
    private void commit(
            ClusterSession from,
            Map<Integer, CommitPoint> points,
            long deadline,
            Runnable done,
            Consumer<LevadaException> failed) {
        try {
            if (commit(from, points, deadline)) {
                done.run();
            } else {
                putOff = true;
                tasks.addFirst(() -> commit(from, points, deadline, done, failed));
            }
        } catch (RuntimeException e) {
            failed.accept(KafkaErrors.of(e));
        }
    }

    /** Whether it is committed; if not, it may be with another try. */
    private boolean commit(ClusterSession from, Map<Integer, CommitPoint> points, long deadline) {
        Map<TopicPartition, OffsetAndMetadata> commits = new HashMap<>();
        Map<Held, Long> places = new HashMap<>();
        points.forEach((handle, point) -> {
            Held one = from == session ? byHandle(handle) : null;
            if (one == null) {
                throw fenced("assignment " + handle + " has ended; its partition may have another owner");
            }
            check(one, point);
            String metadata = point.metadata();
            commits.put(
                    one.partition.id(),
                    metadata == null
                            ? new OffsetAndMetadata(point.offset())
                            : new OffsetAndMetadata(point.offset(), metadata));
            places.put(one, point.offset());
        });
        if (!commit(commits, deadline)) {
            return false;
        }
        places.forEach((one, offset) -> one.committed = offset);
        return true;
    }

    private static void check(Held one, CommitPoint point) {
        String metadata = point.metadata();
        if (metadata != null && metadata.getBytes(StandardCharsets.UTF_8).length > MAX_METADATA_BYTES) {
            throw new LevadaException(
                    ErrorCode.OFFSET_METADATA_TOO_LARGE,
                    "what is said with a commit may have " + MAX_METADATA_BYTES + " bytes");
        } else if (point.offset() < one.committed) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "offset " + point.offset() + " of " + one.partition + " is before the commit, " + one.committed
                            + "; reset the group to go back");
        } else if (point.offset() > one.partition.durable()
                && point.offset() > one.partition.ask().visible()) {
            throw new LevadaException(
                    ErrorCode.OFFSET_OUT_OF_RANGE,
                    "offset " + point.offset() + " of " + one.partition + " is behind its end, "
                            + one.partition.durable());
        }
    }

    /** Of a new epoch the member may hear a little later than the cluster, which then lets it try again. */
    private boolean commit(Map<TopicPartition, OffsetAndMetadata> commits, long deadline) {
        try {
            awake(() -> {
                consumer.commitSync(commits, COMMIT_PATIENCE);
                return commits;
            });
            return true;
        } catch (CommitFailedException | StaleMemberEpochException | RetriableException e) {
            if (System.nanoTime() > deadline) {
                throw e;
            }
            LOG.debug("a commit of {} is tried again", spec.group(), e);
            return false;
        }
    }

    /** Does again what a wake-up broke off that came just before. */
    private static <T> T awake(Supplier<T> work) {
        while (true) {
            try {
                return work.get();
            } catch (WakeupException e) {
                LOG.trace("there is more to do");
            }
        }
    }

    private @Nullable Held byHandle(int handle) {
        for (Held one : held.values()) {
            if (one.handle == handle) {
                return one;
            }
        }
        return null;
    }

    private LevadaException fenced(String why) {
        return new LevadaException(ErrorCode.FENCED_MEMBER_EPOCH, "a member of group '" + spec.group() + "': " + why);
    }

    /** What the cluster assigns and takes; called by the consumer while it polls or closes. */
    private final class Rebalances implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            polling = false; // a wake-up would fail the assignment
            if (partitions.isEmpty()) {
                return;
            }
            consumer.pause(partitions);
            noteJoined();
            host.rebalanced();
            Map<TopicPartition, ClusterPartition> open = host.open(partitions);
            Map<TopicPartition, Long> starts = starts(open);
            long generation = generation();
            open.forEach((id, partition) -> {
                long start = starts.getOrDefault(id, partition.start());
                consumer.seek(id, start);
                Held one = new Held(nextHandle++, partition, generation, start);
                held.put(id, one);
                ClusterSession owner = session;
                if (owner != null) {
                    owner.assigned(one.handle, partition, generation, start);
                }
            });
        }

        /** The group's places; where it has none yet, it gets one, so that whoever follows goes on from there. */
        private Map<TopicPartition, Long> starts(Map<TopicPartition, ClusterPartition> open) {
            Map<TopicPartition, Long> starts = new HashMap<>();
            Map<TopicPartition, OffsetAndMetadata> first = new HashMap<>();
            Map<TopicPartition, OffsetAndMetadata> committed = awake(() -> consumer.committed(open.keySet()));
            List<ClusterPartition> without = new ArrayList<>();
            open.forEach((id, partition) -> {
                OffsetAndMetadata place = committed.get(id);
                if (place == null) {
                    without.add(partition);
                } else {
                    starts.put(id, place.offset());
                }
            });
            for (ClusterPartition partition : without) {
                TopicPartition id = partition.id();
                Integer atFirst = partitionsAtFirst.get(id.topic());
                boolean cameLater = atFirst != null && id.partition() >= atFirst;
                long start = cameLater ? partition.start() : host.startOf(partition, spec.from());
                starts.put(id, start);
                first.put(id, new OffsetAndMetadata(start));
            }
            if (!first.isEmpty()) {
                tryCommit(first);
            }
            return starts;
        }

        private void tryCommit(Map<TopicPartition, OffsetAndMetadata> places) {
            try {
                awake(() -> {
                    consumer.commitSync(places, COMMIT_PATIENCE);
                    return places;
                });
            } catch (CommitFailedException | StaleMemberEpochException | RetriableException e) {
                LOG.debug("the first place of {} is found anew, if it is to be", spec.group(), e);
            }
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            polling = false;
            List<Held> going = those(partitions);
            if (going.isEmpty()) {
                return;
            }
            host.rebalanced();
            if (session != null && !stopping) {
                handOver(going);
            }
            drop(going);
        }

        /** Waits until the owner has given partitions back, and serves its commits meanwhile. */
        private void handOver(List<Held> going) {
            long within = host.config().handOver().toMillis();
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(within);
            ClusterSession owner = session;
            if (owner != null) {
                going.forEach(one -> owner.revoking(one.handle, within));
            }
            try {
                while (session == owner && !going.stream().allMatch(one -> one.givenBack)) {
                    long left = deadline - System.nanoTime();
                    Runnable task = left <= 0 ? null : tasks.poll(left, TimeUnit.NANOSECONDS);
                    if (task == null) {
                        return;
                    }
                    putOff = false;
                    task.run();
                    if (putOff) {
                        TimeUnit.MILLISECONDS.sleep(COMMIT_PAUSE.toMillis());
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void drop(List<Held> going) {
            ClusterSession owner = session;
            for (Held one : going) {
                held.remove(one.partition.id());
                if (owner != null && !one.givenBack && !stopping) {
                    owner.lost(one.handle, id);
                }
            }
        }

        private List<Held> those(Collection<TopicPartition> partitions) {
            return partitions.stream().map(held::get).filter(Objects::nonNull).toList();
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            List<Held> going = those(partitions);
            host.rebalanced();
            drop(going);
        }
    }
}
