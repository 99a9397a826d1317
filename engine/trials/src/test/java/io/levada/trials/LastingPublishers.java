package io.levada.trials;

import io.levada.Ack;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.trials.Ledger.Stream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/**
 * Publishers that outlive the server: when it is killed they have records in flight, which they send again, numbered as
 * before, to the one that is started at the same address. Every record has to be there once then. One for each partition.
 */
final class LastingPublishers implements AutoCloseable {
    private static final int BURST_RECORDS = 24;
    private static final Duration PAUSE = Duration.ofMillis(10);
    private static final Duration RECONNECT = Duration.ofMinutes(5);
    private static final long PATIENCE_SECONDS = 240;
    private static final long AGAIN_MS = 50;

    private final Levada levada;
    private final Ledger ledger;
    private final Disposable.Composite running = Disposables.composite();
    private final List<Publisher> publishers = new ArrayList<>();
    private final List<LevadaException> failures = new CopyOnWriteArrayList<>();
    private volatile boolean paused;

    private LastingPublishers(Levada levada, Ledger ledger) {
        this.levada = levada;
        this.ledger = ledger;
    }

    /** Begins to publish to a topic that is there. */
    static LastingPublishers start(String address, Ledger ledger) {
        LevadaOptions options = LevadaOptions.defaults()
                .withPublishWindowRecords(2 * BURST_RECORDS)
                .withReconnectTimeout(RECONNECT);
        LastingPublishers lasting = new LastingPublishers(Levada.open(address, options), ledger);
        for (int partition = 0; partition < Workload.PARTITIONS; partition++) {
            Publisher publisher = lasting.new Publisher(partition);
            lasting.publishers.add(publisher);
            publisher.start();
        }
        return lasting;
    }

    /** Publishes nothing more but what was begun, until {@link #resume}. */
    void pause() {
        paused = true;
    }

    void resume() {
        paused = false;
    }

    /** Records acknowledged to each publisher, the least of them. */
    int leastAcked() {
        return publishers.stream().mapToInt(Publisher::acked).min().orElse(0);
    }

    /** Returns once nothing is in flight: all that was published is acknowledged, or its publisher has failed. */
    void settle() throws InterruptedException {
        pause();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        for (Publisher publisher : publishers) {
            while (!publisher.isQuiet()) {
                if (System.nanoTime() > end) {
                    throw new AssertionError("a publisher neither goes on nor fails: " + publisher);
                }
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
    }

    /** How publishers were told that they cannot go on, so far. */
    List<LevadaException> failures() {
        return List.copyOf(failures);
    }

    @Override
    public void close() {
        running.dispose();
        Schedulers.boundedElastic().schedule(levada::close);
    }

    /** Publishes bursts, one after the other; a publisher that failed goes on with another stream of records. */
    private final class Publisher {
        private final int partition;
        private Stream stream;
        private final AtomicInteger acked = new AtomicInteger();
        private int begun;

        Publisher(int partition) {
            this.partition = partition;
            this.stream = ledger.openLasting(partition);
        }

        synchronized void start() {
            Stream mine = stream;
            Flux<Record> records = Flux.range(0, BURST_RECORDS)
                    .map(i -> Record.of(null, mine.next()).withPartition(partition))
                    .delaySubscription(Flux.interval(PAUSE).onBackpressureDrop().filter(tick -> mayBegin()))
                    .repeat();
            running.add(levada.publish(Workload.TOPIC, records)
                    .subscribe((Ack ack) -> mine.acknowledged(acked.getAndIncrement(), ack.offset()), this::failed));
        }

        private synchronized boolean mayBegin() {
            begun += paused ? 0 : BURST_RECORDS;
            return !paused;
        }

        private synchronized void failed(Throwable error) {
            failures.add(LevadaException.of(error));
            stream.ended();
            stream = ledger.openLasting(partition);
            begun = 0;
            acked.set(0);
            running.add(Schedulers.boundedElastic().schedule(this::start, AGAIN_MS, TimeUnit.MILLISECONDS));
        }

        int acked() {
            return acked.get();
        }

        synchronized boolean isQuiet() {
            return paused && acked.get() == begun;
        }

        @Override
        public synchronized String toString() {
            return "partition " + partition + ", " + acked + " of " + begun + " acknowledged";
        }
    }
}
