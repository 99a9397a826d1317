package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.trials.ClusterLedger.Found;
import io.levada.trials.ClusterLedger.Publisher;
import io.levada.trials.ClusterLedger.Result;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The judge of the trial of clusters finds what it is there to find. */
class ClusterLedgerTest {
    /** Two rounds of the keys, and half of one. */
    private static final int RECORDS = ClusterLedger.KEYS * 5 / 2;

    private final ClusterLedger ledger = new ClusterLedger();
    private final Publisher publisher = ledger.open();
    private final List<Found> log = new ArrayList<>();

    /** All but the last are acknowledged. */
    @BeforeEach
    void publish() {
        for (int i = 0; i < RECORDS; i++) {
            int number = publisher.next();
            append(number, i);
            if (i < RECORDS - 1) {
                publisher.acknowledged(number, 0, i);
            }
        }
    }

    private void append(int number, long offset) {
        log.add(new Found(0, offset, publisher.key(number), publisher.value(number)));
    }

    private void found(String part) {
        Result result = ledger.check(log);
        assertEquals(1, result.violations().size(), result::toString);
        assertTrue(result.violations().get(0).contains(part), result::toString);
    }

    @Test
    void what_is_as_it_was_acknowledged_is_fine_and_so_is_one_that_failed_and_is_there_or_not() {
        publisher.failed(true);
        assertEquals(new Result(RECORDS - 1, 1, 1, 1, 0, 0, List.of()), ledger.check(log));
        log.remove(RECORDS - 1);
        assertEquals(new Result(RECORDS - 1, 1, 1, 0, 0, 0, List.of()), ledger.check(log));
    }

    @Test
    void an_acknowledged_record_that_is_not_there_is_lost() {
        log.remove(3);
        found("record 3 of publisher 0 is lost");
    }

    @Test
    void one_that_is_elsewhere_than_it_was_acknowledged_is_lost() {
        log.set(3, new Found(0, RECORDS, publisher.key(3), publisher.value(3)));
        found("record 3 of publisher 0 is lost");
    }

    @Test
    void a_doubled_record_is_found() {
        append(3, RECORDS);
        found("record 3 of publisher 0 is there twice");
    }

    @Test
    void one_whose_outcome_is_unknown_may_be_there_twice_and_one_that_failed_otherwise_may_not() {
        append(RECORDS - 1, RECORDS);
        publisher.failed(true);
        assertEquals(new Result(RECORDS - 1, 1, 1, 1, 1, 0, List.of()), ledger.check(log));
        Publisher other = ledger.open();
        int number = other.next();
        other.failed(false);
        log.add(new Found(1, 0, other.key(number), other.value(number)));
        log.add(new Found(1, 1, other.key(number), other.value(number)));
        found("record 0 of publisher 1 is there twice");
    }

    @Test
    void records_of_one_key_out_of_order_are_found() {
        Found one = log.remove(0);
        log.add(one);
        found("record 0 of publisher 0 at offset 0 of partition 0 is behind record " + 2 * ClusterLedger.KEYS);
    }

    @Test
    void records_of_two_keys_have_no_order() {
        log.add(0, log.remove(1));
        assertEquals(List.of(), ledger.check(log).violations());
    }

    @Test
    void one_that_failed_may_come_late_and_is_counted() {
        publisher.failed(false);
        for (int i = 0; i < ClusterLedger.KEYS; i++) {
            int number = publisher.next();
            publisher.acknowledged(number, 0, number);
            append(number, number);
        }
        log.add(log.remove(RECORDS - 1));
        assertEquals(new Result(RECORDS - 1 + ClusterLedger.KEYS, 1, 0, 1, 0, 1, List.of()), ledger.check(log));
    }

    @Test
    void a_key_in_two_partitions_is_found() {
        int number = publisher.next();
        log.add(new Found(1, 0, publisher.key(number), publisher.value(number)));
        found("is in partitions 0 and 1");
    }

    @Test
    void what_nobody_published_is_found() {
        byte[] value = publisher.value(3);
        value[value.length - 1]++;
        log.add(new Found(0, RECORDS, publisher.key(3), value));
        log.add(new Found(0, RECORDS + 1, publisher.key(4), publisher.value(3)));
        log.add(new Found(0, RECORDS + 2, publisher.key(RECORDS), publisher.value(RECORDS)));
        log.add(new Found(0, RECORDS + 3, null, new byte[0]));
        Result result = ledger.check(log);
        assertEquals(4, result.violations().size(), result::toString);
        assertTrue(result.violations().stream().allMatch(each -> each.contains("nobody published")), result::toString);
    }
}
