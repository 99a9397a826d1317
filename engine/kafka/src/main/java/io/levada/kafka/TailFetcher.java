package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.kafka.ClusterOffsets.Bounds;
import io.levada.protocol.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches what live readers wait for, each partition once for all of them, on a thread of its own. A partition is fetched while
 * somebody waits at its end; where nobody does shortly after something came, it is paused. What the consumer had asked for by
 * then stays with it, one fetch at most, and comes first when somebody waits again.
 */
final class TailFetcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TailFetcher.class);

    /** How long readers may take to wait again, before a partition is paused. */
    private static final Duration AGAIN = Duration.ofMillis(2);

    /** Of a partition that the consumer has been given, and not told where to go on. */
    private static final long NOWHERE = -1;

    private static final Duration POLL = Duration.ofSeconds(1);

    /** How long what was fetched for nobody may stay. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final long AFTER_ERROR_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final BatchEncoder encoder;
    private final BiConsumer<ClusterPartition, LevadaException> onLost;
    private final Thread thread;

    /** Those that somebody waits for, and that are not fetched as far as known. */
    private final Queue<ClusterPartition> wanted = new ConcurrentLinkedQueue<>();

    private final Set<ClusterPartition> fetching = ConcurrentHashMap.newKeySet();
    private volatile boolean polling;
    private volatile boolean ended;

    /** What the consumer has been given; of the thread, as is all below. */
    private final Map<TopicPartition, Tail> tails = new HashMap<>();

    /** Those of which something came, until somebody waits again, and since when. */
    private final Map<Tail, Long> doubtful = new HashMap<>();

    private long sweptAtNanos = System.nanoTime();

    /** A partition that the consumer has, and where it goes on. */
    private static final class Tail {
        private final ClusterPartition partition;
        private long next = NOWHERE;
        private long pausedAtNanos;

        Tail(ClusterPartition partition) {
            this.partition = partition;
        }
    }

    /**
     * @param consumer one without partitions, which becomes the fetcher's
     * @param onLost told of partitions that cannot be fetched any more, and why
     */
    TailFetcher(
            KafkaConsumer<byte[], byte[]> consumer,
            String name,
            Limits limits,
            BiConsumer<ClusterPartition, LevadaException> onLost) {
        this.consumer = consumer;
        this.encoder = new BatchEncoder(ByteBufAllocator.DEFAULT, limits);
        this.onLost = onLost;
        this.thread = new Thread(this::run, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Somebody waits at the end of a partition. Safe for any thread; does not block. */
    void want(ClusterPartition partition) {
        if (!fetching.contains(partition)) {
            wanted.add(partition);
            wake();
        }
    }

    private void wake() {
        if (polling) {
            consumer.wakeup();
        }
        LockSupport.unpark(thread);
    }

    private void run() {
        try {
            while (!ended) {
                try {
                    turn();
                } catch (WakeupException e) {
                    LOG.trace("somebody waits");
                } catch (RuntimeException e) {
                    failed(e);
                }
            }
        } finally {
            consumer.close(CloseOptions.timeout(Duration.ZERO));
        }
    }

    private void turn() {
        for (ClusterPartition next = wanted.poll(); next != null; next = wanted.poll()) {
            resume(next);
        }
        sweep();
        if (fetching.isEmpty()) {
            if (wanted.isEmpty() && !ended) {
                LockSupport.parkNanos(this, POLL.toNanos());
            }
            return;
        }
        ConsumerRecords<byte[], byte[]> records;
        try {
            records = poll();
        } catch (OffsetOutOfRangeException e) {
            outOfRange(e.partitions());
            return;
        }
        for (Map.Entry<TopicPartition, OffsetAndMetadata> each :
                records.nextOffsets().entrySet()) {
            Tail tail = tails.get(each.getKey());
            if (tail != null) {
                deliver(tail, records, each.getValue().offset());
            }
        }
        pauseUnwanted();
    }

    private ConsumerRecords<byte[], byte[]> poll() {
        polling = true;
        try {
            Duration patience = doubtful.isEmpty() ? POLL : AGAIN;
            return consumer.poll(wanted.isEmpty() && !ended ? patience : Duration.ZERO);
        } finally {
            polling = false;
        }
    }

    private void resume(ClusterPartition partition) {
        if (!partition.isAwaited() || fetching.contains(partition)) {
            return;
        }
        TopicPartition id = partition.id();
        Tail tail = tails.get(id);
        if (tail == null || tail.partition != partition) {
            if (tail != null) { // of a topic of this name that has gone
                forget(tail);
            }
            tail = new Tail(partition);
            tails.put(id, tail);
            consumer.assign(tails.keySet());
        }
        long end = partition.durable();
        if (tail.next != end) {
            tail.next = end;
            consumer.seek(id, end);
        }
        fetching.add(partition);
        consumer.resume(List.of(id));
    }

    private void deliver(Tail tail, ConsumerRecords<byte[], byte[]> records, long next) {
        long from = tail.next;
        tail.next = next;
        if (tail.partition.isAwaited()) {
            doubtful.put(tail, System.nanoTime());
        } else {
            doubtful.putIfAbsent(tail, System.nanoTime());
        }
        try {
            encoder.encode(
                    records.records(tail.partition.id()),
                    from,
                    next,
                    (first, behind, batch) -> deliver(tail.partition, first, behind, batch));
        } catch (LevadaException e) {
            lose(tail, e);
        }
    }

    private static void deliver(ClusterPartition partition, long from, long next, ByteBuf batch) {
        try {
            partition.came(from, next, batch);
        } finally {
            batch.release();
        }
    }

    /** Pauses those of which something came and that nobody has waited for again since; most readers do at once. */
    private void pauseUnwanted() {
        if (doubtful.isEmpty()) {
            return;
        }
        long now = System.nanoTime();
        doubtful.keySet().removeIf(tail -> tail.partition.isAwaited());
        List<Tail> unwanted = doubtful.entrySet().stream()
                .filter(each -> now - each.getValue() > AGAIN.toNanos())
                .map(Map.Entry::getKey)
                .toList();
        unwanted.forEach(this::pause);
    }

    private void pause(Tail tail) {
        doubtful.remove(tail);
        consumer.pause(List.of(tail.partition.id()));
        tail.pausedAtNanos = System.nanoTime();
        fetching.remove(tail.partition);
        if (tail.partition.isAwaited()) {
            wanted.add(tail.partition); // which it was not a moment ago, and nobody says so again
        }
    }

    /**
     * Doubts partitions whose readers went without anything having come, and lets go of those that nobody has waited for in a
     * while, with what was fetched of them.
     */
    private void sweep() {
        long now = System.nanoTime();
        if (now - sweptAtNanos < POLL.toNanos()) {
            return;
        }
        sweptAtNanos = now;
        for (Tail tail : tails.values()) {
            if (fetching.contains(tail.partition) && !tail.partition.isAwaited()) {
                doubtful.putIfAbsent(tail, now);
            }
        }
        if (tails.values()
                .removeIf(tail -> !fetching.contains(tail.partition) && now - tail.pausedAtNanos > IDLE_NANOS)) {
            consumer.assign(tails.keySet());
        }
    }

    /** What was to be fetched next has been deleted, which readers are told as a gap, or the log was cut off before it. */
    private void outOfRange(Collection<TopicPartition> ids) {
        for (TopicPartition id : ids) {
            Tail tail = tails.get(id);
            if (tail == null) {
                continue;
            }
            Bounds bounds = tail.partition.ask();
            if (tail.next < bounds.start()) {
                tail.next = bounds.start();
                consumer.seek(id, tail.next);
            } else if (tail.next > bounds.visible()) {
                lose(tail, cutOff(tail, bounds));
            } else {
                consumer.seek(id, tail.next);
            }
        }
    }

    private static LevadaException cutOff(Tail tail, Bounds bounds) {
        return new LevadaException(
                ErrorCode.LOG_CHANGED,
                "partition " + tail.partition + " was read up to offset " + tail.next + " and now ends at "
                        + bounds.visible()
                        + ": a leader without its newest records was elected; read from a time, or from"
                        + " offset:" + bounds.visible());
    }

    private void failed(RuntimeException error) {
        if (error instanceof TopicAuthorizationException denied) {
            List.copyOf(tails.values()).stream()
                    .filter(tail -> denied.unauthorizedTopics()
                            .contains(tail.partition.id().topic()))
                    .forEach(tail -> lose(tail, KafkaErrors.of(denied)));
            return;
        }
        if (error instanceof AuthenticationException) {
            List.copyOf(tails.values()).forEach(tail -> lose(tail, KafkaErrors.of(error)));
        }
        if (!ended) {
            LOG.warn("fetching goes on after an error", error);
            LockSupport.parkNanos(this, AFTER_ERROR_NANOS);
        }
    }

    private void lose(Tail tail, LevadaException error) {
        forget(tail);
        onLost.accept(tail.partition, error);
    }

    private void forget(Tail tail) {
        doubtful.remove(tail);
        fetching.remove(tail.partition);
        tails.remove(tail.partition.id());
        consumer.assign(tails.keySet());
    }

    /** Ends the thread, and waits for that. */
    @Override
    public void close() {
        ended = true;
        consumer.wakeup();
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
