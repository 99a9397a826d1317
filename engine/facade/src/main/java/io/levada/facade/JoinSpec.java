package io.levada.facade;

import io.levada.Position;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a member joins.
 *
 * @param from where partitions start that have no commit
 */
public record JoinSpec(
        String group, List<String> topics, @Nullable String memberName, Position from) {
    public JoinSpec {
        topics = List.copyOf(topics);
    }
}
