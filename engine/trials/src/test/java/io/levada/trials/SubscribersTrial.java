package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import reactor.core.publisher.Flux;

/** Ten thousand connections that subscribe to one topic: what they cost while they stall, and what they share while they read. */
@Tag("trial")
@Isolated("two processes with ten thousand connections each")
class SubscribersTrial {
    private static final String TOPIC = "trial";
    private static final String FROM_THE_START = "{\"topic\":\"trial\",\"from\":\"earliest\"}";
    private static final int SUBSCRIBERS = 10_000;
    private static final int FIRST_RECORDS = 10;
    private static final int RECORDS = 600;
    private static final int VALUE_BYTES = 1_000;
    private static final int BLOCK_BYTES = 256 << 10;
    private static final int MAX_STALLED_BYTES = 192 << 20;
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    private Path directory = Path.of("");

    private final List<RawPeer> peers = new ArrayList<>();
    private volatile boolean ending;

    /** What is done to a server with so many subscribers, all stalled; the watcher is told its stats. */
    private interface Trial {
        void run(ServerProcess server, Levada levada, RawPeer watcher) throws Exception;
    }

    private void serve(String memory, Trial trial) throws Exception {
        Path log = directory.resolve("server.log");
        try (ServerProcess server =
                ServerProcess.start(directory.resolve("store"), log, 0, "env", "_JAVA_OPTIONS=" + memory)) {
            String address = server.address().orElseThrow();
            try (Levada levada = Levada.open(address);
                    RawPeer watcher = new RawPeer(address)) {
                levada.blocking().createTopic(TopicSpec.of(TOPIC));
                publish(levada);
                subscribe(address);
                watcher.requestStream(1, Integer.MAX_VALUE, "stats", "{\"limit\":1}")
                        .flush();
                CompletableFuture<Void> reading = CompletableFuture.runAsync(this::read);
                try {
                    trial.run(server, levada, watcher);
                } finally {
                    ending = true;
                    reading.join();
                }
            } finally {
                for (RawPeer each : peers) {
                    each.close();
                }
            }
            assertEquals(0, server.terminate(), "the server ends well");
        } finally {
            String said = Files.readString(log);
            assertFalse(said.contains("OutOfMemory"), said);
        }
    }

    private void subscribe(String address) throws IOException {
        long begun = System.nanoTime();
        for (int i = 0; i < SUBSCRIBERS; i++) {
            peers.add(new RawPeer(address)
                    .requestChannel(1, "read.batched", FROM_THE_START)
                    .credit(1, FIRST_RECORDS, Integer.MAX_VALUE)
                    .flush());
        }
        System.out.println(SUBSCRIBERS + " subscribers after "
                + Duration.ofNanos(System.nanoTime() - begun).toMillis() + " ms");
    }

    /** Reads what comes, of all, and drops it. */
    private void read() {
        try {
            while (!ending) {
                for (RawPeer peer : peers) {
                    peer.drop();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void all_stalled_they_fit_into_little_memory() throws Exception {
        serve("-Xmx128m -XX:MaxDirectMemorySize=64m", (server, levada, watcher) -> {
            await(watcher, RECORDS - FIRST_RECORDS);
            publish(levada);
            Shell.run(
                    Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                    Long.toString(server.pid()),
                    "GC.run");
            String stalled = await(watcher, 2 * RECORDS - FIRST_RECORDS);
            long bytes = number(stalled, "heapBytes") + number(stalled, "directBytes");
            System.out.println("all stalled, " + bytes + " bytes: " + stalled);
            assertTrue(bytes <= MAX_STALLED_BYTES, stalled);
        });
    }

    @Test
    void live_they_share_what_is_read() throws Exception {
        serve("-Xmx512m -XX:MaxDirectMemorySize=512m", (server, levada, watcher) -> {
            long before = number(await(watcher, RECORDS - FIRST_RECORDS), "storageReads");
            for (RawPeer peer : peers) {
                peer.credit(1, Integer.MAX_VALUE, Integer.MAX_VALUE).flush();
            }
            long caughtUp = number(await(watcher, 0), "storageReads");
            publish(levada);
            long live = number(await(watcher, 0), "storageReads");
            long blocks = (long) Math.ceil((double) RECORDS * VALUE_BYTES / BLOCK_BYTES);
            System.out.println((caughtUp - before) + " reads to catch up on " + blocks + " blocks, then "
                    + (live - caughtUp) + " for as many live");
            assertTrue(live - before <= 1.1 * 2 * blocks, "more than 1.1 reads a block");
        });
    }

    private static void publish(Levada levada) {
        levada.publish(TOPIC, Flux.range(0, RECORDS).map(i -> Record.ofValue("x".repeat(VALUE_BYTES))))
                .blockLast(PATIENCE);
    }

    /** What stats say once each subscriber lags by so much and nothing is on its way. */
    private static String await(RawPeer watcher, long lagOfEach) throws IOException {
        long patience = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String stats = watcher.awaitText();
            if (number(stats, "count") == SUBSCRIBERS
                    && number(stats, "lag") == lagOfEach * SUBSCRIBERS
                    && number(stats, "bytesInFlight") == 0) {
                return stats;
            }
            assertTrue(System.nanoTime() < patience, "still " + stats);
        }
    }

    private static long number(String json, String field) {
        Matcher found = Pattern.compile("\"" + field + "\":(\\d+)").matcher(json);
        assertTrue(found.find(), json);
        return Long.parseLong(found.group(1));
    }
}
