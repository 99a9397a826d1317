package io.levada.groups;

import io.levada.TopicPartition;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Balanced, and sticky: owners keep what they own, open partitions go to who has least, and then partitions move only
 * while that brings a member with at least two more than another nearer to it.
 *
 * <p>Where all subscribe to the same topics, shares then differ by at most one, and no assignment with that property
 * moves fewer partitions: each move takes from a member above its share or gives to one below, and both as long as
 * there are both. Where subscriptions differ, a partition may have to move along a chain (A gives to B one that B's
 * topics allow, so that B can give to C one that C's allow); moving along such cost-reducing paths until none is left
 * gives the most even shares there are (Harvey, Ladner, Lovász, Tamir: Semi-matchings for bipartite graphs and load
 * balancing, 2003).
 */
final class StickyAssignor implements Assignor {
    @Override
    public SortedMap<TopicPartition, String> assign(
            List<Member> members, Map<TopicPartition, String> owned, SortedSet<TopicPartition> open) {
        Run run = new Run(members, open);
        owned.forEach((partition, owner) -> run.shareOf(owner).add(partition));
        run.place();
        run.even();
        return run.result();
    }

    /** What one member would own. */
    private static final class Share {
        private final Member member;
        private final Map<String, NavigableSet<Integer>> byTopic = new TreeMap<>();
        private int size;

        private Share(Member member) {
            this.member = member;
        }

        private void add(TopicPartition partition) {
            byTopic.computeIfAbsent(partition.topic(), topic -> new TreeSet<>()).add(partition.partition());
            size++;
        }

        private void remove(TopicPartition partition) {
            NavigableSet<Integer> ofTopic = of(partition.topic());
            ofTopic.remove(partition.partition());
            if (ofTopic.isEmpty()) {
                byTopic.remove(partition.topic());
            }
            size--;
        }

        private NavigableSet<Integer> of(String topic) {
            return byTopic.getOrDefault(topic, new TreeSet<>());
        }
    }

    /** A step of a breadth-first search: how this share was reached. */
    private record Step(Share from, Share to, @Nullable Step before) {}

    private static final class Run {
        private final List<Share> shares = new ArrayList<>();
        private final Map<String, Share> byMember = new HashMap<>();
        private final Map<String, List<Share>> subscribers = new HashMap<>();
        private final SortedSet<TopicPartition> open;

        private Run(List<Member> members, SortedSet<TopicPartition> open) {
            this.open = open;
            for (Member member : members) {
                Share share = new Share(member);
                shares.add(share);
                byMember.put(member.id(), share);
                for (String topic : member.topics()) {
                    subscribers.computeIfAbsent(topic, any -> new ArrayList<>()).add(share);
                }
            }
        }

        private Share shareOf(String member) {
            Share share = byMember.get(member);
            if (share == null) {
                throw new IllegalStateException("owner " + member + " is no member");
            }
            return share;
        }

        private List<Share> subscribers(String topic) {
            return subscribers.getOrDefault(topic, List.of());
        }

        /** Gives each open partition to the subscriber with least; those that fewest may take come first. */
        private void place() {
            List<TopicPartition> order = new ArrayList<>(open);
            order.sort(Comparator.comparingInt((TopicPartition partition) ->
                            subscribers(partition.topic()).size())
                    .thenComparing(Comparator.naturalOrder()));
            for (TopicPartition partition : order) {
                String topic = partition.topic();
                // The first of equals is taken, which is the one that waits longest.
                Collections.min(
                                subscribers(topic),
                                Comparator.comparingInt((Share share) -> share.size)
                                        .thenComparingInt(
                                                share -> share.of(topic).size()))
                        .add(partition);
            }
        }

        private void even() {
            boolean moved = true;
            while (moved) {
                moved = false;
                List<Share> fullestFirst = new ArrayList<>(shares);
                fullestFirst.sort(Comparator.comparingInt((Share share) -> -share.size));
                int least = fullestFirst.isEmpty() ? 0 : fullestFirst.get(fullestFirst.size() - 1).size;
                for (Share share : fullestFirst) {
                    Step path = share.size >= least + 2 ? pathFrom(share) : null;
                    if (path != null) {
                        move(path);
                        moved = true;
                        break;
                    }
                }
            }
        }

        /** The shortest way to the emptiest share that can be reached and is at least two smaller, if there is any. */
        private @Nullable Step pathFrom(Share source) {
            Set<Share> seen = new HashSet<>(Set.of(source));
            Set<String> topicsSeen = new HashSet<>();
            Deque<Step> queue = new ArrayDeque<>();
            Step best = null;
            Step at = new Step(source, source, null);
            while (at != null) {
                for (String topic : at.to().byTopic.keySet()) {
                    if (topicsSeen.add(topic)) {
                        for (Share next : subscribers(topic)) {
                            if (seen.add(next)) {
                                queue.add(new Step(at.to(), next, at));
                            }
                        }
                    }
                }
                if (at.to().size <= source.size - 2 && (best == null || at.to().size < best.to().size)) {
                    best = at;
                }
                at = queue.poll();
            }
            return best;
        }

        private void move(Step path) {
            for (Step step = path; step != null && step.from() != step.to(); step = step.before()) {
                TopicPartition partition = choose(step.from(), step.to());
                step.from().remove(partition);
                step.to().add(partition);
            }
        }

        /** What to move: one that has no owner to take it from; else of the topic that is spread most unevenly. */
        private TopicPartition choose(Share from, Share to) {
            TopicPartition best = null;
            int bestDifference = 0;
            for (Map.Entry<String, NavigableSet<Integer>> entry : from.byTopic.entrySet()) {
                String topic = entry.getKey();
                if (to.member.topics().contains(topic)) {
                    int difference = entry.getValue().size() - to.of(topic).size();
                    for (int number : entry.getValue().descendingSet()) {
                        TopicPartition partition = new TopicPartition(topic, number);
                        if (open.contains(partition)) {
                            return partition;
                        } else if (best == null || difference > bestDifference) {
                            best = partition;
                            bestDifference = difference;
                        }
                    }
                }
            }
            if (best == null) {
                throw new IllegalStateException("no partition of " + from.member.id() + " for " + to.member.id());
            }
            return best;
        }

        private SortedMap<TopicPartition, String> result() {
            SortedMap<TopicPartition, String> result = new TreeMap<>();
            for (Share share : shares) {
                share.byTopic.forEach((topic, numbers) ->
                        numbers.forEach(number -> result.put(new TopicPartition(topic, number), share.member.id())));
            }
            return result;
        }
    }
}
