package io.levada.engine;

import io.levada.delivery.Feed;
import io.levada.delivery.ReadableTopic;
import io.levada.log.PartitionLog;
import io.levada.log.Topic;
import java.util.List;
import java.util.UUID;

/**
 * A topic that is being served.
 *
 * @param partitions by number
 */
record OpenTopic(Topic topic, List<OpenPartition> partitions) implements ReadableTopic {
    OpenTopic {
        partitions = List.copyOf(partitions);
    }

    @Override
    public String name() {
        return topic.name();
    }

    @Override
    public UUID id() {
        return topic.id();
    }

    @Override
    public int partitionCount() {
        return partitions.size();
    }

    @Override
    public Feed feed(int partition) {
        return partitions.get(partition).feed();
    }

    /** A partition: where to append, and where to read. */
    record OpenPartition(PartitionLog log, Feed feed) {}
}
