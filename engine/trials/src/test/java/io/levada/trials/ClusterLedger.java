package io.levada.trials;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What publishers to a cluster meant and were told, and what is wrong with the log that they left. A publisher numbers its
 * records over all its streams, and repeats none. Safe for any thread.
 */
final class ClusterLedger {
    /** Of each publisher, so that each has several records in flight of one key. */
    static final int KEYS = 8;

    private static final int MOST_VIOLATIONS = 100;

    /** A record as it was read back. */
    record Found(int partition, long offset, @Nullable String key, byte[] value) {
        private String place() {
            return "offset " + offset + " of partition " + partition;
        }
    }

    /** Where a record was acknowledged. */
    private record Place(int partition, long offset) {}

    /**
     * What came out.
     *
     * @param acked records that were acknowledged
     * @param failed records whose stream failed, and which may be there or not
     * @param unknown those of them whose stream failed with OUTCOME_UNKNOWN
     * @param failedThere how many of the failed are there
     * @param twice copies of unknown ones beyond the first
     * @param late failed ones behind later ones of their key
     * @param violations each a sentence; the first hundred
     */
    record Result(
            long acked, long failed, long unknown, long failedThere, long twice, long late, List<String> violations) {}

    private final List<Publisher> publishers = new ArrayList<>();

    /** Somebody who publishes one stream after the other. */
    final class Publisher {
        private final int id;
        private int intended;
        private final Map<Integer, Place> acked = new HashMap<>();
        private final Set<Integer> failed = new HashSet<>();
        private final Set<Integer> unknown = new HashSet<>();

        private Publisher(int id) {
            this.id = id;
        }

        /** The number of its next record. */
        int next() {
            synchronized (ClusterLedger.this) {
                return intended++;
            }
        }

        /** The number that the first record of its next stream has. */
        int intended() {
            synchronized (ClusterLedger.this) {
                return intended;
            }
        }

        String key(int number) {
            return "publisher " + id + " key " + number % KEYS;
        }

        byte[] value(int number) {
            return Ledger.value(id, number);
        }

        void acknowledged(int number, int partition, long offset) {
            synchronized (ClusterLedger.this) {
                acked.put(number, new Place(partition, offset));
            }
        }

        int acknowledged() {
            synchronized (ClusterLedger.this) {
                return acked.size();
            }
        }

        /** Its stream has failed: nobody knows what became of those that were not acknowledged. */
        void failed(boolean outcomeUnknown) {
            synchronized (ClusterLedger.this) {
                for (int number = 0; number < intended; number++) {
                    if (!acked.containsKey(number) && failed.add(number) && outcomeUnknown) {
                        unknown.add(number);
                    }
                }
            }
        }
    }

    synchronized Publisher open() {
        Publisher publisher = new Publisher(publishers.size());
        publishers.add(publisher);
        return publisher;
    }

    /** Holds all that was read back, in the order of offsets within each partition, against what was noted. */
    synchronized Result check(Iterable<Found> read) {
        Check check = new Check();
        for (Found found : read) {
            check.take(found);
        }
        long acked = 0;
        long failed = 0;
        long unknown = 0;
        for (Publisher publisher : publishers) {
            check.lost(publisher);
            acked += publisher.acked.size();
            failed += publisher.failed.size();
            unknown += publisher.unknown.size();
        }
        return new Result(
                acked,
                failed,
                unknown,
                check.failedThere,
                check.twice,
                check.late,
                check.violations.stream().limit(MOST_VIOLATIONS).toList());
    }

    /** One pass over the log. */
    private final class Check {
        private final List<String> violations = new ArrayList<>();
        private final Map<Integer, Map<Integer, Place>> found = new HashMap<>();
        private final Map<String, Integer> partitions = new HashMap<>();
        /** The highest number of each key so far. */
        private final Map<String, Integer> last = new HashMap<>();

        private long failedThere;
        private long twice;
        private long late;

        void take(Found record) {
            String[] parts = new String(record.value(), StandardCharsets.UTF_8).split(":", 3);
            int id = parts.length == 3 ? number(parts[0], publishers.size()) : -1;
            int number = id < 0 ? -1 : number(parts[1], publishers.get(id).intended);
            if (number < 0
                    || !publishers.get(id).key(number).equals(record.key())
                    || !Arrays.equals(publishers.get(id).value(number), record.value())) {
                violations.add(record.place() + " is what nobody published");
                return;
            }
            Publisher publisher = publishers.get(id);
            String what = "record " + number + " of publisher " + id;
            Integer other = partitions.putIfAbsent(publisher.key(number), record.partition());
            if (other != null && other != record.partition()) {
                violations.add(publisher.key(number) + " is in partitions " + other + " and " + record.partition());
            }
            Place first = found.computeIfAbsent(id, any -> new HashMap<>())
                    .putIfAbsent(number, new Place(record.partition(), record.offset()));
            if (first == null) {
                failedThere += publisher.failed.contains(number) ? 1 : 0;
                inOrder(publisher, number, what + " at " + record.place());
            } else if (publisher.unknown.contains(number)) {
                twice++;
            } else {
                violations.add(what + " is there twice, at " + first + " and at " + record.place());
            }
        }

        private static int number(String text, int below) {
            int number = text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : -1;
            return number < below ? number : -1;
        }

        /** One that failed may still be on its way when its publisher goes on elsewhere. */
        private void inOrder(Publisher publisher, int number, String what) {
            int before = last.getOrDefault(publisher.key(number), -1);
            if (number > before) {
                last.put(publisher.key(number), number);
            } else if (publisher.failed.contains(number)) {
                late++;
            } else {
                violations.add(what + " is behind record " + before + ", out of order");
            }
        }

        void lost(Publisher publisher) {
            Map<Integer, Place> there = found.getOrDefault(publisher.id, Map.of());
            publisher.acked.forEach((number, place) -> {
                if (!place.equals(there.get(number))) {
                    violations.add("record " + number + " of publisher " + publisher.id + " is lost: acknowledged at "
                            + place + ", is at " + there.get(number));
                }
            });
        }
    }
}
