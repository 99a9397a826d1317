package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.trials.Ledger.Found;
import io.levada.trials.Ledger.Stream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the ledger, on which all trials rest, finds what it is there to find. */
class LedgerTest {
    private final Ledger ledger = new Ledger();
    private final List<Found> log = new ArrayList<>();

    /** One stream of ten records, seven of them acknowledged, eight in the log. */
    @BeforeEach
    void publish() {
        Stream stream = ledger.open(0);
        for (int i = 0; i < 10; i++) {
            byte[] value = stream.next();
            if (i < 7) {
                stream.acknowledged(i, i);
            }
            if (i < 8) {
                log.add(new Found(0, i, value));
            }
        }
        ledger.committed(0, 5);
    }

    private Outcome check() {
        return ledger.check(log, Map.of(0, 5L));
    }

    private Found at(int offset, int of) {
        return new Found(0, offset, log.get(of).value());
    }

    @Test
    void control_what_was_in_flight_may_be_there_or_not() {
        assertEquals(new Outcome(1, 7, 0, 0, 0, 0, 0), check());
        assertEquals(new Outcome(1, 8, 0, 0, 0, 0, 0), check(), "what was read once has to stay");
    }

    @Test
    void a_record_that_was_acknowledged_is_missed() {
        log.subList(6, 8).clear();
        assertEquals(1, check().lost());
    }

    @Test
    void a_record_that_was_only_read_is_missed_later() {
        check();
        log.remove(7);
        assertEquals(1, check().lost());
    }

    @Test
    void a_record_that_comes_back_is_foreign() {
        Found last = log.remove(7);
        check();
        log.add(last);
        assertEquals(1, check().foreign());
    }

    @Test
    void a_record_twice_is_a_duplicate() {
        log.add(at(8, 2));
        assertEquals(1, check().duplicated());
    }

    @Test
    void records_that_changed_places_are_out_of_order_and_not_where_they_were() {
        log.set(3, at(3, 4));
        log.set(4, new Found(0, 4, Ledger.value(0, 3)));
        Outcome outcome = check();
        assertTrue(outcome.reordered() > 0, outcome.toString());
        assertEquals(2, outcome.lost());
    }

    @Test
    void a_hole_in_the_offsets_is_out_of_order() {
        log.set(7, at(8, 7));
        assertEquals(1, check().reordered());
    }

    @Test
    void a_byte_that_changed_makes_a_record_foreign_and_its_own_lost() {
        byte[] bytes = log.get(3).value().clone();
        bytes[bytes.length - 1] ^= 1;
        log.set(3, new Found(0, 3, bytes));
        Outcome outcome = check();
        assertEquals(1, outcome.foreign());
        assertEquals(1, outcome.lost());
    }

    @Test
    void a_commit_that_goes_back_or_beyond_the_end_is_noticed() {
        assertEquals(1, ledger.check(log, Map.of(0, 4L)).rewound());
        assertEquals(1, ledger.check(log, Map.of()).rewound());
        assertEquals(1, ledger.check(log, Map.of(0, 9L)).rewound());
        assertEquals(0, ledger.check(log, Map.of(0, 8L)).rewound());
    }

    @Test
    void a_stream_that_lasts_may_go_on_behind_a_check_and_has_each_record_once() {
        Stream lasting = ledger.openLasting(1);
        log.add(new Found(1, 0, lasting.next()));
        lasting.acknowledged(0, 0);
        assertTrue(check().isClean());
        log.add(new Found(1, 1, lasting.next()));
        lasting.acknowledged(1, 1);
        assertTrue(check().isClean());

        log.add(new Found(1, 2, Ledger.value(1, 1)));
        assertEquals(1, check().duplicated());
        log.remove(log.size() - 1);
        log.remove(log.size() - 1);
        assertEquals(1, check().lost());
    }

    @Test
    void the_report_adds_up(@TempDir Path directory) throws IOException {
        Path report = directory.resolve("SOAK.md");
        Files.writeString(report, "# Soak\n\n");
        SoakReport.add(report, "one", new Outcome(100, 1_234, 0, 0, 0, 0, 0));
        SoakReport.add(report, "two", new Outcome(10, 5, 1, 0, 0, 0, 0));
        SoakReport.add(report, "one", new Outcome(200, 1, 0, 0, 0, 0, 0));

        List<String> lines = Files.readAllLines(report);
        assertEquals("| one | 300 | 1,235 | 0 | 0 | 0 | 0 | 0 | at most 1.00 % |", lines.get(4));
        assertEquals("| two | 10 | 5 | 1 | 0 | 0 | 0 | 0 | - |", lines.get(5));
    }
}
