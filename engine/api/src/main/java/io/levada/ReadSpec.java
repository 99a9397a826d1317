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
 * @param overflow what becomes of records that come while none is asked for
 */
public record ReadSpec(
        String topic,
        @Nullable Integer partition,
        Position from,
        End to,
        @Nullable Filter filter,
        Overflow overflow) {
    /** All partitions, from the earliest record, without end, each record however late it is asked for. */
    public static ReadSpec of(String topic) {
        return new ReadSpec(topic, null, Position.earliest(), End.never(), null, Overflow.pause());
    }

    /** Of this partition, or of all where it is null. */
    public ReadSpec partition(@Nullable Integer number) {
        return new ReadSpec(topic, number, from, to, filter, overflow);
    }

    public ReadSpec from(Position position) {
        return new ReadSpec(topic, partition, position, to, filter, overflow);
    }

    public ReadSpec to(End end) {
        return new ReadSpec(topic, partition, from, end, filter, overflow);
    }

    public ReadSpec filter(@Nullable Filter wanted) {
        return new ReadSpec(topic, partition, from, to, wanted, overflow);
    }

    public ReadSpec overflow(Overflow policy) {
        return new ReadSpec(topic, partition, from, to, filter, policy);
    }
}
