package io.levada.kafka;

import java.util.List;
import java.util.UUID;

/**
 * A topic of the cluster that is in use here. Immutable; what changes is another one.
 *
 * @param partitions in order
 */
record ClusterTopic(String name, UUID id, List<ClusterPartition> partitions) {
    static final String INTERNAL_PREFIX = "__";

    ClusterTopic {
        partitions = List.copyOf(partitions);
    }

    static boolean isInternal(String name) {
        return name.startsWith(INTERNAL_PREFIX);
    }
}
