package io.levada.log;

import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A topic that exists.
 *
 * @param id never used for another topic, also not for one of the same name
 * @param partitions by number
 * @param config its settings, as far as they were given
 */
public record Topic(UUID id, String name, List<PartitionLog> partitions, Map<String, String> config) {
    public Topic {
        partitions = List.copyOf(partitions);
        config = Map.copyOf(config);
    }
}
