package io.levada.kafka;

import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.facade.BatchSink;
import io.levada.facade.CommitPoint;
import io.levada.facade.Engine;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whoever is behind a member of a group: reads what it owns with ample credit, keeps what it hears and reads, and commits and
 * hands over only as its test says. Waiting ends with an {@link AssertionError} that tells what was heard. Safe for any thread.
 */
final class Owner implements MemberSink, BatchSink {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final GroupSession session;
    private final GroupSession.AssignedReader reader;
    private final Runnable onLeft;

    // All of it is guarded by this.
    private final List<String> heard = new ArrayList<>();
    private final Map<Integer, TopicPartition> partitions = new TreeMap<>();
    private final Map<Integer, Long> starts = new HashMap<>();
    private final Map<Integer, List<Long>> offsets = new HashMap<>();
    private final List<Integer> revoking = new ArrayList<>();
    private JoinSpec.@Nullable Rejoin identity;
    private @Nullable LevadaException error;
    private long assignedAtNanos;
    private boolean reading;

    Owner(Engine engine, JoinSpec spec) {
        this(engine, spec, () -> {});
    }

    /** @param onLeft what it does as it hears that it has left, before anybody else knows */
    Owner(Engine engine, JoinSpec spec, Runnable onLeft) {
        this.onLeft = onLeft;
        session = engine.join(spec, this);
        reader = session.read(this);
        reader.credit(Long.MAX_VALUE, Long.MAX_VALUE);
        synchronized (this) {
            reading = true;
            partitions.forEach((handle, partition) -> reader.add(handle, start(handle)));
        }
    }

    GroupSession session() {
        return session;
    }

    /** The first commit's outcome: null where it was answered, or why not. */
    @Nullable
    LevadaException commit(int handle, long offset) {
        return commit(Map.of(handle, CommitPoint.at(offset)));
    }

    @Nullable
    LevadaException commit(Map<Integer, CommitPoint> points) {
        try {
            session.commit(points).block(PATIENCE);
            return null;
        } catch (LevadaException e) {
            return e;
        }
    }

    synchronized JoinSpec.Rejoin awaitJoined() {
        return await("a name", () -> identity);
    }

    /** The handles, when so many partitions are owned. */
    synchronized List<Integer> awaitAssigned(int count) {
        return await(count + " partitions", () -> partitions.size() >= count ? List.copyOf(partitions.keySet()) : null);
    }

    synchronized int awaitRevoking() {
        return await("a partition that goes", () -> revoking.isEmpty() ? null : revoking.get(0));
    }

    /** The partitions that were asked back so far. */
    synchronized List<Integer> revoking() {
        return List.copyOf(revoking);
    }

    synchronized LevadaException awaitError() {
        return await("an error", () -> error);
    }

    synchronized String awaitHeard(String prefix) {
        return await(prefix, () -> heard.stream()
                .filter(line -> line.startsWith(prefix))
                .findFirst()
                .orElse(null));
    }

    /** The offsets read of an assignment, when the last of them is this. */
    synchronized List<Long> awaitRead(int handle, long last) {
        return await("offset " + last + " of " + handle, () -> {
            List<Long> read = offsets.getOrDefault(handle, List.of());
            return read.contains(last) ? List.copyOf(read) : null;
        });
    }

    synchronized boolean hasHeard(String prefix) {
        return heard.stream().anyMatch(line -> line.startsWith(prefix));
    }

    synchronized long start(int handle) {
        return starts.getOrDefault(handle, -1L);
    }

    synchronized TopicPartition partition(int handle) {
        return partitions.getOrDefault(handle, new TopicPartition("none", 0));
    }

    /** When the last partition was assigned. */
    synchronized long assignedAtNanos() {
        return assignedAtNanos;
    }

    private <T> T await(String what, Supplier<@Nullable T> look) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            T found = look.get();
            if (found != null) {
                return found;
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                throw new AssertionError("waited for " + what + "; heard " + heard, error);
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
    }

    private synchronized void hear(String line) {
        heard.add(line);
        notifyAll();
    }

    @Override
    public synchronized void onJoined(String member, long secret, long generation) {
        identity = new JoinSpec.Rejoin(member, secret);
        hear("joined");
    }

    @Override
    public void onRejoined(long generation, Set<Integer> handles) {
        hear("rejoined with " + handles);
    }

    @Override
    public synchronized void onAssigned(int handle, TopicPartition partition, long generation, long start) {
        partitions.put(handle, partition);
        starts.put(handle, start);
        assignedAtNanos = System.nanoTime();
        hear("assigned " + handle + " " + partition + " from " + start);
        if (reading) {
            reader.add(handle, start);
        }
    }

    @Override
    public synchronized void onRevoking(int handle, long withinMs) {
        revoking.add(handle);
        hear("revoking " + handle);
    }

    @Override
    public synchronized void onLost(int handle) {
        partitions.remove(handle);
        hear("lost " + handle);
    }

    @Override
    public void onSeeked(int handle, long offset) {
        hear("seeked " + handle);
    }

    @Override
    public void onIdle(String reason) {
        hear("idle");
    }

    @Override
    public void onLeft() {
        onLeft.run();
        hear("left");
    }

    @Override
    public synchronized void onError(Throwable failure) {
        error = LevadaException.of(failure);
        hear("error " + error.code());
    }

    @Override
    public void onBatch(int handle, int records, ByteBuf batch) {
        try (RecordCursor record = RecordCursor.open(batch, Limits.DEFAULT)) {
            while (record.next()) {
                synchronized (this) {
                    offsets.computeIfAbsent(handle, absent -> new ArrayList<>()).add(record.offset());
                    notifyAll();
                }
            }
        } finally {
            batch.release();
        }
    }

    @Override
    public void onGap(int handle, long from, long to) {
        hear("gap " + from + " " + to);
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException why) {
        hear("end " + handle + (why == null ? "" : " " + why.code()));
    }

    @Override
    public void onComplete() {
        hear("complete");
    }
}
