package io.levada.env;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.testgate.TestGate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class SchedulerTest {
    /** What loops do, real or simulated. */
    interface LoopContract {
        Scheduler scheduler();

        @Test
        default void runs_tasks_one_at_a_time_in_order_and_knows_its_own() {
            Scheduler scheduler = scheduler();
            Loop loop = scheduler.newLoop("l");
            List<Integer> ran = new ArrayList<>();
            CompletableFuture<Boolean> last = new CompletableFuture<>();
            for (int i = 0; i < 1_000; i++) {
                int number = i;
                loop.execute(() -> ran.add(number));
            }
            loop.execute(() -> last.complete(loop.inLoop()));
            assertTrue(scheduler.await(last));
            assertFalse(loop.inLoop());
            assertEquals(1_000, ran.size());
            assertEquals(999, ran.get(999));
            scheduler.close();
        }

        @Test
        default void timers_fire_in_the_order_of_their_times_unless_cancelled() {
            Scheduler scheduler = scheduler();
            Loop loop = scheduler.newLoop("l");
            List<String> fired = new ArrayList<>();
            CompletableFuture<String> done = new CompletableFuture<>();
            loop.schedule(Duration.ofMillis(30), () -> done.complete("done"));
            loop.schedule(Duration.ofMillis(20), () -> fired.add("second"));
            loop.schedule(Duration.ofMillis(10), () -> fired.add("first"));
            loop.schedule(Duration.ofMillis(15), () -> fired.add("never")).cancel();
            assertEquals("done", scheduler.await(done));
            assertEquals(List.of("first", "second"), fired);
            scheduler.close();
        }

        @Test
        default void outlives_a_task_that_throws() {
            Scheduler scheduler = scheduler();
            Loop loop = scheduler.newLoop("l");
            CompletableFuture<String> next = new CompletableFuture<>();
            loop.execute(() -> {
                throw new IllegalStateException("on purpose");
            });
            loop.execute(() -> next.complete("went on"));
            assertEquals("went on", scheduler.await(next));
            assertEquals(1, TestGate.expectError("on purpose"));
            scheduler.close();
        }

        @Test
        default void awaiting_gives_the_failure_itself() {
            Scheduler scheduler = scheduler();
            CompletableFuture<String> failed = CompletableFuture.failedFuture(new IllegalStateException("this one"));
            assertThrows(IllegalStateException.class, () -> scheduler.await(failed));
            scheduler.close();
        }

        @Test
        default void closing_runs_what_is_queued_and_drops_timers() {
            Scheduler scheduler = scheduler();
            Loop loop = scheduler.newLoop("l");
            List<String> ran = new ArrayList<>();
            loop.schedule(Duration.ofHours(1), () -> ran.add("timer"));
            loop.execute(() -> ran.add("queued"));
            scheduler.close();
            assertEquals(List.of("queued"), ran);
        }
    }

    @Nested
    class Real implements LoopContract {
        @Override
        public Scheduler scheduler() {
            return new RealScheduler("test");
        }

        @Test
        void a_loop_that_has_ended_refuses_tasks() {
            Scheduler scheduler = scheduler();
            Loop loop = scheduler.newLoop("l");
            scheduler.close();
            assertThrows(RejectedExecutionException.class, () -> loop.execute(() -> {}));
        }

        @Test
        void a_task_given_while_the_loop_goes_to_sleep_is_never_left_lying() throws Exception {
            Scheduler scheduler = scheduler();
            Loop loop = scheduler.newLoop("l");
            for (int i = 0; i < 20_000; i++) {
                CompletableFuture<Integer> ran = new CompletableFuture<>();
                int number = i;
                loop.execute(() -> ran.complete(number));
                assertEquals(number, ran.get(10, TimeUnit.SECONDS));
            }
            scheduler.close();
        }
    }

    @Nested
    class Simulated implements LoopContract {
        @Override
        public Scheduler scheduler() {
            return new SimScheduler(new SimRandomness(1));
        }

        private static String interleaving(long seed) {
            SimScheduler scheduler = new SimScheduler(new SimRandomness(seed));
            StringBuilder trace = new StringBuilder();
            for (String name : List.of("a", "b", "c")) {
                Loop loop = scheduler.newLoop(name);
                loop.execute(() -> {
                    for (int i = 0; i < 5; i++) {
                        trace.append(name);
                        scheduler.step();
                    }
                });
            }
            scheduler.runUntilIdle();
            scheduler.close();
            return trace.toString();
        }

        @Test
        void one_seed_gives_one_interleaving_and_another_seed_another() {
            assertEquals(interleaving(5), interleaving(5));
            assertNotEquals(interleaving(5), interleaving(6));
            assertEquals(15, interleaving(5).length());
        }

        @Test
        void time_passes_only_when_nobody_can_go_on() {
            SimScheduler scheduler = new SimScheduler(new SimRandomness(1));
            Loop loop = scheduler.newLoop("l");
            List<Long> at = new ArrayList<>();
            loop.schedule(Duration.ofMillis(5), () -> at.add(scheduler.clock().nanos()));
            loop.execute(() -> scheduler.pause(Duration.ofMillis(2)));
            scheduler.runUntilIdle();
            assertEquals(List.of(), at);
            scheduler.advance(Duration.ofMillis(10));
            assertEquals(List.of(5_000_000L), at);
            assertEquals(10_000_000L, scheduler.clock().nanos());
            scheduler.close();
        }

        @Test
        void a_wait_for_nothing_is_told_instead_of_hanging() {
            SimScheduler scheduler = new SimScheduler(new SimRandomness(1));
            scheduler.newLoop("l");
            assertThrows(IllegalStateException.class, () -> scheduler.await(new CompletableFuture<String>()));
            scheduler.close();
        }
    }
}
