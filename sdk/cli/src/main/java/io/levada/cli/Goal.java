package io.levada.cli;

import io.levada.BlockingLevada;
import io.levada.End;
import io.levada.GroupDescription;
import io.levada.GroupDescription.GroupOffset;
import io.levada.Position;
import io.levada.StoredRecord;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicPartition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How far a group has to come before its member may end: to an offset in each partition, whichever member gets it there.
 * Asks the log, and blocks for that. Not thread-safe.
 */
final class Goal {
    private final BlockingLevada levada;
    private final String group;
    private final Map<TopicPartition, Long> ends;
    private final boolean fromLatest;

    private Goal(BlockingLevada levada, String group, Map<TopicPartition, Long> ends, boolean fromLatest) {
        this.levada = levada;
        this.group = group;
        this.ends = ends;
        this.fromLatest = fromLatest;
    }

    /**
     * What a group comes to that reads these topics to an end.
     *
     * @param to an offset, or now: what is durable at this moment
     */
    static Goal of(BlockingLevada levada, String group, List<String> topics, Position from, End to) {
        Map<TopicPartition, Long> ends = new HashMap<>();
        for (String name : topics) {
            TopicDescription topic = levada.describeTopic(name);
            for (PartitionDescription partition : topic.partitions()) {
                long end = to instanceof End.AtOffset at ? at.offset() : partition.durable();
                if (end > partition.start()) {
                    ends.put(new TopicPartition(name, partition.partition()), end);
                }
            }
        }
        return new Goal(levada, group, ends, from instanceof Position.Latest);
    }

    /** Whether a record stands before the goal. */
    boolean wants(StoredRecord record) {
        return record.offset() < ends.getOrDefault(record.topicPartition(), 0L);
    }

    /** Whether the group has committed all of it. */
    boolean isReached() {
        GroupDescription description = levada.describeGroup(group);
        description.offsets().stream()
                .filter(this::isThere)
                .forEach(offset -> ends.remove(new TopicPartition(offset.topic(), offset.partition())));
        return ends.isEmpty();
    }

    private boolean isThere(GroupOffset offset) {
        Long end = ends.get(new TopicPartition(offset.topic(), offset.partition()));
        boolean nothingToRead = fromLatest && offset.committed() < 0;
        return end != null && (offset.committed() >= end || nothingToRead);
    }
}
