package io.levada.trials;

import io.levada.Delivery;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Schedulers;

/**
 * Who reads while servers come and go at an address: a reader of everything, that has to be shown each record once and in
 * order over all of them, and a member of a group, that has to be shown each at least once.
 */
final class LastingReaders implements AutoCloseable {
    private static final Duration RECONNECT = Duration.ofMinutes(5);

    private final Levada levada;
    private final Disposable.Composite running = Disposables.composite();
    private final Map<Integer, AtomicLong> positions = new ConcurrentHashMap<>();
    private final Map<Integer, BitSet> seen = new ConcurrentHashMap<>();
    private final AtomicLong read = new AtomicLong();
    private final AtomicLong delivered = new AtomicLong();
    private final AtomicLong again = new AtomicLong();
    private final List<String> violations = new CopyOnWriteArrayList<>();

    private LastingReaders(Levada levada) {
        this.levada = levada;
    }

    /** Begins to read a topic that is there. */
    static LastingReaders start(String address, String group) {
        LevadaOptions options = LevadaOptions.defaults().withReconnectTimeout(RECONNECT);
        LastingReaders readers = new LastingReaders(Levada.open(address, options));
        readers.run(group);
        return readers;
    }

    private void run(String group) {
        running.add(levada.read(ReadSpec.of(Workload.TOPIC)).subscribe(this::read, this::failed));
        running.add(levada.group(group).receive(Workload.TOPIC).subscribe(this::delivered, this::failed));
    }

    private void read(StoredRecord record) {
        AtomicLong position = positions.computeIfAbsent(record.partition(), any -> new AtomicLong());
        long expected = position.getAndSet(record.offset() + 1);
        if (record.offset() != expected) {
            violations.add("a reader was shown offset " + record.offset() + " of partition " + record.partition()
                    + " where " + expected + " was due");
        }
        read.incrementAndGet();
    }

    private void delivered(Delivery delivery) {
        StoredRecord record = delivery.record();
        BitSet offsets = seen.computeIfAbsent(record.partition(), any -> new BitSet());
        synchronized (offsets) {
            again.addAndGet(offsets.get((int) record.offset()) ? 1 : 0);
            offsets.set((int) record.offset());
        }
        delivered.incrementAndGet();
        delivery.ack();
    }

    private void failed(Throwable error) {
        violations.add("a reader failed: " + LevadaException.of(error).line());
    }

    /** How many records the reader was shown. */
    long readCount() {
        return read.get();
    }

    /** How many records the group was shown. */
    long deliveredCount() {
        return delivered.get();
    }

    /** How many of these it had been shown before. */
    long againCount() {
        return again.get();
    }

    /** Whether both have been shown all there is. */
    boolean haveAll(Map<Integer, Long> ends) {
        return ends.entrySet().stream().allMatch(end -> {
            AtomicLong position = positions.getOrDefault(end.getKey(), new AtomicLong());
            BitSet offsets = seen.getOrDefault(end.getKey(), new BitSet());
            synchronized (offsets) {
                return position.get() == end.getValue() && offsets.nextClearBit(0) == end.getValue();
            }
        });
    }

    /** What went wrong, each in a sentence. */
    List<String> violations() {
        return List.copyOf(violations);
    }

    @Override
    public String toString() {
        return "read up to " + positions + ", the group " + delivered + " records, " + again + " of them again";
    }

    @Override
    public void close() {
        running.dispose();
        Schedulers.boundedElastic().schedule(levada::close);
    }
}
