package io.levada.main;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * What a group has seen, by which the demo checks itself: each flight, how often, and whether those of each airport came
 * in order. Thread-safe.
 */
final class Ledger {
    private final int expected;
    private final BitSet seen = new BitSet();
    private final Map<String, Integer> lastOfAirport = new HashMap<>();
    private final long[] delayNanos;
    private int records;
    private int duplicates;
    private int outOfOrder;

    /**
     * @param expected how many flights there are
     */
    Ledger(int expected) {
        this.expected = expected;
        delayNanos = new long[expected];
    }

    /**
     * Notes that a flight was seen.
     *
     * @param sinceNanos the time since it was handed to the publisher
     */
    synchronized void note(Flight flight, long sinceNanos) {
        records++;
        if (seen.get(flight.number())) {
            duplicates++;
            return;
        }
        seen.set(flight.number());
        delayNanos[flight.number()] = sinceNanos;
        Integer last = lastOfAirport.put(flight.origin(), flight.number());
        if (last != null && last > flight.number()) {
            outOfOrder++;
        }
    }

    synchronized int records() {
        return records;
    }

    synchronized boolean isComplete() {
        return seen.cardinality() == expected;
    }

    synchronized int missing() {
        return expected - seen.cardinality();
    }

    synchronized int duplicates() {
        return duplicates;
    }

    synchronized int outOfOrder() {
        return outOfOrder;
    }

    /** Each flight once, those of each airport in order. */
    synchronized boolean isPerfect() {
        return missing() == 0 && duplicates == 0 && outOfOrder == 0;
    }

    /** The time from publisher to reader that this part of all flights stayed below, in milliseconds. */
    synchronized double delayMs(double quantile) {
        long[] sorted = delayNanos.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.min(expected - 1L, Math.round(quantile * expected))] / 1e6;
    }
}
