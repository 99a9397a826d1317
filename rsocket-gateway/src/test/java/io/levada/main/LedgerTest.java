package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The demo checks itself by this, so that it must see what is wrong. */
class LedgerTest {
    private final Ledger ledger = new Ledger(3);

    private void note(int number, String airport) {
        ledger.note(new Flight(number, "", airport, 0), 1_000_000);
    }

    @Test
    void each_flight_once_and_in_order_is_perfect() {
        note(1, "B");
        note(0, "A");
        note(2, "B");

        assertTrue(ledger.isPerfect(), "order counts within an airport only");
        assertEquals(1.0, ledger.delayMs(0.5));
    }

    @Test
    void a_missing_flight_is_seen() {
        note(0, "A");
        note(2, "A");

        assertFalse(ledger.isComplete());
        assertFalse(ledger.isPerfect());
        assertEquals(1, ledger.missing());
    }

    @Test
    void a_flight_that_comes_twice_is_seen() {
        note(0, "A");
        note(1, "A");
        note(2, "A");
        note(1, "A");

        assertEquals(1, ledger.duplicates());
        assertFalse(ledger.isPerfect());
    }

    @Test
    void a_flight_that_comes_late_is_seen() {
        note(1, "A");
        note(0, "A");
        note(2, "A");

        assertEquals(1, ledger.outOfOrder());
        assertFalse(ledger.isPerfect());
    }
}
