package io.levada.trials;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What clients did, kept in their own process: every record they meant to publish, what was acknowledged or shown, and
 * commits that were answered. Holds a log that was read back against all of it. Safe for any thread but for checks.
 */
final class Ledger {
    private static final int PAYLOAD_BYTES = 300;

    private final List<Stream> streams = new ArrayList<>();
    private final Map<Integer, Long> commits = new ConcurrentHashMap<>();

    /** A publisher's records, in order, for one partition. */
    static final class Stream {
        private final int id;
        private final int partition;
        private final AtomicInteger intended = new AtomicInteger();
        /** Offsets of what has to be there for good, by number within the stream. */
        private final Map<Integer, Long> fixed = new ConcurrentHashMap<>();
        /** How many were there when it was first checked, after which there may be no more; -1 before. */
        private int settled = -1;
        /** Goes on over checks, at which everything is acknowledged. */
        private volatile boolean lasting;

        private Stream(int id, int partition) {
            this.id = id;
            this.partition = partition;
        }

        /** A stream that lasted has failed: what of it is not acknowledged may be there or not. */
        void ended() {
            lasting = false;
        }

        int partition() {
            return partition;
        }

        /** The next record to be published. */
        byte[] next() {
            return value(id, intended.getAndIncrement());
        }

        void acknowledged(int number, long offset) {
            fixed.put(number, offset);
        }

        int acknowledged() {
            return fixed.size();
        }
    }

    /** A record as it was read back. */
    record Found(int partition, long offset, byte[] value) {}

    synchronized Stream open(int partition) {
        Stream stream = new Stream(streams.size(), partition);
        streams.add(stream);
        return stream;
    }

    /** Opens the stream of a publisher that outlives the server; whenever the log is checked, it has nothing in flight. */
    synchronized Stream openLasting(int partition) {
        Stream stream = open(partition);
        stream.lasting = true;
        return stream;
    }

    /** Every byte of a record follows from its place, so that any other byte is noticed. */
    static byte[] value(int stream, int number) {
        StringBuilder text = new StringBuilder(stream + ":" + number + ":");
        int more = (stream * 31 + number * 17) % PAYLOAD_BYTES;
        while (more-- > 0) {
            text.append((char) ('a' + (stream + number + more) % 26));
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** A consumer was shown a record. */
    void shown(Found found) {
        String[] parts = new String(found.value(), StandardCharsets.UTF_8).split(":", 3);
        Stream stream;
        synchronized (this) {
            stream = streams.get(Integer.parseInt(parts[0]));
        }
        stream.acknowledged(Integer.parseInt(parts[1]), found.offset());
    }

    /** A group's commit was answered, or shown to be durable. */
    void committed(int partition, long offset) {
        commits.merge(partition, offset, Math::max);
    }

    /** Records acknowledged or shown so far. */
    synchronized long acked() {
        return streams.stream().mapToLong(Stream::acknowledged).sum();
    }

    /**
     * Holds all that was read back, in the order of offsets within each partition, against what was noted; from then on
     * it has to stay as it is.
     *
     * @param committed the group's commits by partition, -1 where there is none
     */
    synchronized Outcome check(Iterable<Found> read, Map<Integer, Long> committed) {
        Check check = new Check(streams.size());
        Map<Integer, Long> ends = new TreeMap<>();
        for (Found found : read) {
            long expected = ends.getOrDefault(found.partition(), 0L);
            if (found.offset() != expected) {
                check.reordered++;
                System.err.println(
                        "offset " + found.offset() + " of partition " + found.partition() + " instead of " + expected);
            }
            ends.put(found.partition(), found.offset() + 1);
            check.take(found);
        }
        long acked = acked();
        long lost = 0;
        for (Stream stream : streams) {
            lost += lost(stream, check.found.get(stream.id));
            settle(stream, check);
        }
        long rewound = 0;
        for (Map.Entry<Integer, Long> commit : commits.entrySet()) {
            long now = committed.getOrDefault(commit.getKey(), -1L);
            if (now < commit.getValue() || now > ends.getOrDefault(commit.getKey(), 0L)) {
                rewound++;
                System.err.println("commit of partition " + commit.getKey() + " was " + commit.getValue() + ", is "
                        + now + ", the end is " + ends.get(commit.getKey()));
            }
        }
        return new Outcome(1, acked, lost, check.duplicated, check.reordered, check.foreign, rewound);
    }

    private static long lost(Stream stream, Map<Integer, Long> found) {
        long lost = 0;
        for (Map.Entry<Integer, Long> fixed : stream.fixed.entrySet()) {
            if (!fixed.getValue().equals(found.get(fixed.getKey()))) {
                lost++;
                if (lost == 1) {
                    System.err.println("record " + fixed.getKey() + " of stream " + stream.id + " was acknowledged at "
                            + fixed.getValue() + " of partition " + stream.partition + ", is at "
                            + found.get(fixed.getKey()) + "; intended " + stream.intended + ", acknowledged "
                            + stream.fixed.size() + ", found " + found.size());
                }
            }
        }
        return lost;
    }

    private static void settle(Stream stream, Check check) {
        Map<Integer, Long> found = check.found.get(stream.id);
        if (stream.settled >= 0 && found.size() > stream.settled) {
            check.foreign += found.size() - stream.settled;
        }
        stream.settled = stream.lasting ? -1 : found.size();
        stream.fixed.clear();
        stream.fixed.putAll(found);
    }

    /** One pass over the log. */
    private final class Check {
        private final List<Map<Integer, Long>> found = new ArrayList<>();
        private final int[] next;
        private long duplicated;
        private long reordered;
        private long foreign;

        Check(int count) {
            next = new int[count];
            for (int i = 0; i < count; i++) {
                found.add(new HashMap<>());
            }
        }

        void take(Found record) {
            String[] parts = new String(record.value(), StandardCharsets.UTF_8).split(":", 3);
            int id = parts.length == 3 && parts[0].matches("[0-9]{1,9}") ? Integer.parseInt(parts[0]) : -1;
            int number = id >= 0 && parts[1].matches("[0-9]{1,9}") ? Integer.parseInt(parts[1]) : -1;
            boolean meant = number >= 0
                    && id < next.length
                    && number < streams.get(id).intended.get()
                    && streams.get(id).partition == record.partition()
                    && Arrays.equals(record.value(), value(id, number));
            if (!meant) {
                foreign++;
            } else if (found.get(id).putIfAbsent(number, record.offset()) != null) {
                duplicated++;
            } else if (number != next[id]) {
                reordered++;
                next[id] = number + 1;
            } else {
                next[id]++;
            }
        }
    }
}
