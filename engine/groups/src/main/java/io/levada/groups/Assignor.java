package io.levada.groups;

import io.levada.TopicPartition;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;

/** Decides who should own what. Pure: equal arguments give equal results. */
interface Assignor {
    /**
     * Gives the owner that each partition, owned or open, should have.
     *
     * @param members those who can take partitions, the longest waiting first
     * @param owned partitions with their owners, all of them members, each subscribed to the partition's topic
     * @param open partitions without an owner, each with a member that subscribes to its topic
     */
    SortedMap<TopicPartition, String> assign(
            List<Member> members, Map<TopicPartition, String> owned, SortedSet<TopicPartition> open);
}
