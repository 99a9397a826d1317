package io.levada.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class OutboundBudgetTest {
    private static final long LIMIT = 64 << 10;
    private static final int MAX_RECORD = 1_000;

    private long nanos;
    private final OutboundBudget budget =
            new OutboundBudget(new OutboundPool(1L << 40), LIMIT, MAX_RECORD, () -> nanos);
    private final List<Long> grants = new ArrayList<>();

    private long granted() {
        return grants.stream().mapToLong(Long::longValue).sum();
    }

    @Test
    void a_stream_that_waits_holds_a_quarter_and_leaves_room_for_others() {
        budget.share(grants::add).want(Long.MAX_VALUE);

        assertEquals(List.of(LIMIT / 4), grants);
        assertEquals(LIMIT / 4, budget.grantedBytes());
    }

    @Test
    void no_more_is_granted_than_was_wanted() {
        OutboundBudget.Share share = budget.share(grants::add);
        share.want(100);
        share.used(100);
        share.want(50);

        assertEquals(List.of(100L, 50L), grants);
    }

    @Test
    void what_was_used_is_granted_again_until_the_budget_is_held() {
        OutboundBudget.Share share = budget.share(grants::add);
        share.want(Long.MAX_VALUE);
        for (int i = 0; i < 1_000 && budget.grantedBytes() > 0; i++) {
            budget.queued(1_000);
            share.used(1_000);
        }

        assertTrue(budget.heldBytes() <= LIMIT, "held " + budget.heldBytes());
        assertTrue(budget.heldBytes() > LIMIT / 2, "held " + budget.heldBytes());
        assertEquals(0, budget.grantedBytes());

        long before = granted();
        while (budget.heldBytes() > LIMIT / 2) {
            assertEquals(before, granted(), "nothing is granted while more than half is held");
            budget.written(1_000);
        }
        assertTrue(granted() > before, "granted again when half has drained");
    }

    @Test
    void grants_grow_while_they_are_used_up_at_once_and_begin_small_again() {
        OutboundBudget wide = new OutboundBudget(new OutboundPool(1L << 40), 16 * LIMIT, MAX_RECORD, () -> nanos);
        OutboundBudget.Share share = wide.share(grants::add);
        share.want(Long.MAX_VALUE);
        for (int i = 0; i < 5; i++) {
            share.used(wide.grantedBytes());
        }
        assertEquals(List.of(16L << 10, 32L << 10, 64L << 10, 128L << 10, 256L << 10, 256L << 10), grants);

        nanos += Duration.ofSeconds(1).toNanos();
        share.used(wide.grantedBytes());
        share.used(wide.grantedBytes());
        assertEquals(
                16L << 10, grants.get(grants.size() - 1), "the first after a while is as large as the last one was");
    }

    @Test
    void a_record_beyond_the_grant_is_made_good() {
        OutboundBudget.Share share = budget.share(grants::add);
        share.want(Long.MAX_VALUE);
        share.used(LIMIT / 4 + 900);

        assertEquals(List.of(LIMIT / 4, LIMIT / 4 + 900), grants);
        assertEquals(LIMIT / 4, budget.grantedBytes());
    }

    @Test
    void streams_that_wait_for_records_do_not_starve_another() {
        for (int i = 0; i < 100; i++) {
            budget.share(bytes -> {}).want(Long.MAX_VALUE);
        }
        budget.share(grants::add).want(Long.MAX_VALUE);

        assertEquals(1, grants.size());
        assertTrue(grants.get(0) >= 4 << 10, "a probe of " + grants);
    }

    @Test
    void a_stream_that_ends_gives_its_room_back() {
        OutboundBudget.Share share = budget.share(grants::add);
        share.want(Long.MAX_VALUE);
        share.close();
        share.used(5);

        assertEquals(0, budget.grantedBytes());
    }

    @Test
    void waiting_tasks_run_once_when_half_has_drained_even_if_they_fill_it_again() {
        budget.queued((int) LIMIT);
        assertFalse(budget.open());
        List<String> ran = new ArrayList<>();
        budget.whenOpen(() -> {
            ran.add("first");
            budget.queued((int) LIMIT);
            budget.whenOpen(() -> ran.add("second"));
            budget.written((int) LIMIT); // written at once, as a fast socket does
        });
        budget.written((int) LIMIT);

        assertEquals(List.of("first", "second"), ran);
    }

    @Test
    void frames_that_no_grant_covers_overrun_at_twice_the_limit() {
        budget.queued((int) (2 * LIMIT));
        assertFalse(budget.overrun());
        budget.queued(1);
        assertTrue(budget.overrun());
        budget.share(bytes -> {});
        assertFalse(budget.overrun(), "a stream may exceed its grant by a record");
    }

    @Test
    void under_random_use_held_and_granted_stay_within_the_limit_and_every_stream_goes_on() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        List<OutboundBudget.Share> shares = new ArrayList<>();
        long[] outstanding = new long[8];
        long[] delivered = new long[8];
        for (int i = 0; i < outstanding.length; i++) {
            int index = i;
            shares.add(budget.share(bytes -> outstanding[index] += bytes));
            shares.get(i).want(Long.MAX_VALUE);
        }
        ArrayList<Integer> queue = new ArrayList<>();
        for (int step = 0; step < 200_000; step++) {
            int i = random.nextInt(outstanding.length);
            if (random.nextInt(3) > 0 && outstanding[i] > 0) {
                int bytes = 1 + random.nextInt(MAX_RECORD);
                outstanding[i] -= bytes;
                delivered[i] += bytes;
                queue.add(bytes);
                budget.queued(bytes);
                shares.get(i).used(bytes);
            } else if (!queue.isEmpty()) {
                budget.written(queue.remove(0));
            }
            long bound = LIMIT + outstanding.length * (4L << 10) + outstanding.length * (long) MAX_RECORD;
            assertTrue(budget.heldBytes() + budget.grantedBytes() <= bound, "seed " + seed + " step " + step);
        }
        for (int i = 0; i < delivered.length; i++) {
            assertTrue(delivered[i] > 1_000_000, "seed " + seed + ": stream " + i + " got " + delivered[i]);
        }
    }
}
