package io.levada;

/**
 * Offsets of a partition that {@link Overflow.Policy#DROP} left out of a read. Immutable.
 *
 * @param from the first of them
 * @param to the one behind the last
 */
public record Dropped(String topic, int partition, long from, long to) {
    /** Reads them, as long as they are kept. */
    public ReadSpec again() {
        return ReadSpec.of(topic)
                .partition(partition)
                .from(Position.offset(from))
                .to(End.offset(to));
    }
}
