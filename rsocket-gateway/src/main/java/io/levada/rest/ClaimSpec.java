package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.time.Duration;
import java.util.List;

/**
 * What somebody wants to claim. Immutable.
 *
 * @param topics names and patterns, 1 to 100; kept in order and once each, since a membership is known by them
 * @param max most records, 1 to 10,000
 * @param maxBytes most bytes of keys, values and headers together, 1 to 16 MiB; a single larger record comes alone
 * @param lease how long the records are nobody else's, 1 s to 12 h
 * @param patience how long to wait for a record where there is none, up to 60 s
 * @param ordered whether to leave out partitions of which another claim holds records, so that their order is kept
 */
record ClaimSpec(
        String group, List<String> topics, int max, int maxBytes, Duration lease, Duration patience, boolean ordered) {
    static final int MAX_RECORDS = 10_000;
    static final int MAX_BYTES = 16 << 20;
    static final Duration MIN_LEASE = Duration.ofSeconds(1);
    static final Duration MAX_LEASE = Duration.ofHours(12);
    static final Duration MAX_WAIT = Duration.ofSeconds(60);
    private static final int MAX_TOPICS = 100;

    ClaimSpec {
        topics = topics.stream().distinct().sorted().toList();
        require(!topics.isEmpty() && topics.size() <= MAX_TOPICS, "topics: 1 to " + MAX_TOPICS);
        require(max >= 1 && max <= MAX_RECORDS, "max: 1 to " + MAX_RECORDS + " records");
        require(maxBytes >= 1 && maxBytes <= MAX_BYTES, "maxBytes: 1 to " + MAX_BYTES);
        checkLease(lease);
        require(!patience.isNegative() && patience.compareTo(MAX_WAIT) <= 0, "wait: 0s to 60s");
    }

    /** With the defaults: up to 100 records and 1 MiB, for 30 seconds, without waiting, of any partition. */
    ClaimSpec(String group, List<String> topics) {
        this(group, topics, 100, 1 << 20, Duration.ofSeconds(30), Duration.ZERO, false);
    }

    /** Fails with {@link ErrorCode#INVALID_REQUEST} where a lease is too short or too long. */
    static void checkLease(Duration lease) {
        require(lease.compareTo(MIN_LEASE) >= 0 && lease.compareTo(MAX_LEASE) <= 0, "lease: 1s to 12h");
    }

    ClaimSpec withMax(int records) {
        return new ClaimSpec(group, topics, records, maxBytes, lease, patience, ordered);
    }

    ClaimSpec withMaxBytes(int bytes) {
        return new ClaimSpec(group, topics, max, bytes, lease, patience, ordered);
    }

    ClaimSpec withLease(Duration time) {
        return new ClaimSpec(group, topics, max, maxBytes, time, patience, ordered);
    }

    ClaimSpec withWait(Duration time) {
        return new ClaimSpec(group, topics, max, maxBytes, lease, time, ordered);
    }

    ClaimSpec withOrdered(boolean value) {
        return new ClaimSpec(group, topics, max, maxBytes, lease, patience, value);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "a claim takes " + what);
        }
    }
}
