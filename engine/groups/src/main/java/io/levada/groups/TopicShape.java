package io.levada.groups;

import java.util.UUID;

/**
 * What groups need to know of a topic.
 *
 * @param id tells it from a topic of the same name created later
 * @param partitions how many it has
 */
public record TopicShape(UUID id, int partitions) {}
