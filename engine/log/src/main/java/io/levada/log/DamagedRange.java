package io.levada.log;

/**
 * Offsets of a partition that are known to be lost or damaged.
 *
 * @param from the first of them
 * @param to behind the last of them; reading can go on there
 * @param what in a few words, with the file
 */
public record DamagedRange(String topic, int partition, long from, long to, String what) {}
