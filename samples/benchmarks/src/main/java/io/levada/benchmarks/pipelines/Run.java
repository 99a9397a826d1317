package io.levada.benchmarks.pipelines;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.benchmarks.peers.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.BiConsumer;

/** One platform's turn of a round: a table is copied, follows single changes, and then many at once. */
final class Run {
    private static final long PATIENCE_SECONDS = 180;
    private static final long LOOK_MILLIS = 2;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Platform platform;
    private final Shop shop;
    private final int rows;
    private final int inserts;
    private final long pauseMillis;
    private final BiConsumer<String, Double> figures;

    private final AtomicInteger read = new AtomicInteger();
    private final AtomicLong firstRead = new AtomicLong();
    private final AtomicLong lastRead = new AtomicLong();
    private final AtomicLongArray readAt;

    /**
     * Nothing is done yet.
     *
     * @param rows that the table has
     * @param inserts of single rows, one each {@code pauseMillis}
     * @param figures told what is measured
     */
    Run(Platform platform, Shop shop, int rows, int inserts, long pauseMillis, BiConsumer<String, Double> figures) {
        this.platform = platform;
        this.shop = shop;
        this.rows = rows;
        this.inserts = inserts;
        this.pauseMillis = pauseMillis;
        this.figures = figures;
        this.readAt = new AtomicLongArray(2 * inserts + 1);
    }

    @SuppressWarnings("try") // who follows is closed, and not looked at
    void measure() throws Exception {
        figures.accept("start: the server answers, s", platform.server().secondsToStart());
        figures.accept(
                "start: the worker lists connectors, s", platform.worker().secondsToStart());
        figures.accept("memory at rest, server and worker, MB", platform.residentBytes() / 1e6);
        Connectors connectors = new Connectors(platform.worker().address());
        try (Platform.Following following = platform.follower().follow(shop.topic(), this::read);
                Shop.Look copy = shop.new Look()) {
            long began = System.nanoTime();
            connectors.put("shop", shop.source());
            await("snapshot", connectors, "shop", () -> read.get() >= rows);
            figures.accept("source: first row in the topic after, s", (firstRead.get() - began) / 1e9);
            figures.accept("source: rows/s of a snapshot", rate(rows, lastRead.get() - firstRead.get()));

            began = System.nanoTime();
            connectors.put("copy", shop.sink());
            await("first row", connectors, "copy", () -> copy.count() > 0);
            long first = System.nanoTime();
            int had = copy.count();
            await("copy", connectors, "copy", () -> copy.count() >= rows);
            figures.accept("sink: first row in the copy after, s", (first - began) / 1e9);
            figures.accept("sink: rows/s into the copy", rate(rows - had, System.nanoTime() - first));

            singleChanges(0, "a change is in the %s after, p50, ms", connectors, copy);
            connectors.put("shop", shop.eagerSource());
            awaitEager(connectors, copy);
            singleChanges(inserts + 1, "the same, looking every 10 ms: in the %s after, p50, ms", connectors, copy);

            began = System.nanoTime();
            shop.change(rows);
            await("changes", connectors, "copy", () -> copy.changed() >= rows);
            figures.accept("both: rows/s changed at once", rate(rows, System.nanoTime() - began));
            figures.accept("memory at the end, server and worker, MB", platform.residentBytes() / 1e6);
        }
    }

    /** Waits until the source goes on with its new configuration. */
    private void awaitEager(Connectors connectors, Shop.Look copy) throws Exception {
        shop.insert(rows + inserts + 1);
        await("change", connectors, "shop", () -> copy.newest() > rows + inserts);
        TimeUnit.SECONDS.sleep(1); // it may have been the one that is stopped that took it
    }

    /**
     * One after the other, while the copy is looked at.
     *
     * @param from how many there have been before
     * @param name of the figures, of the topic or the copy
     */
    private void singleChanges(int from, String name, Connectors connectors, Shop.Look copy) throws Exception {
        long[] committed = new long[inserts];
        List<Double> toCopy = new ArrayList<>();
        int done = 0;
        long next = System.nanoTime();
        long end = next + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (toCopy.size() < inserts) {
            if (done < inserts && System.nanoTime() >= next) {
                shop.insert(rows + 1 + from + done);
                committed[done++] = System.nanoTime();
                next += TimeUnit.MILLISECONDS.toNanos(pauseMillis);
            }
            int newest = copy.newest() - rows - from;
            long now = System.nanoTime();
            while (toCopy.size() < newest) {
                toCopy.add((now - committed[toCopy.size()]) / 1e6);
            }
            if (now > end) {
                throw new IllegalStateException("changes do not arrive: " + connectors.status("copy"));
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        List<Double> toTopic = new ArrayList<>();
        for (int i = 0; i < inserts; i++) {
            toTopic.add(Math.max(0, readAt.get(from + i) - committed[i]) / 1e6);
        }
        figures.accept(name.formatted("topic"), Row.median(toTopic));
        figures.accept(name.formatted("copy"), Row.median(toCopy));
    }

    private void read(byte[] key, byte[] value) {
        long now = System.nanoTime();
        firstRead.compareAndSet(0, now);
        lastRead.set(now);
        if (read.incrementAndGet() > rows) {
            try {
                int number = JSON.readTree(key).at("/payload/id").asInt() - rows - 1;
                if (number >= 0) {
                    readAt.compareAndSet(number, 0, now);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static double rate(int count, long nanos) {
        return count / (nanos / 1e9);
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(String what, Connectors connectors, String connector, Condition condition)
            throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.holds()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException(
                        "no " + what + " within " + PATIENCE_SECONDS + " s: " + connectors.status(connector));
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }
}
