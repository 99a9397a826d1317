package io.levada.engine;

import io.levada.delivery.Feed;
import io.levada.log.PartitionLog;
import io.levada.log.Topic;
import java.util.List;

/**
 * A topic that is being served.
 *
 * @param partitions by number
 */
record OpenTopic(Topic topic, List<OpenPartition> partitions) {
    /** What the names of internal topics begin with. */
    static final String INTERNAL_PREFIX = "__";

    OpenTopic {
        partitions = List.copyOf(partitions);
    }

    static boolean isInternal(String name) {
        return name.startsWith(INTERNAL_PREFIX);
    }

    /** A partition: where to append, and where to read. */
    record OpenPartition(PartitionLog log, Feed feed) {}
}
