package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.facade.GroupSession;
import io.levada.testkit.Probe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients that claim, acknowledge, release and forget at random, from a seed, against a model of what they may see. */
class ClaimsSimulationTest {
    private static final int SEEDS = Integer.getInteger("levada.seeds", 25);
    private static final int STEPS = 120;
    private static final int PARTITIONS = 3;

    /** What happens beside what clients do. */
    enum World {
        QUIET,
        /** Members with a connection come and go. */
        MEMBERS,
        /** The membership is lost now and then. */
        LOSSES,
        /** The power goes once. */
        POWER_CUT
    }

    @ParameterizedTest
    @EnumSource(World.class)
    void no_acknowledged_record_comes_again_and_none_is_left_out(World world) {
        Long only = Long.getLong("levada.seed");
        for (long seed = only == null ? 1 : only; seed <= (only == null ? SEEDS : only); seed++) {
            try (Run run = new Run(world, seed)) {
                run.play(false);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(world + " fails; again with -Dlevada.seed=" + seed, e);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "LOSSES", "POWER_CUT"})
    void commits_that_are_answered_and_not_made_are_found(World world) {
        int found = 0;
        for (long seed = 1; seed <= 8; seed++) {
            try (Run run = new Run(world, seed)) {
                run.play(true);
            } catch (AssertionError e) {
                found++;
            }
        }
        assertTrue(found > 0, "in no run");
    }

    private static final class Run implements AutoCloseable {
        private final World world;
        private final SimRandomness random;
        private final ClaimsModel model;
        private final List<Claimed> open = new ArrayList<>();
        private final List<Claimed> unanswered = new ArrayList<>();
        private final List<CompletableFuture<?>> asked = new ArrayList<>();
        private final List<Probe<Delivery>> members = new ArrayList<>();
        private final List<Throwable> wrong = new ArrayList<>();
        private SimulatedServer server;
        private int lives;

        Run(World world, long seed) {
            this.world = world;
            this.random = new SimRandomness(seed);
            this.model = new ClaimsModel(PARTITIONS);
            this.server = watched(new SimulatedServer(seed));
        }

        private SimulatedServer watched(SimulatedServer next) {
            next.onAssigned = partition -> model.assigned(partition.partition());
            return next;
        }

        void play(boolean losesCommits) {
            server.topic("t", PARTITIONS);
            server.losesCommits = losesCommits;
            int cutAt = world == World.POWER_CUT ? STEPS / 4 + random.nextInt(STEPS / 2) : -1;
            for (int step = 0; step < STEPS; step++) {
                if (step == cutAt) {
                    cutPower(losesCommits);
                } else {
                    step();
                }
                check();
            }
            finish();
        }

        private void step() {
            switch (random.nextInt(12)) {
                case 0, 1 -> publish();
                case 2, 3, 4 -> claim();
                case 5, 6 -> ack();
                case 7 -> release();
                case 8 -> extend();
                case 9 -> server.advance(Duration.ofMillis(random.nextInt(6_000)));
                case 10 -> disturb();
                default -> server.scheduler.step();
            }
        }

        private void publish() {
            for (int i = random.nextInt(5); i >= 0; i--) {
                int partition = random.nextInt(PARTITIONS);
                model.published(partition);
                server.publish("t", partition, "value " + random.nextInt(100));
            }
        }

        private void claim() {
            ClaimSpec spec = new ClaimSpec("g", List.of("t"))
                    .withMax(1 + random.nextInt(6))
                    .withLease(Duration.ofSeconds(1 + random.nextInt(20)))
                    .withWait(Duration.ofMillis(random.oneIn(2) ? 0 : random.nextInt(5_000)))
                    .withOrdered(random.oneIn(4));
            SimulatedServer at = server;
            CompletableFuture<Claimed> answer =
                    at.claims.claim("me", at.engine, spec).toFuture();
            follow(answer, claim -> {
                model.given(claim, at.scheduler.clock().nanos());
                if (!claim.records().isEmpty()) {
                    open.add(claim);
                }
            });
            if (random.oneIn(10)) {
                answer.cancel(false);
            }
        }

        private void ack() {
            Claimed claim = one();
            if (claim != null) {
                unanswered.add(claim);
                for (int times = random.oneIn(4) ? 2 : 1; times > 0; times--) {
                    follow(
                            server.claims
                                    .ack("me", claim.claim())
                                    .doOnError(error -> refused(claim, error))
                                    .toFuture(),
                            nothing -> {
                                unanswered.remove(claim);
                                model.acked(claim);
                            });
                }
                if (!random.oneIn(5)) {
                    open.remove(claim);
                }
            }
        }

        private void refused(Claimed claim, Throwable error) {
            if (error instanceof LevadaException known && known.code() == ErrorCode.STALE_MEMBER_EPOCH) {
                model.unknown(claim);
            }
        }

        private void release() {
            Claimed claim = one();
            if (claim != null) {
                follow(server.claims.release("me", claim.claim()).toFuture(), nothing -> model.released(claim));
            }
        }

        private void extend() {
            Claimed claim = one();
            if (claim != null) {
                Duration lease = Duration.ofSeconds(1 + random.nextInt(20));
                SimulatedServer at = server;
                follow(
                        at.claims.extend("me", claim.claim(), lease).toFuture(),
                        nothing -> model.extended(claim, at.scheduler.clock().nanos() + lease.toNanos()));
            }
        }

        private void disturb() {
            if (world == World.MEMBERS && (members.isEmpty() || (members.size() < 3 && random.oneIn(2)))) {
                members.add(Probe.of(server.levada.group("g").receive("t"), Long.MAX_VALUE, delivery -> {
                    tell(() -> model.ackedElsewhere(delivery.record()));
                    delivery.ack();
                }));
            } else if (world == World.MEMBERS) {
                members.remove(random.nextInt(members.size())).cancel();
            } else if (world == World.LOSSES && !server.sessions.isEmpty()) {
                int last = server.sessions.size() - 1;
                GroupSession lost = server.sessions.get(last);
                lost.abort();
                server.members
                        .get(last)
                        .onError(new LevadaException(ErrorCode.CONNECTION_LOST, "a fault that the test asked for"));
            }
        }

        private void cutPower(boolean losesCommits) {
            lives++;
            unanswered.forEach(model::unknown); // their commits may have been made, and the answers lost
            unanswered.clear();
            server = watched(server.afterPowerCut(CrashStyle.draw(random), 1_000 + lives));
            server.losesCommits = losesCommits;
            open.clear();
            asked.clear();
        }

        private @Nullable Claimed one() {
            return open.isEmpty() ? null : open.get(random.nextInt(open.size()));
        }

        private interface Told<T> {
            void by(T answer);
        }

        /** The model hears of answers as they come; a claim may have ended otherwise, and nothing else may go wrong. */
        private <T> void follow(CompletableFuture<T> answer, Told<T> told) {
            int life = lives;
            asked.add(answer.whenComplete((value, error) -> {
                if (life != lives || answer.isCancelled()) {
                    return;
                } else if (error == null) {
                    tell(() -> told.by(value));
                } else if (!(error instanceof LevadaException known) || !EXPECTED.contains(known.code())) {
                    wrong.add(error);
                }
            }));
        }

        private static final Set<ErrorCode> EXPECTED =
                Set.of(ErrorCode.CLAIM_EXPIRED, ErrorCode.STALE_MEMBER_EPOCH, ErrorCode.CONNECTION_LOST);

        private void tell(Runnable model) {
            try {
                model.run();
            } catch (AssertionError e) {
                wrong.add(e);
            }
        }

        private void check() {
            if (!wrong.isEmpty()) {
                throw new AssertionError("seen by a client", wrong.get(0));
            }
        }

        /** Whatever happened, all is claimed and acknowledged in the end. */
        private void finish() {
            members.forEach(Probe::cancel);
            server.advance(Duration.ofSeconds(40));
            for (int i = 0; i < 100; i++) {
                Claimed claim = server.claim(
                        new ClaimSpec("g", List.of("t")).withMax(20).withWait(Duration.ofSeconds(20)));
                if (claim.records().isEmpty()) {
                    break;
                }
                model.given(claim, server.scheduler.clock().nanos());
                server.ack(claim);
                model.acked(claim);
            }
            check();
            assertTrue(asked.stream().allMatch(CompletableFuture::isDone), "something was not answered");
            model.everythingWasAcknowledged();
            for (int i = 0; i < PARTITIONS; i++) {
                if (model.end(i) > 0) {
                    assertEquals(model.end(i), server.committed("g", "t", i), "committed of partition " + i);
                }
            }
        }

        @Override
        public void close() {
            server.close();
            assertEquals(0, server.claims.totals().bytes.get());
            assertEquals(0, server.claims.totals().open.get());
            assertEquals(0, server.claims.totals().waiting.get());
        }
    }
}
