package io.levada.groups;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.TopicPartition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class StickyAssignorTest {
    private final StickyAssignor assignor = new StickyAssignor();

    private static Member member(String id, String... topics) {
        return new Member(id, Member.NO_SECRET, null, List.of(topics), "earliest", 1, Member.CONNECTED, false);
    }

    private static SortedSet<TopicPartition> partitions(String topic, int count) {
        SortedSet<TopicPartition> all = new TreeSet<>();
        for (int i = 0; i < count; i++) {
            all.add(new TopicPartition(topic, i));
        }
        return all;
    }

    @Test
    void shares_are_spread_over_each_topic_too() {
        SortedSet<TopicPartition> open = partitions("a", 2);
        open.addAll(partitions("b", 2));
        List<Member> members = List.of(member("m1", "a", "b"), member("m2", "a", "b"));
        SortedMap<TopicPartition, String> target = assignor.assign(members, Map.of(), open);
        assertEquals("{a-0=m1, a-1=m2, b-0=m1, b-1=m2}", target.toString());
    }

    @Test
    void partitions_move_along_a_chain_where_subscriptions_differ() {
        // m3 may take c only, which m2 has; m2 may take b, of which m1 has too many.
        Map<TopicPartition, String> owned = new TreeMap<>();
        partitions("a", 1).forEach(partition -> owned.put(partition, "m1"));
        partitions("b", 2).forEach(partition -> owned.put(partition, "m1"));
        partitions("c", 2).forEach(partition -> owned.put(partition, "m2"));
        List<Member> members = List.of(member("m1", "a", "b"), member("m2", "b", "c"), member("m3", "c"));
        SortedMap<TopicPartition, String> target = assignor.assign(members, owned, new TreeSet<>());
        assertEquals("{a-0=m1, b-0=m1, b-1=m2, c-0=m2, c-1=m3}", target.toString());
    }

    @Test
    void no_assignment_is_more_even_whatever_is_subscribed() {
        SplittableRandom random = new SplittableRandom(20260101);
        for (int round = 0; round < 2_000; round++) {
            List<Member> members = new ArrayList<>();
            int count = 1 + random.nextInt(4);
            for (int i = 0; i < count; i++) {
                int topics = 1 + random.nextInt(7);
                List<String> names = new ArrayList<>();
                for (int bit = 0; bit < 3; bit++) {
                    if ((topics & (1 << bit)) != 0) {
                        names.add("abc".substring(bit, bit + 1));
                    }
                }
                members.add(new Member("m" + i, Member.NO_SECRET, null, names, "earliest", 1, Member.CONNECTED, false));
            }
            check(random, members, round);
        }
    }

    private void check(SplittableRandom random, List<Member> members, int round) {
        Map<TopicPartition, String> owned = new HashMap<>();
        SortedSet<TopicPartition> open = new TreeSet<>();
        for (String topic : List.of("a", "b", "c")) {
            List<String> takers = members.stream()
                    .filter(member -> member.topics().contains(topic))
                    .map(Member::id)
                    .toList();
            for (TopicPartition partition : partitions(topic, takers.isEmpty() ? 0 : random.nextInt(4))) {
                if (random.nextBoolean()) {
                    open.add(partition);
                } else {
                    owned.put(partition, takers.get(random.nextInt(takers.size())));
                }
            }
        }
        SortedMap<TopicPartition, String> target = assignor.assign(members, owned, open);
        List<TopicPartition> all = new ArrayList<>(owned.keySet());
        all.addAll(open);
        assertEquals(new TreeSet<>(all), target.keySet());
        int[] loads = new int[members.size()];
        target.forEach((partition, id) -> {
            int index = members.stream().map(Member::id).toList().indexOf(id);
            assertTrue(members.get(index).topics().contains(partition.topic()), id + " gets " + partition);
            loads[index]++;
        });
        int best = best(all, 0, members, new int[members.size()], Integer.MAX_VALUE);
        assertEquals(best, squares(loads), "round " + round + ": " + members + owned + open + target);
    }

    private static int squares(int[] loads) {
        int sum = 0;
        for (int load : loads) {
            sum += load * load;
        }
        return sum;
    }

    /** The least sum of squared shares, by trying everything. */
    private static int best(List<TopicPartition> all, int at, List<Member> members, int[] loads, int known) {
        int sum = squares(loads);
        if (sum >= known || at == all.size()) {
            return Math.min(sum, known);
        }
        int least = known;
        for (int i = 0; i < loads.length; i++) {
            if (members.get(i).topics().contains(all.get(at).topic())) {
                loads[i]++;
                least = best(all, at + 1, members, loads, least);
                loads[i]--;
            }
        }
        return least;
    }
}
