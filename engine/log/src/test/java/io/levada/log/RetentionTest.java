package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.levada.env.Clock;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Retention.Aged;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What retention deletes, whatever the clocks do. */
class RetentionTest {
    private static final int CASES = Integer.getInteger("levada.retention.cases", 100_000);
    private static final long TEN_YEARS_MS = Duration.ofDays(3_650).toMillis();
    private static final long DAY_MS = Duration.ofDays(1).toMillis();

    private static TopicSettings settings(long retentionMs, long retentionBytes) {
        return TopicSettings.of(
                Map.of("retention.ms", Long.toString(retentionMs), "retention.bytes", Long.toString(retentionBytes)),
                4096);
    }

    /** How ages are told. */
    private enum Telling {
        BY_LOG_TIME,
        /** As a log would that believed its wall clock; the control. */
        BY_WALL_CLOCK
    }

    /** Real time, of which nobody knows, and the readings that everybody sees. */
    private static final class Steps implements Clock {
        private long realMs;
        private long startedMs;
        private long stepMs = 1_700_000_000_000L;

        @Override
        public long wallMs() {
            return realMs + stepMs;
        }

        @Override
        public long nanos() {
            return (realMs - startedMs) * 1_000_000;
        }
    }

    /** A partition as retention sees it: segments, of which each knows when its records were really appended. */
    private static final class Partition {
        private final SplittableRandom random;
        private final TopicSettings settings;
        private final Telling telling;
        private final Steps clock = new Steps();
        private final List<Seg> segments = new ArrayList<>();
        private LogTime time;
        private long nextTickMs;
        private long restedSinceMs;

        private static final class Seg {
            private long openedMs;
            private long closedMs = Extent.OPEN;
            private long bytes;
            private long oldestLogMs;
            private long newestRealMs;
            private boolean written;
        }

        Partition(SplittableRandom random, Telling telling) {
            this.random = random;
            this.telling = telling;
            long retentionMs = 1_000 + random.nextLong(1L << (10 + random.nextInt(11)));
            settings = settings(retentionMs, random.nextInt(3) == 0 ? random.nextLong(5_000) : TopicSettings.FOREVER);
            time = new LogTime(clock, 0);
        }

        private long now() {
            return telling == Telling.BY_LOG_TIME ? time.nowMs() : clock.wallMs();
        }

        void live() {
            for (int event = 0; event < 60; event++) {
                switch (random.nextInt(6)) {
                    case 0 -> clock.stepMs += random.nextBoolean() ? TEN_YEARS_MS : -TEN_YEARS_MS;
                    case 1 -> stop();
                    case 2, 3 -> pass(random.nextLong(settings.retentionMs() / 4 + 2));
                    default -> append();
                }
            }
        }

        private void append() {
            Seg last = segments.isEmpty() ? null : segments.get(segments.size() - 1);
            if (last == null || last.closedMs != Extent.OPEN || last.bytes > 1_000) {
                if (last != null && last.closedMs == Extent.OPEN) {
                    close(last);
                }
                last = new Seg();
                last.openedMs = now();
                last.oldestLogMs = time.nowMs();
                segments.add(last);
            }
            last.bytes += 1 + random.nextInt(400);
            last.newestRealMs = clock.realMs;
            last.written = true;
        }

        /** Lets time pass, with a look whenever one is due. */
        private void pass(long ms) {
            long until = clock.realMs + ms;
            while (nextTickMs <= until) {
                clock.realMs = Math.max(clock.realMs, nextTickMs);
                nothingIsLate();
                tick();
                nextTickMs = clock.realMs + Retention.tick(List.of(settings)).toMillis();
            }
            clock.realMs = until;
            nothingIsLate();
        }

        /** The log is closed for a while, in which the clock may be set. */
        private void stop() {
            LogTime.Mark mark = time.mark();
            clock.realMs += random.nextLong(Math.min(settings.retentionMs() * 2, 29 * DAY_MS));
            if (random.nextBoolean()) {
                clock.stepMs += random.nextBoolean() ? TEN_YEARS_MS : -TEN_YEARS_MS;
            }
            clock.startedMs = clock.realMs;
            time = new LogTime(clock, mark.logMs() + LogTime.believed(clock.wallMs() - mark.wallMs()));
            segments.forEach(segment -> segment.written = false);
            restedSinceMs = mark.logMs();
            tick();
            nextTickMs = clock.realMs + Retention.tick(List.of(settings)).toMillis();
        }

        private void close(Seg segment) {
            segment.closedMs = segment.written || telling == Telling.BY_WALL_CLOCK ? now() : restedSinceMs;
        }

        private void tick() {
            long nowMs = now();
            Seg last = segments.isEmpty() ? null : segments.get(segments.size() - 1);
            if (last != null && last.closedMs == Extent.OPEN && Retention.isToBeClosed(aged(last), settings, nowMs)) {
                close(last);
            }
            List<Aged> ages = segments.stream().map(Partition::aged).toList();
            int expired = Retention.expired(ages, settings, nowMs);
            for (int i = 0; i < expired; i++) {
                Seg gone = segments.remove(0);
                long left =
                        segments.stream().mapToLong(segment -> segment.bytes).sum();
                boolean tooMuch = settings.retentionBytes() >= 0 && left >= settings.retentionBytes();
                if (!tooMuch && clock.realMs - gone.newestRealMs < settings.retentionMs()) {
                    fail("a record of " + (clock.realMs - gone.newestRealMs) + " ms was deleted, kept for "
                            + settings.retentionMs());
                }
            }
        }

        private static Aged aged(Seg segment) {
            return new Aged(segment.openedMs, segment.closedMs, segment.bytes);
        }

        private void nothingIsLate() {
            for (Seg segment : segments) {
                long age = time.nowMs() - segment.oldestLogMs;
                // while the log was closed nobody could delete it
                boolean late = age > settings.retentionMs() + settings.retentionMs() / 8 + 1
                        && clock.realMs - clock.startedMs > settings.retentionMs() / 8;
                if (late) {
                    fail("a record of " + age + " ms is still there, kept for " + settings.retentionMs());
                }
            }
        }
    }

    private static void run(Telling telling) {
        for (int seed = 0; seed < CASES; seed++) {
            try {
                new Partition(new SplittableRandom(seed), telling).live();
            } catch (AssertionError e) {
                throw new AssertionError("case " + seed, e);
            }
        }
    }

    @Test
    void steps_of_ten_years_delete_nothing_within_its_limits_and_keep_nothing_an_eighth_beyond() {
        run(Telling.BY_LOG_TIME);
    }

    @Test
    void control_a_log_that_believed_its_wall_clock_is_noticed() {
        assertThrows(AssertionError.class, () -> run(Telling.BY_WALL_CLOCK));
    }

    @Test
    void bytes_go_while_the_rest_is_enough_and_never_what_is_being_written() {
        TopicSettings settings = settings(-1, 250);
        List<Aged> segments =
                List.of(new Aged(0, 1, 100), new Aged(1, 2, 100), new Aged(2, 3, 100), new Aged(3, Extent.OPEN, 60));

        assertEquals(1, Retention.expired(segments, settings, 4));
        assertEquals(0, Retention.expired(segments, settings(-1, 261), 4));
        assertEquals(3, Retention.expired(segments, settings(-1, 0), 4));
        assertEquals(0, Retention.expired(segments, settings(-1, -1), Long.MAX_VALUE));
        assertEquals(3, Retention.expired(segments, settings(1_000, -1), Long.MAX_VALUE / 2));
    }

    @Test
    void a_compacted_topic_deletes_by_age_only_if_told_so() {
        List<Aged> segments = List.of(new Aged(0, 1, 100), new Aged(3, Extent.OPEN, 60));
        Map<String, String> compacted = Map.of("cleanup.policy", "compact", "retention.ms", "1000");
        Map<String, String> both = Map.of("cleanup.policy", "compact,delete", "retention.ms", "1000");

        assertEquals(0, Retention.expired(segments, TopicSettings.of(compacted, 4096), 10_000));
        assertEquals(1, Retention.expired(segments, TopicSettings.of(both, 4096), 10_000));
    }

    @Test
    void it_looks_often_enough_for_the_shortest_retention() {
        assertEquals(Duration.ofMinutes(1), Retention.tick(List.of()));
        assertEquals(Duration.ofMinutes(1), Retention.tick(List.of(settings(-1, 10))));
        assertEquals(Duration.ofMillis(31), Retention.tick(List.of(settings(604_800_000, -1), settings(1_000, -1))));
        assertTrue(Retention.tick(List.of(TopicSettings.of(Map.of("cleanup.policy", "compact"), 4096)))
                        .toMillis()
                <= 60_000);
    }
}
