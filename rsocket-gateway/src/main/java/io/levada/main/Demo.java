package io.levada.main;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.TopicSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.BooleanSupplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The main job on real data: one topic, one publisher and three groups that read live, all of them clients of a server
 * with connections of their own.
 */
final class Demo {
    static final String TOPIC = "flights";
    static final int PARTITIONS = 6;
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final Duration TICK = Duration.ofMillis(50);
    private static final int FLIGHTS_PER_TICK = 200;
    private static final int BEHIND_RECORDS = 1_000;
    private static final long AUDIT_WORK_NANOS = 350_000;

    private final DemoScreen screen;
    private final String address;
    private final List<Flight> flights;
    private final AtomicLongArray publishedNanos;
    private final AtomicInteger acknowledged = new AtomicInteger();
    private final DemoGroup audit;
    private final DemoGroup delays;
    private final DemoGroup crowd;

    /**
     * @param address of the server, which nobody else uses
     */
    Demo(DemoScreen screen, String address, List<Flight> flights) {
        this.screen = screen;
        this.address = address;
        this.flights = flights;
        publishedNanos = new AtomicLongArray(flights.size());
        audit = group("audit", 1, AUDIT_WORK_NANOS);
        delays = group("delays", 3, 0);
        crowd = group("crowd", 8, 0);
    }

    private DemoGroup group(String name, int members, long workNanos) {
        return new DemoGroup(address, name, members, publishedNanos, workNanos);
    }

    List<DemoGroup> groups() {
        return List.of(audit, delays, crowd);
    }

    /** Runs it to the end; whether all came out as it should is for the report to say. */
    void run() throws InterruptedException {
        try (Levada levada = Levada.open(address)) {
            levada.blocking().createTopic(TopicSpec.of(TOPIC).partitions(PARTITIONS));
            gather();
            screen.say("");
            screen.say("  20,000 flights of the year 2001 are published now, keyed by the airport they left from.");
            screen.say("  Each is forced to disk before anybody sees it, and every group gets all of them.");
            CompletableFuture<Ack> published = publish(levada).toFuture();
            handOver(published);
            await("the flights to be published", published, published::isDone);
            screen.say(String.format(
                    Locale.ROOT,
                    "  All is published. audit has read %,d so far: it takes its time, and nobody waits for it.",
                    audit.ledger().records()));
            await("all flights to be read", published, () -> groups().stream()
                    .allMatch(group -> group.ledger().isComplete()));
            await("the groups to commit", published, () -> groups().stream()
                    .allMatch(group -> hasCommitted(levada, group)));
            screen.keepLive();
        }
    }

    /** Lets the groups join and waits until everyone knows what to do. */
    private void gather() throws InterruptedException {
        groups().forEach(group -> group.join(TOPIC));
        CompletableFuture<Ack> nothing = new CompletableFuture<>();
        await("the groups to settle", nothing, () -> groups().stream().allMatch(group -> group.isSettled(PARTITIONS)));
        screen.say("  groups   audit    1 member, slow on purpose; all 6 partitions are its own");
        screen.say("           delays   3 members with 2 partitions each, working out the mean delay at each airport");
        List<DemoMember> idle =
                crowd.members().stream().filter(member -> member.idle() != null).toList();
        screen.say("           crowd    8 members for 6 partitions: "
                + idle.get(0).name() + " and " + idle.get(1).name() + " have none, and are told so:");
        screen.say("                    " + screen.faint("\"" + idle.get(1).idle() + "\""));
    }

    private Mono<Ack> publish(Levada levada) {
        return levada.publish(
                        TOPIC,
                        Flux.fromIterable(flights)
                                .buffer(FLIGHTS_PER_TICK)
                                .delayElements(TICK)
                                .concatMapIterable(chunk -> chunk)
                                .doOnNext(flight -> publishedNanos.set(flight.number(), System.nanoTime()))
                                .map(Flight::toRecord))
                .doOnNext(ack -> acknowledged.incrementAndGet())
                .last();
    }

    /** Half way, a member of {@code delays} leaves; the others take over what it had. */
    private void handOver(CompletableFuture<Ack> published) throws InterruptedException {
        DemoMember leaver = delays.members().get(delays.members().size() - 1);
        await("half of the flights", published, () -> delays.ledger().records() >= flights.size() / 2);
        leaver.leaveSoon();
        await(leaver.name() + " to leave", published, leaver::hasLeft);
        long leftNanos = System.nanoTime();
        await("its partitions to move", published, () -> delays.isSettled(PARTITIONS));
        long tookMs = (System.nanoTime() - leftNanos) / 1_000_000;
        screen.say("");
        screen.say("  Half way, " + leaver.name() + " leaves. The other two go on with its partitions "
                + DemoReport.list(leaver.partitions()) + " after " + tookMs + " ms, exactly where it stopped.");
    }

    private static boolean hasCommitted(Levada levada, DemoGroup group) {
        return levada.blocking().describeGroup(group.name()).offsets().stream().allMatch(offset -> offset.lag() == 0);
    }

    private void await(String what, CompletableFuture<Ack> published, BooleanSupplier condition)
            throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            groups().forEach(DemoGroup::check);
            if (published.isCompletedExceptionally()) {
                published.join();
            }
            if (System.nanoTime() > deadline) {
                throw new LevadaException(
                        ErrorCode.TIMEOUT,
                        "waited " + PATIENCE.toSeconds() + " s for " + what + "; is the machine busy?");
            }
            drawProgress();
            TimeUnit.MILLISECONDS.sleep(TICK.toMillis());
        }
        drawProgress();
    }

    private void drawProgress() {
        if (acknowledged.get() == 0) {
            return;
        }
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(progress("published", acknowledged.get()));
        for (DemoGroup group : groups()) {
            int records = group.ledger().records();
            boolean behind = acknowledged.get() - records > BEHIND_RECORDS;
            lines.add(progress(group.name(), records) + (behind ? screen.faint("  behind, and nobody waits") : ""));
        }
        screen.draw(lines);
    }

    private String progress(String name, int records) {
        double fraction = (double) records / flights.size();
        return String.format(Locale.ROOT, "  %-10s %s %,7d", name, screen.bar(fraction), records);
    }

    void close() {
        groups().forEach(DemoGroup::close);
    }
}
