package io.levada;

import org.jspecify.annotations.Nullable;

/**
 * What to read of a topic. Immutable.
 *
 * @param topic its name
 * @param partition one partition, or null for all
 * @param from where to start; {@link Position.Committed} is refused
 * @param to where to end
 * @param filter which records are wanted, or null for all
 */
public record ReadSpec(
        String topic,
        @Nullable Integer partition,
        Position from,
        End to,
        @Nullable Filter filter) {
    /** All partitions, from the earliest record, without end. */
    public static ReadSpec of(String topic) {
        return new ReadSpec(topic, null, Position.earliest(), End.never(), null);
    }

    public ReadSpec partition(int number) {
        return new ReadSpec(topic, number, from, to, filter);
    }

    public ReadSpec from(Position position) {
        return new ReadSpec(topic, partition, position, to, filter);
    }

    public ReadSpec to(End end) {
        return new ReadSpec(topic, partition, from, end, filter);
    }

    public ReadSpec filter(@Nullable Filter wanted) {
        return new ReadSpec(topic, partition, from, to, wanted);
    }
}
