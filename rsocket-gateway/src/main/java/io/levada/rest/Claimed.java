package io.levada.rest;

import io.levada.StoredRecord;
import java.util.List;

/**
 * What a claim is answered with.
 *
 * @param claim by which it is acknowledged, released or extended; {@link #NOTHING} where there was no record
 * @param records lowest offsets first within each partition
 * @param leaseMs from the answer on, in milliseconds
 */
record Claimed(String claim, List<StoredRecord> records, long leaseMs) {
    /** The claim without records; whatever is done with it succeeds, so that clients need not tell it apart. */
    static final String NOTHING = "none";

    Claimed {
        records = List.copyOf(records);
    }
}
