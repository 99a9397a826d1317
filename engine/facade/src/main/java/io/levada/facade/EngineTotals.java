package io.levada.facade;

/**
 * What an engine holds, and what it has done since it began. Immutable.
 *
 * @param topics internal ones too
 * @param bytes of all records, as they are stored
 * @param forces rounds in which what waited was made durable together
 * @param forceNanos how long these took, all together
 * @param rebalances times that a group's partitions were dealt out anew
 */
public record EngineTotals(int topics, int partitions, long bytes, long forces, long forceNanos, long rebalances) {
    /** Of an engine that knows none of it. */
    public static final EngineTotals NONE = new EngineTotals(0, 0, 0, 0, 0, 0);
}
