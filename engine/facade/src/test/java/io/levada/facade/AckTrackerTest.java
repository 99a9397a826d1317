package io.levada.facade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AckTrackerTest {
    private final AckTracker tracker = new AckTracker(10);

    @Test
    void stands_at_the_start_while_nothing_is_delivered() {
        assertEquals(10, tracker.position());
        assertTrue(tracker.isDrained());
    }

    @Test
    void moves_to_the_first_delivery_that_is_not_acknowledged() {
        AckTracker.Unacked a = deliver(10);
        AckTracker.Unacked b = deliver(11);
        AckTracker.Unacked c = deliver(12);

        tracker.acked(b);
        assertEquals(10, tracker.position());
        tracker.acked(a);
        assertEquals(12, tracker.position());
        tracker.acked(c);
        assertEquals(13, tracker.position());
    }

    @Test
    void takes_holes_in_offsets() {
        AckTracker.Unacked a = deliver(15);
        AckTracker.Unacked b = deliver(40);

        tracker.acked(a);
        assertEquals(40, tracker.position());
        tracker.acked(b);
        assertEquals(41, tracker.position());
    }

    @Test
    void counts_an_acknowledgement_once() {
        AckTracker.Unacked a = deliver(10);

        assertEquals(AckTracker.Outcome.ACKED, tracker.acked(a));
        assertEquals(AckTracker.Outcome.REPEATED, tracker.acked(a));
        assertEquals(11, tracker.position());
    }

    @Test
    void says_when_the_last_one_missing_came_after_it_was_stopped() {
        AckTracker.Unacked a = deliver(10);
        AckTracker.Unacked b = deliver(11);
        tracker.stop();

        assertNull(tracker.delivered(12));
        assertEquals(AckTracker.Outcome.ACKED, tracker.acked(b));
        assertFalse(tracker.isDrained());
        assertEquals(AckTracker.Outcome.DRAINED, tracker.acked(a));
        assertEquals(12, tracker.position());
    }

    @Test
    void refuses_offsets_that_do_not_ascend() {
        deliver(10);

        assertThrows(IllegalArgumentException.class, () -> tracker.delivered(10));
        assertThrows(IllegalArgumentException.class, () -> new AckTracker(5).delivered(4));
    }

    @Test
    void agrees_with_a_plain_set_under_random_orders() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            AckTracker tried = new AckTracker(0);
            TreeSet<Long> unacked = new TreeSet<>();
            List<Long> offsets = new ArrayList<>();
            List<AckTracker.Unacked> links = new ArrayList<>();
            long next = 0;
            for (int step = 0; step < 300; step++) {
                if (links.isEmpty() || random.nextInt(5) < 2) {
                    next += random.nextInt(3);
                    links.add(assertNotNull(tried, next));
                    offsets.add(next);
                    unacked.add(next++);
                } else {
                    int chosen = random.nextInt(links.size());
                    tried.acked(links.remove(chosen));
                    unacked.remove(offsets.remove(chosen));
                }
                assertEquals(unacked.isEmpty() ? next : unacked.first(), tried.position(), "seed " + seed);
            }
        }
    }

    @Test
    void takes_acknowledgements_from_many_threads() throws InterruptedException {
        List<AckTracker.Unacked> links = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            links.add(deliver(10 + i));
        }
        tracker.stop();
        Collections.shuffle(links, new Random(1));
        ExecutorService threads = Executors.newFixedThreadPool(4);
        CountDownLatch drained = new CountDownLatch(1);
        for (int t = 0; t < 4; t++) {
            List<AckTracker.Unacked> share = links.subList(t * 5_000, (t + 1) * 5_000);
            threads.execute(() -> share.forEach(link -> {
                if (tracker.acked(link) == AckTracker.Outcome.DRAINED) {
                    drained.countDown();
                }
            }));
        }
        assertTrue(drained.await(5, TimeUnit.SECONDS));
        threads.shutdown();
        assertEquals(20_010, tracker.position());
    }

    private AckTracker.Unacked deliver(long offset) {
        return assertNotNull(tracker, offset);
    }

    private static AckTracker.Unacked assertNotNull(AckTracker tracker, long offset) {
        AckTracker.Unacked unacked = tracker.delivered(offset);
        if (unacked == null) {
            throw new AssertionError("stopped");
        }
        return unacked;
    }
}
