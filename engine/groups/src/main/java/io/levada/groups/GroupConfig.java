package io.levada.groups;

/**
 * The times of the group protocol.
 *
 * @param graceMs how long a member whose connection broke keeps its partitions; 10,000 unless set: long enough for a
 *     network to come back, short enough for a partition to wait
 * @param handOverMs how long an owner may take to give a partition back; 10,000 unless set: it has to finish the records in
 *     hand and commit
 */
public record GroupConfig(long graceMs, long handOverMs) {
    public GroupConfig {
        if (graceMs < 0 || handOverMs < 0) {
            throw new IllegalArgumentException("times are 0 ms or more: " + graceMs + ", " + handOverMs);
        }
    }

    public static GroupConfig defaults() {
        return new GroupConfig(10_000, 10_000);
    }
}
