package io.levada.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long MS = 1_000_000;

    private long nowNanos;

    private Pace pace(double perSecond, long total) {
        return new Pace(perSecond, total, () -> nowNanos);
    }

    @Test
    void without_a_rate_a_window_is_kept_half_full() {
        Pace pace = pace(0, Long.MAX_VALUE);

        assertEquals(1024, pace.demand());
        assertEquals(0, pace.demand());
        take(pace, 511);
        assertEquals(0, pace.demand());
        take(pace, 1);
        assertEquals(512, pace.demand());
    }

    @Test
    void a_total_is_never_exceeded() {
        Pace pace = pace(0, 1500);

        assertEquals(1024, pace.demand());
        take(pace, 1024);
        assertEquals(476, pace.demand());
        take(pace, 476);
        assertEquals(0, pace.demand());
        assertTrue(pace.done());
    }

    @Test
    void a_rate_holds_over_time() {
        Pace pace = pace(50, Long.MAX_VALUE);
        long taken = 0;
        for (int step = 0; step < 10_000; step++) {
            nowNanos += MS;
            long more = pace.demand();
            take(pace, more);
            taken += more;
        }

        assertTrue(taken >= 495 && taken <= 506, "50 a second for 10 s, but " + taken);
    }

    @Test
    void a_pause_is_not_made_up_for() {
        Pace pace = pace(100, Long.MAX_VALUE);
        assertEquals(1, pace.demand());
        take(pace, 1);

        nowNanos += 60_000 * MS;

        assertTrue(pace.demand() <= 10, "a tenth of a second's worth at most");
    }

    @Test
    void less_than_one_a_second_works() {
        Pace pace = pace(0.5, Long.MAX_VALUE);
        assertEquals(1, pace.demand());
        take(pace, 1);

        nowNanos += 1_999 * MS;
        assertEquals(0, pace.demand());
        nowNanos += MS;
        assertEquals(1, pace.demand());
    }

    private static void take(Pace pace, long records) {
        for (long i = 0; i < records; i++) {
            pace.taken();
        }
    }
}
