package io.levada.log;

/**
 * What a store holds, and what it has done since it was opened. Immutable.
 *
 * @param topics internal ones too
 * @param bytes of all segments
 * @param journalForces rounds in which what waited was made durable together
 * @param journalForceNanos how long these took, all together
 */
public record LogTotals(int topics, int partitions, long bytes, long journalForces, long journalForceNanos) {}
