package io.levada.trials;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What the members of one group did, and what is wrong with it. Not thread-safe. */
final class GroupLedger {
    /** An assignment, as its owner was told of it. */
    record Began(String member, long generation, int partition, long atMs) {}

    record Delivered(String member, long generation, int partition, long offset) {}

    /** A commit that somebody saw. */
    record Seen(int partition, long committed, long atMs) {}

    /**
     * What came out.
     *
     * @param delivered how many different records
     * @param again how many deliveries of records that had been delivered before
     * @param violations each a sentence; the first hundred of each kind
     */
    record Result(long delivered, long again, List<String> violations) {}

    private static final int MOST_OF_A_KIND = 100;

    private final List<Began> began = new ArrayList<>();
    private final List<Delivered> delivered = new ArrayList<>();
    private final List<Seen> seen = new ArrayList<>();

    void add(Began assignment) {
        began.add(assignment);
    }

    void add(Delivered delivery) {
        delivered.add(delivery);
    }

    void add(Seen commit) {
        seen.add(commit);
    }

    /** Takes what a member wrote; a last line that was cut short, by a kill, does not count. */
    void read(String member, String lines) {
        int end = lines.lastIndexOf('\n') + 1;
        for (String line : lines.substring(0, end).split("\n", -1)) {
            String[] words = line.split(" ", -1);
            if (words[0].equals("assigned")) {
                add(new Began(member, Long.parseLong(words[1]), Integer.parseInt(words[2]), Long.parseLong(words[3])));
            } else if (words[0].equals("delivered")) {
                add(new Delivered(
                        member, Long.parseLong(words[1]), Integer.parseInt(words[2]), Long.parseLong(words[3])));
            }
        }
    }

    /**
     * Holds it against the promises.
     *
     * @param ends how many records each partition has, by number
     * @param crashed whether members did not end gracefully, so that records may come twice
     */
    Result check(Map<Integer, Long> ends, boolean crashed) {
        List<String> violations = new ArrayList<>();
        violations.addAll(twoOwners());
        violations.addAll(belowTheCommit());
        Map<Integer, Set<Long>> found = new TreeMap<>();
        long again = 0;
        for (Delivered each : delivered) {
            again += found.computeIfAbsent(each.partition(), any -> new HashSet<>())
                            .add(each.offset())
                    ? 0
                    : 1;
        }
        if (!crashed && again > 0) {
            violations.add(again + " records came twice, though every member ended gracefully");
        }
        violations.addAll(missing(ends, found));
        long different = found.values().stream().mapToLong(Set::size).sum();
        return new Result(different, again, violations);
    }

    private List<String> twoOwners() {
        Map<String, String> owners = new HashMap<>();
        Set<String> violations = new HashSet<>();
        for (Delivered each : delivered) {
            String place = "partition " + each.partition() + " of generation " + each.generation();
            String owner = owners.putIfAbsent(place, each.member());
            if (owner != null && !owner.equals(each.member())) {
                violations.add(place + " has two owners, " + owner + " and " + each.member());
            }
        }
        return violations.stream().limit(MOST_OF_A_KIND).toList();
    }

    /** Who comes to own a partition gets nothing that lies below a commit that was seen before. */
    private List<String> belowTheCommit() {
        Map<String, Long> starts = new HashMap<>();
        for (Began each : began) {
            long committed = seen.stream()
                    .filter(commit -> commit.partition() == each.partition() && commit.atMs() < each.atMs())
                    .mapToLong(Seen::committed)
                    .max()
                    .orElse(0);
            starts.put(each.member() + " " + each.generation() + " " + each.partition(), committed);
        }
        return delivered.stream()
                .filter(each -> each.offset()
                        < starts.getOrDefault(each.member() + " " + each.generation() + " " + each.partition(), 0L))
                .map(each -> each + " lies below a commit seen before")
                .limit(MOST_OF_A_KIND)
                .toList();
    }

    private static List<String> missing(Map<Integer, Long> ends, Map<Integer, Set<Long>> found) {
        List<String> violations = new ArrayList<>();
        ends.forEach((partition, end) -> {
            Set<Long> there = found.getOrDefault(partition, Set.of());
            for (long offset = 0; offset < end && violations.size() < MOST_OF_A_KIND; offset++) {
                if (!there.contains(offset)) {
                    violations.add("partition " + partition + " offset " + offset + " reached nobody");
                }
            }
        });
        return violations;
    }
}
