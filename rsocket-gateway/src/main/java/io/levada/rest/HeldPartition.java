package io.levada.rest;

import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.levada.TopicPartition;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is held of an owned partition, from the first record that is not acknowledged on: records that nobody has claimed,
 * those that are out in a claim, and the places of those acknowledged. Only state; for one thread at a time.
 *
 * <p>What may be committed is the end of the acknowledged prefix. While the partition goes to another member, what lies
 * behind everything that was ever claimed is let go of, so that it may go as soon as the rest is acknowledged.
 */
final class HeldPartition {
    /** What a record costs beside its bytes, about. */
    static final int OVERHEAD_BYTES = 128;

    enum State {
        /** Nobody has it. */
        FREE,
        /** A claim has it. */
        OUT,
        ACKED
    }

    /** A record at its place; the record itself is let go of once acknowledged. */
    static final class Held {
        final HeldPartition of;
        final long offset;

        /** Of key, value and headers. */
        final int bytes;

        private @Nullable StoredRecord stored;
        private State state = State.FREE;

        /** It was claimed before, and nobody acknowledged it. */
        private boolean returned;

        private Held(HeldPartition of, StoredRecord stored, int bytes) {
            this.of = of;
            this.offset = stored.offset();
            this.bytes = bytes;
            this.stored = stored;
        }

        StoredRecord record() {
            StoredRecord there = stored;
            if (there == null) {
                throw new IllegalStateException(of.partition + "@" + offset + " was acknowledged");
            }
            return there;
        }
    }

    /** Where its records stand. */
    enum Reading {
        ON,
        /** Asked to stop; the last of it is still to come. */
        STOPPING,
        OFF
    }

    final int handle;
    final TopicPartition partition;
    Reading reading = Reading.OFF;

    /** The position last committed. */
    long committed;

    /** It goes to another member. */
    boolean revoking;

    /** It goes now, whatever is out. */
    boolean overdue;

    /** A commit was refused for good: nothing of it can be acknowledged any more. */
    boolean refused;

    /** Why nothing more of it can be read, which a reset of the group mends. */
    @Nullable
    LevadaException damage;

    private final ArrayDeque<Held> held = new ArrayDeque<>();
    private final TreeMap<Long, Held> free = new TreeMap<>();
    private long next;
    private int out;
    private long freeBytes;
    private long cost;

    /**
     * @param start the next offset to be read
     */
    HeldPartition(int handle, TopicPartition partition, long start) {
        this.handle = handle;
        this.partition = partition;
        this.committed = start;
        this.next = start;
    }

    /** Takes in a record, behind all others. */
    void add(StoredRecord record, int bytes) {
        if (record.offset() < next) {
            throw new IllegalStateException(partition + " went back from " + next + " to " + record.offset());
        }
        Held added = new Held(this, record, bytes);
        held.add(added);
        free.put(added.offset, added);
        freeBytes += bytes;
        cost += bytes + OVERHEAD_BYTES;
        next = record.offset() + 1;
    }

    /** Nothing below this offset is to come any more. */
    void passed(long offset) {
        next = Math.max(next, offset);
    }

    /** The next offset to be read. */
    long next() {
        return next;
    }

    /** The next offset to be read by whoever comes after. */
    long position() {
        Held first = held.peekFirst();
        return first == null ? next : first.offset;
    }

    boolean hasNews() {
        return !refused && position() > committed;
    }

    Iterable<Held> free() {
        return free.values();
    }

    int freeRecords() {
        return free.size();
    }

    long freeBytes() {
        return freeBytes;
    }

    /** Whether what is claimed next was claimed before. */
    boolean startsWithReturned() {
        Map.Entry<Long, Held> first = free.firstEntry();
        return first != null && first.getValue().returned;
    }

    /** Whether a claim has records of it. */
    boolean isOut() {
        return out > 0;
    }

    /** Whether nothing is held: all that was claimed is acknowledged. */
    boolean isSettled() {
        return held.isEmpty();
    }

    int records() {
        return held.size();
    }

    /** Bytes of memory, about. */
    long cost() {
        return cost;
    }

    void take(Held one) {
        expect(one, State.FREE);
        free.remove(one.offset);
        freeBytes -= one.bytes;
        one.state = State.OUT;
        out++;
    }

    void giveBack(Held one) {
        expect(one, State.OUT);
        one.state = State.FREE;
        one.returned = true;
        free.put(one.offset, one);
        freeBytes += one.bytes;
        out--;
        trim();
    }

    void ack(Held one) {
        expect(one, State.OUT);
        one.state = State.ACKED;
        one.stored = null;
        cost -= one.bytes;
        out--;
        for (Held first = held.peekFirst(); first != null && first.state == State.ACKED; first = held.peekFirst()) {
            held.removeFirst();
            cost -= OVERHEAD_BYTES;
        }
        trim();
    }

    /** Takes no more, since it goes. */
    void stop() {
        revoking = true;
        trim();
    }

    /** While it goes: nobody here needs what lies behind all that is out or acknowledged. */
    private void trim() {
        Held last = held.peekLast();
        while (revoking && last != null && last.state == State.FREE) {
            held.removeLast();
            free.remove(last.offset);
            freeBytes -= last.bytes;
            cost -= last.bytes + OVERHEAD_BYTES;
            next = last.offset;
            last = held.peekLast();
        }
    }

    private static void expect(Held one, State state) {
        if (one.state != state) {
            throw new IllegalStateException(
                    one.of.partition + "@" + one.offset + " is " + one.state + ", not " + state);
        }
    }

    @Override
    public String toString() {
        return partition + " with " + held.size() + " records, " + out + " out, from " + position();
    }
}
