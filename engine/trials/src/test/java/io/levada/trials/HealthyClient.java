package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.levada.Ack;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** A client that does no harm: it publishes and reads live all the while, and notes what becomes of each record, and when. */
final class HealthyClient implements AutoCloseable {
    private static final String TOPIC = "healthy";
    private static final Duration PACE = Duration.ofMillis(5);
    /** Within so long it has to be served again, whatever was done to the server. */
    private static final Duration RECOVERY = Duration.ofSeconds(5);

    private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final int LEAST_SAMPLES = 20;
    private static final double FACTOR = 3;
    private static final double FLOOR_MS = 20;

    private final Levada levada;
    private final Disposable.Composite running = Disposables.composite();
    private final Sinks.Empty<Void> stop = Sinks.empty();
    private final Latencies acks = new Latencies();
    private final Latencies deliveries = new Latencies();
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicInteger acked = new AtomicInteger();
    private final AtomicInteger delivered = new AtomicInteger();
    private final List<Long> sent = Collections.synchronizedList(new ArrayList<>());
    private final List<String> violations = new CopyOnWriteArrayList<>();
    private double boundMs = FLOOR_MS;

    /** When something came, and how long after it was sent. */
    private record Latency(long atNanos, long nanos) {}

    /** Of one kind, in the order they came. */
    private static final class Latencies {
        private final List<Latency> all = new ArrayList<>();

        synchronized void add(long sentNanos) {
            long now = System.nanoTime();
            all.add(new Latency(now, now - sentNanos));
        }

        /** The median of those that came since then, in ms; endless where they are too few to tell. */
        synchronized double medianMs(long sinceNanos) {
            long[] recent = all.stream()
                    .filter(each -> each.atNanos - sinceNanos >= 0)
                    .mapToLong(Latency::nanos)
                    .sorted()
                    .toArray();
            return recent.length < LEAST_SAMPLES ? Double.POSITIVE_INFINITY : recent[recent.length / 2] / 1e6;
        }

        /** The longest of those that came since then, in ms. */
        synchronized double longestMs(long sinceNanos) {
            return all.stream()
                            .filter(each -> each.atNanos - sinceNanos >= 0)
                            .mapToLong(Latency::nanos)
                            .max()
                            .orElse(0)
                    / 1e6;
        }
    }

    HealthyClient(String address, LevadaOptions options) throws InterruptedException {
        levada = Levada.open(address, options);
        levada.blocking().createTopic(TopicSpec.of(TOPIC));
        running.add(levada.read(ReadSpec.of(TOPIC)).subscribe(this::delivered, this::failed));
        Flux<Record> records =
                Flux.interval(PACE).onBackpressureDrop().map(tick -> next()).takeUntilOther(stop.asMono());
        running.add(levada.publish(TOPIC, records).subscribe(this::acked, this::failed));
    }

    private Record next() {
        sent.add(System.nanoTime());
        return Record.ofValue(Integer.toString(made.getAndIncrement()));
    }

    private void acked(Ack ack) {
        int number = acked.getAndIncrement();
        if (ack.offset() != number) {
            violations.add("record " + number + " was acknowledged at offset " + ack.offset());
        }
        acks.add(sent.get(number));
    }

    private void delivered(StoredRecord record) {
        int number = delivered.getAndIncrement();
        if (!Integer.toString(number).equals(record.valueUtf8())) {
            violations.add("record " + record.valueUtf8() + " was delivered where " + number + " was due");
        }
        deliveries.add(sent.get(number));
    }

    private void failed(Throwable error) {
        violations.add(LevadaException.of(error).line());
    }

    /** Takes how it is served now for how it is to be served later. */
    void calibrate() throws InterruptedException {
        awaitServed(made.get() + 100, Door.PATIENCE);
        long from = System.nanoTime();
        awaitServed(made.get() + 100, Door.PATIENCE);
        double median = Math.max(acks.medianMs(from), deliveries.medianMs(from));
        boundMs = Math.max(FACTOR * median, FLOOR_MS);
        System.out.printf(
                Locale.ROOT,
                "healthy client undisturbed: medians %.1f ms to the ack, %.1f ms to the delivery%n",
                acks.medianMs(from),
                deliveries.medianMs(from));
    }

    private void awaitServed(int records, Duration patience) throws InterruptedException {
        HostileServer.await(
                patience,
                () -> acked.get() >= records && delivered.get() >= records,
                () -> "not served within " + patience + ": of " + made + " records " + acked + " are acknowledged and "
                        + delivered + " delivered, " + records + " were to be; " + violations);
    }

    /**
     * Fails unless a record made from now on is acknowledged and delivered in time, and nothing was lost so far. Says how
     * long it took until latencies were what they had been; with {@code trials.latency} that has to be in time as well.
     *
     * @param begunNanos when it began what was done to the server
     */
    void recovers(String from, long begunNanos) throws InterruptedException {
        long over = System.nanoTime();
        double worst = deliveries.longestMs(begunNanos);
        double during = deliveries.medianMs(begunNanos);
        awaitServed(made.get() + 1, RECOVERY);
        long served = System.nanoTime() - over;
        assertEquals(List.of(), violations, from);
        long calm = calmAfter(over);
        System.out.printf(
                Locale.ROOT,
                "%s, %.1f s: deliveries took %s ms in the middle and %.0f ms at most; then served after %d ms,"
                        + " as before after %s%n",
                from,
                (over - begunNanos) / 1e9,
                Double.isInfinite(during) ? "(too few to tell)" : String.format(Locale.ROOT, "%.1f", during),
                worst,
                TimeUnit.NANOSECONDS.toMillis(served),
                calm < 0 ? "more than " + RECOVERY : TimeUnit.NANOSECONDS.toMillis(calm) + " ms");
        if (Boolean.getBoolean("trials.latency")) {
            assertEquals(true, calm >= 0, from + ": latencies are not back below " + boundMs + " ms");
        }
    }

    /** Nanoseconds until the medians of half a second were within bounds; negative where they never were in time. */
    private long calmAfter(long overNanos) throws InterruptedException {
        long window = overNanos;
        while (window - overNanos <= RECOVERY.toNanos() - WINDOW_NANOS) {
            TimeUnit.NANOSECONDS.sleep(Math.max(0, window + WINDOW_NANOS - System.nanoTime()));
            if (acks.medianMs(window) <= boundMs && deliveries.medianMs(window) <= boundMs) {
                return window - overNanos;
            }
            window += WINDOW_NANOS / 2;
        }
        return -1;
    }

    /** Publishes no more, and holds what was made against what came; gives how many there were. */
    int finish() throws InterruptedException {
        stop.tryEmitEmpty();
        HostileServer.await(
                Door.PATIENCE,
                () -> acked.get() == made.get() && delivered.get() == made.get(),
                () -> "of " + made + " records " + acked + " are acknowledged and " + delivered + " delivered");
        assertEquals(List.of(), violations);
        return made.get();
    }

    @Override
    public void close() {
        running.dispose();
        levada.close();
    }
}
