package io.levada.kafka;

import io.levada.delivery.Feed;
import io.levada.delivery.ReadableTopic;
import java.util.List;
import java.util.UUID;

/**
 * A topic of the cluster that is in use here. Immutable; what changes is another one.
 *
 * @param partitions in order
 */
record ClusterTopic(String name, UUID id, List<ClusterPartition> partitions) implements ReadableTopic {
    ClusterTopic {
        partitions = List.copyOf(partitions);
    }

    @Override
    public int partitionCount() {
        return partitions.size();
    }

    @Override
    public Feed feed(int partition) {
        return partitions.get(partition).feed();
    }
}
