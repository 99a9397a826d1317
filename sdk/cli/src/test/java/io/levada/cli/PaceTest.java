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
    void a_rate_holds_also_for_a_taker_that_is_late_now_and_then() {
        Pace pace = pace(1_000, Long.MAX_VALUE);
        long taken = 0;
        for (int step = 0; step < 100; step++) {
            nowNanos += (step % 10 == 0 ? 400 : 60) * MS;
            for (long more = pace.demand(); more > 0; more = pace.demand()) {
                take(pace, more);
                taken += more;
            }
        }

        assertTrue(taken >= 9_300 && taken <= 9_401, "1,000 a second for 9.4 s, but " + taken);
    }

    @Test
    void a_long_pause_is_made_up_for_by_a_second_at_most() {
        Pace pace = pace(100, Long.MAX_VALUE);
        nowNanos += 60_000 * MS;
        long taken = 0;
        for (long more = pace.demand(); more > 0; more = pace.demand()) {
            take(pace, more);
            taken += more;
        }

        assertTrue(taken >= 95 && taken <= 101, "a second's worth, but " + taken);
    }

    @Test
    void what_is_asked_for_and_not_taken_is_bounded() {
        Pace pace = pace(100, Long.MAX_VALUE);
        nowNanos += 60_000 * MS;

        long asked = 0;
        for (long more = pace.demand(); more > 0; more = pace.demand()) {
            asked += more;
        }
        assertEquals(20, asked);
    }

    @Test
    void where_only_a_record_makes_room_it_waits_for_one_and_not_for_the_rate() {
        Pace pace = pace(100, Long.MAX_VALUE);
        nowNanos += 60_000 * MS;
        assertEquals(20, pace.demand());
        assertEquals(200 * MS, pace.waitNanos(200 * MS));
        take(pace, 1);
        nowNanos += 60_000 * MS;
        assertEquals(1, pace.demand());
        assertEquals(200 * MS, pace.waitNanos(200 * MS));

        Pace toAnEnd = pace(100, 5);
        nowNanos += 60_000 * MS;
        assertEquals(5, toAnEnd.demand());
        assertEquals(200 * MS, toAnEnd.waitNanos(200 * MS));
    }

    @Test
    void where_there_is_room_it_waits_for_the_rate() {
        Pace pace = pace(10, Long.MAX_VALUE);
        assertEquals(1, pace.demand());
        assertEquals(100 * MS, pace.waitNanos(200 * MS));
        nowNanos += 40 * MS;
        assertEquals(60 * MS, pace.waitNanos(200 * MS));
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
