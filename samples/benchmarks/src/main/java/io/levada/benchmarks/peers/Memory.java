package io.levada.benchmarks.peers;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Looks every so often how much memory each server has resident. */
final class Memory implements AutoCloseable {
    private static final long PERIOD_MILLIS = 500;

    private final List<Contestant> contestants;
    private final long beginNanos = System.nanoTime();
    private final List<Double> seconds = new ArrayList<>();
    private final Map<String, List<@Nullable Double>> megabytes = new LinkedHashMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "memory");
        thread.setDaemon(true);
        return thread;
    });

    /**
     * What was seen.
     *
     * @param seconds since the beginning, of each look
     * @param megabytes by system, one for each look; null where the system did not run
     */
    record Samples(List<Double> seconds, Map<String, List<@Nullable Double>> megabytes) {
        static final Samples NONE = new Samples(List.of(), Map.of());
    }

    Memory(List<Contestant> contestants) {
        this.contestants = contestants;
        contestants.forEach(contestant -> megabytes.put(contestant.peer().label(), new ArrayList<>()));
        var unused = timer.scheduleWithFixedDelay(this::look, 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    private synchronized void look() {
        seconds.add((System.nanoTime() - beginNanos) / 1e9);
        for (Contestant contestant : contestants) {
            megabytes
                    .computeIfAbsent(contestant.peer().label(), label -> new ArrayList<>())
                    .add(resident(contestant));
        }
    }

    private static @Nullable Double resident(Contestant contestant) {
        try {
            long bytes = contestant.residentBytes();
            return bytes == 0 ? null : bytes / 1e6;
        } catch (IOException e) {
            return null; // It ended while it was looked at.
        }
    }

    synchronized Samples samples() {
        Map<String, List<@Nullable Double>> copy = new LinkedHashMap<>();
        megabytes.forEach((label, figures) -> copy.put(label, new ArrayList<>(figures)));
        return new Samples(List.copyOf(seconds), copy);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
