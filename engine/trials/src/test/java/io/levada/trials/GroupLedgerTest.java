package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.trials.GroupLedger.Result;
import io.levada.trials.GroupLedger.Seen;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The judge of the trial of groups finds what it is there to find. */
class GroupLedgerTest {
    private final GroupLedger ledger = new GroupLedger();

    private Result check(boolean crashed) {
        return ledger.check(Map.of(0, 3L), crashed);
    }

    private void found(Result result, String part) {
        assertEquals(1, result.violations().size(), result::toString);
        assertTrue(result.violations().get(0).contains(part), result::toString);
    }

    @Test
    void each_record_once_is_fine_and_twice_after_a_crash_too() {
        ledger.read("a", "assigned 1 0 100\ndelivered 1 0 0\ndelivered 1 0 1\ndeliv");
        ledger.add(new Seen(0, 1, 200));
        ledger.read("b", "assigned 2 0 300\ndelivered 2 0 1\ndelivered 2 0 2\n");
        assertEquals(new Result(3, 1, List.of()), check(true));
        found(check(false), "1 records came twice");
    }

    @Test
    void a_record_that_reached_nobody_is_found() {
        ledger.read("a", "assigned 1 0 100\ndelivered 1 0 0\ndelivered 1 0 2\n");
        found(check(true), "offset 1 reached nobody");
    }

    @Test
    void two_owners_in_one_generation_are_found() {
        ledger.read("a", "assigned 1 0 100\ndelivered 1 0 0\ndelivered 1 0 1\n");
        ledger.read("b", "assigned 1 0 100\ndelivered 1 0 2\n");
        found(check(true), "two owners, a and b");
    }

    @Test
    void a_start_below_a_commit_that_was_answered_is_found() {
        ledger.read("a", "assigned 1 0 100\ndelivered 1 0 0\ndelivered 1 0 1\n");
        ledger.add(new Seen(0, 2, 200));
        ledger.read("b", "assigned 2 0 300\ndelivered 2 0 1\ndelivered 2 0 2\n");
        found(check(true), "below a commit");
    }
}
