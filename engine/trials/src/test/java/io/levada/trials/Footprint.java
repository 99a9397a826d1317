package io.levada.trials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What a server holds at a moment.
 *
 * @param connections RSocket clients that are connected
 * @param subscriptions that are open
 * @param inFlightBytes held for connections, and not yet written
 * @param sockets descriptors that are TCP sockets, those that listen among them
 * @param descriptors all of them
 * @param threads all but those of the pool whose threads end when they were idle for a minute
 * @param heapBytes in use after a collection
 * @param directBytes beside the heap, buffers kept for the next included
 */
record Footprint(
        long connections,
        long subscriptions,
        long inFlightBytes,
        long sockets,
        long descriptors,
        long threads,
        long heapBytes,
        long directBytes) {
    /** For connections whose end is on its way; it may wait for a TLS peer that says nothing for some seconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Files of the log come and go, and the machine has threads of its own. */
    private static final long SLACK_DESCRIPTORS = 16;

    /** Of the columns of /proc/net/tcp. */
    private static final int INODE = 9;

    private static final long SLACK_THREADS = 4;
    /** Classes are loaded for what comes for the first time, and count. */
    private static final long SLACK_HEAP_BYTES = 24L << 20;
    /** Netty keeps its buffers, in chunks of 4 MiB for each thread, as many as it once needed. */
    private static final long SLACK_DIRECT_BYTES = 48L << 20;

    /** Of the healthy client alone. */
    private static final long SLACK_IN_FLIGHT_BYTES = 64 << 10;

    static Footprint of(HostileServer server) throws IOException {
        long sockets = sockets(server);
        return new Footprint(
                server.metric("levada_connections"),
                server.metric("levada_subscriptions"),
                server.metric("levada_inflight_bytes"),
                sockets,
                below(server, "fd").size(),
                threads(server),
                server.process().usedBytes(),
                server.directBytes());
    }

    /** Java has some that are no connections, and opens one more when it first closes one in use. */
    private static long sockets(HostileServer server) throws IOException {
        Set<String> connections = new HashSet<>();
        for (String table : new String[] {"tcp", "tcp6"}) {
            for (String line : Files.readAllLines(proc(server, "net").resolve(table))) {
                connections.add("socket:[" + line.strip().split("\\s+", -1)[INODE] + "]");
            }
        }
        long count = 0;
        for (Path each : below(server, "fd")) {
            try {
                count += connections.contains(Files.readSymbolicLink(each).toString()) ? 1 : 0;
            } catch (NoSuchFileException closed) {
                // between listing and reading
            }
        }
        return count;
    }

    private static long threads(HostileServer server) throws IOException {
        long count = 0;
        for (Path each : below(server, "task")) {
            try {
                count += Files.readString(each.resolve("comm")).startsWith("boundedElastic") ? 0 : 1;
            } catch (IOException ended) {
                // between listing and reading
            }
        }
        return count;
    }

    private static Path proc(HostileServer server, String what) {
        return Path.of("/proc", Long.toString(server.process().pid()), what);
    }

    private static List<Path> below(HostileServer server, String what) throws IOException {
        try (Stream<Path> all = Files.list(proc(server, what))) {
            return all.toList();
        }
    }

    /** Whether this is no more than what there was before. */
    boolean isBackAt(Footprint before) {
        return connections <= before.connections
                && subscriptions <= before.subscriptions
                && inFlightBytes <= before.inFlightBytes + SLACK_IN_FLIGHT_BYTES
                && sockets <= before.sockets
                && descriptors <= before.descriptors + SLACK_DESCRIPTORS
                && threads <= before.threads + SLACK_THREADS
                && heapBytes <= before.heapBytes + SLACK_HEAP_BYTES
                && directBytes <= before.directBytes + SLACK_DIRECT_BYTES;
    }

    /** Waits until a server holds no more than this. */
    void awaitBack(HostileServer server, Duration patience) throws IOException, InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        Footprint now = of(server);
        while (!now.isBackAt(this)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("it held " + this + ", and now holds " + now);
            }
            TimeUnit.MILLISECONDS.sleep(500);
            now = of(server);
        }
        System.out.println("before " + this + ", after " + now);
    }

    void awaitBack(HostileServer server) throws IOException, InterruptedException {
        awaitBack(server, PATIENCE);
    }
}
