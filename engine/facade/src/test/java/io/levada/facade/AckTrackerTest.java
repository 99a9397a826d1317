package io.levada.facade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.facade.AckTracker.Outcome;
import io.levada.facade.AckTracker.Run;
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

    /** A record in the user's hands. */
    private record Given(AckTracker by, Run run, int place, long offset) {
        Outcome ack() {
            return by.acked(run, place);
        }
    }

    @Test
    void stands_at_the_start_while_nothing_is_delivered() {
        assertEquals(10, tracker.position());
        assertTrue(tracker.isDrained());
    }

    @Test
    void moves_to_the_first_delivery_that_is_not_acknowledged() {
        List<Given> given = deliver(tracker, 10, 11, 12);

        given.get(1).ack();
        assertEquals(10, tracker.position());
        given.get(0).ack();
        assertEquals(12, tracker.position());
        given.get(2).ack();
        assertEquals(13, tracker.position());
    }

    @Test
    void moves_over_batches() {
        List<Given> first = deliver(tracker, 10, 11);
        List<Given> second = deliver(tracker, 12, 13);

        second.forEach(Given::ack);
        assertEquals(10, tracker.position());
        first.forEach(Given::ack);
        assertEquals(14, tracker.position());
        assertTrue(tracker.isDrained());
    }

    /** Between two records there may be offsets without any: to go on anywhere among those is the same. */
    @Test
    void takes_holes_in_offsets() {
        List<Given> given = deliver(tracker, 15, 40);

        assertEquals(10, tracker.position());
        given.get(0).ack();
        assertEquals(16, tracker.position());
        given.get(1).ack();
        assertEquals(41, tracker.position());
    }

    @Test
    void counts_an_acknowledgement_once() {
        Given only = deliver(tracker, 10).get(0);

        assertEquals(Outcome.ACKED, only.ack());
        assertEquals(Outcome.REPEATED, only.ack());
        assertEquals(11, tracker.position());
    }

    @Test
    void says_when_the_last_one_missing_came_after_it_was_stopped() {
        List<Given> given = deliver(tracker, 10, 11);
        Run next = tracker.begin(13, 1);
        tracker.stop();

        assertFalse(tracker.admit(next, 1));
        assertEquals(Outcome.ACKED, given.get(1).ack());
        assertFalse(tracker.isDrained());
        assertEquals(Outcome.DRAINED, given.get(0).ack());
        assertEquals(12, tracker.position());
    }

    @Test
    void waits_for_what_is_about_to_be_given_until_it_is_taken_back() {
        Run run = tracker.begin(13, 3);
        assertTrue(tracker.admit(run, 3));
        run.note(0, 10);
        assertEquals(Outcome.ACKED, tracker.acked(run, 0));
        tracker.stop();

        assertFalse(tracker.isDrained());
        assertEquals(11, tracker.position());
        assertEquals(Outcome.DRAINED, tracker.takeBack(run, 2));
        assertTrue(tracker.isDrained());
        assertEquals(11, tracker.position());
    }

    @Test
    void refuses_offsets_that_do_not_ascend() {
        deliver(tracker, 10, 11);

        assertThrows(IllegalArgumentException.class, () -> deliver(tracker, 11));
        assertThrows(IllegalArgumentException.class, () -> deliver(new AckTracker(5), 4));
        assertThrows(IllegalArgumentException.class, () -> deliver(new AckTracker(5), 4, 5));
    }

    @Test
    void agrees_with_a_plain_set_under_random_orders() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            AckTracker tried = new AckTracker(0);
            TreeSet<Long> unacked = new TreeSet<>();
            List<Given> inHand = new ArrayList<>();
            TreeSet<Long> all = new TreeSet<>();
            long next = 0;
            for (int step = 0; step < 200; step++) {
                if (inHand.isEmpty() || random.nextInt(7) == 0) {
                    long[] offsets = new long[1 + random.nextInt(150)];
                    for (int i = 0; i < offsets.length; i++) {
                        next += seed % 2 == 0 ? 0 : random.nextInt(2);
                        offsets[i] = next++;
                        unacked.add(offsets[i]);
                        all.add(offsets[i]);
                    }
                    inHand.addAll(deliver(tried, offsets));
                } else {
                    for (int acks = random.nextInt(60); acks >= 0 && !inHand.isEmpty(); acks--) {
                        Given chosen = inHand.remove(random.nextInt(3) == 0 ? random.nextInt(inHand.size()) : 0);
                        assertEquals(Outcome.ACKED, chosen.ack());
                        unacked.remove(chosen.offset());
                    }
                }
                String where = "seed " + seed + " step " + step;
                assertEquals(unacked.isEmpty(), tried.isDrained(), where);
                Long wanted = unacked.isEmpty() ? null : unacked.first();
                assertEquals(wanted, all.ceiling(tried.position()), where);
            }
        }
    }

    @Test
    void takes_acknowledgements_from_many_threads() throws InterruptedException {
        List<Given> all = new ArrayList<>();
        long next = 10;
        for (int batch = 0; batch < 200; batch++) {
            long[] offsets = new long[100];
            for (int i = 0; i < offsets.length; i++) {
                offsets[i] = next++;
            }
            all.addAll(deliver(tracker, offsets));
        }
        tracker.stop();
        Collections.shuffle(all, new Random(1));
        ExecutorService threads = Executors.newFixedThreadPool(4);
        CountDownLatch drained = new CountDownLatch(1);
        for (int t = 0; t < 4; t++) {
            List<Given> share = all.subList(t * 5_000, (t + 1) * 5_000);
            threads.execute(() -> share.forEach(given -> {
                if (given.ack() == Outcome.DRAINED) {
                    drained.countDown();
                }
            }));
        }
        assertTrue(drained.await(5, TimeUnit.SECONDS));
        threads.shutdown();
        assertEquals(20_010, tracker.position());
    }

    /** Gives the records of one batch to the user. */
    private static List<Given> deliver(AckTracker by, long... offsets) {
        Run run = by.begin(offsets[offsets.length - 1] + 1, offsets.length);
        if (!by.admit(run, offsets.length)) {
            throw new AssertionError("stopped");
        }
        List<Given> given = new ArrayList<>();
        for (int place = 0; place < offsets.length; place++) {
            run.note(place, offsets[place]);
            given.add(new Given(by, run, place, offsets[place]));
        }
        return given;
    }
}
