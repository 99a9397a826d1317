package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.StoredRecord;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What clients of one topic were told, and so what they may not be told any more: a record whose claim was acknowledged with
 * success never comes again, where the acknowledged prefix covers it; and while claims own the partition, no acknowledged
 * one does, and none is out twice.
 */
final class ClaimsModel {
    private final BitSet[] acked;

    /** Acknowledged at least once, or without knowing whether: committed, or to come again. */
    private final BitSet[] done;

    /** Acknowledged by members with a connection. */
    private final BitSet[] ackedElsewhere;

    private final long[] published;
    private final long[] durable;
    private final Set<String> ackedClaims = new HashSet<>();
    private final Map<String, Long> leaseEnds = new HashMap<>();
    private final Map<StoredRecord, String> out = new HashMap<>();

    ClaimsModel(int partitions) {
        acked = sets(partitions);
        done = sets(partitions);
        ackedElsewhere = sets(partitions);
        published = new long[partitions];
        durable = new long[partitions];
    }

    private static BitSet[] sets(int count) {
        BitSet[] sets = new BitSet[count];
        for (int i = 0; i < count; i++) {
            sets[i] = new BitSet();
        }
        return sets;
    }

    void published(int partition) {
        published[partition]++;
    }

    long end(int partition) {
        return published[partition];
    }

    void given(Claimed claim, long nowNanos) {
        for (StoredRecord each : claim.records()) {
            mayCome(each);
            int at = Math.toIntExact(each.offset());
            assertFalse(acked[each.partition()].get(at), () -> name(each) + " was acknowledged and came again");
            String before = out.put(each, claim.claim());
            assertTrue(
                    before == null || leaseEnds.getOrDefault(before, 0L) <= nowNanos,
                    () -> name(each) + " is out in another claim");
        }
        leaseEnds.put(claim.claim(), nowNanos + claim.leaseMs() * 1_000_000);
    }

    /** A record has come to a member with a connection, who acknowledges it. */
    void ackedElsewhere(StoredRecord record) {
        mayCome(record);
        ackedElsewhere[record.partition()].set(Math.toIntExact(record.offset()));
    }

    private void mayCome(StoredRecord record) {
        assertTrue(record.offset() < published[record.partition()], "never published: " + record);
        assertTrue(
                record.offset() >= durable[record.partition()],
                () -> name(record) + " came again, but all below " + durable[record.partition()]
                        + " was acknowledged with success");
    }

    void extended(Claimed claim, long untilNanos) {
        leaseEnds.put(claim.claim(), untilNanos);
    }

    void released(Claimed claim) {
        leaseEnds.remove(claim.claim());
    }

    /** Its acknowledgement was answered with success; that it is so the next time too says nothing new. */
    void acked(Claimed claim) {
        if (!ackedClaims.add(claim.claim())) {
            return;
        }
        claim.records().forEach(each -> acked[each.partition()].set(Math.toIntExact(each.offset())));
        claim.records().forEach(each -> durable[each.partition()] = prefix(each.partition()));
    }

    private long prefix(int partition) {
        BitSet all = (BitSet) acked[partition].clone();
        all.or(ackedElsewhere[partition]);
        return all.nextClearBit(0);
    }

    /** Its acknowledgement had another answer, or none: what of it was committed is not known. */
    void unknown(Claimed claim) {
        claim.records().forEach(each -> done[each.partition()].set(Math.toIntExact(each.offset())));
    }

    /** Claims come to own a partition: what was known of it beyond the commit is forgotten. */
    void assigned(int partition) {
        done[partition].or(acked[partition]);
        acked[partition].clear(Math.toIntExact(durable[partition]), Integer.MAX_VALUE);
        out.keySet().removeIf(each -> each.partition() == partition);
    }

    private static String name(StoredRecord record) {
        return record.topicPartition() + "@" + record.offset();
    }

    void everythingWasAcknowledged() {
        for (int i = 0; i < published.length; i++) {
            acked[i].or(done[i]);
            assertEquals(published[i], prefix(i), "acknowledged of partition " + i);
        }
    }
}
