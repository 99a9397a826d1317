package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import reactor.core.publisher.Flux;

/** Ten thousand connections that subscribe to one topic, against a server with 128 MiB of heap and 64 MiB beside it. */
@Tag("trial")
@Isolated("two processes with ten thousand connections each")
class SubscribersTrial {
    private static final String TOPIC = "trial";
    private static final String FROM_THE_START = "{\"topic\":\"trial\",\"from\":\"earliest\"}";
    private static final int SUBSCRIBERS = 10_000;
    private static final int FIRST_RECORDS = 10;
    private static final int RECORDS = 1_000;
    private static final int VALUE_BYTES = 1_000;
    private static final int BLOCK_BYTES = 256 << 10;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    private Path directory = Path.of("");

    @Test
    void all_stalled_they_fit_into_little_memory_and_live_they_share_what_is_read() throws Exception {
        Path log = directory.resolve("server.log");
        try (ServerProcess server = ServerProcess.start(
                directory.resolve("store"), log, 0, "env", "JAVA_TOOL_OPTIONS=-XX:MaxDirectMemorySize=64m")) {
            subscribe(server.address().orElseThrow());
            assertEquals(0, server.terminate(), "the server ends well");
        } finally {
            String said = Files.readString(log);
            assertFalse(said.contains("OutOfMemory"), said);
        }
    }

    private static void subscribe(String address) throws Exception {
        List<RawPeer> peers = new ArrayList<>();
        try (Levada levada = Levada.open(address);
                RawPeer watcher = new RawPeer(address)) {
            levada.blocking().createTopic(TopicSpec.of(TOPIC));
            publish(levada);
            long begun = System.nanoTime();
            for (int i = 0; i < SUBSCRIBERS; i++) {
                peers.add(new RawPeer(address)
                        .requestChannel(1, "read.batched", FROM_THE_START)
                        .credit(1, FIRST_RECORDS, Integer.MAX_VALUE)
                        .flush());
            }
            System.out.println("opened after " + (System.nanoTime() - begun) / 1_000_000 + " ms");
            watcher.requestStream(1, Integer.MAX_VALUE, "stats", "{\"limit\":1}")
                    .flush();
            String stalled = await(watcher, peers, RECORDS - FIRST_RECORDS);
            System.out.println("all stalled: " + stalled);
            long readBefore = number(stalled, "storageReads");

            for (RawPeer peer : peers) {
                peer.credit(1, Integer.MAX_VALUE, Integer.MAX_VALUE).flush();
            }
            String caughtUp = await(watcher, peers, 0);
            System.out.println("all caught up: " + caughtUp);
            long blocks = (long) Math.ceil((double) RECORDS * VALUE_BYTES / BLOCK_BYTES);
            long reads = number(caughtUp, "storageReads") - readBefore;
            System.out.println(reads + " reads of " + blocks + " blocks");

            publish(levada);
            String live = await(watcher, peers, 0);
            System.out.println("all live: " + live);
            System.out.println(number(live, "storageReads") - number(caughtUp, "storageReads") + " reads of " + blocks
                    + " blocks");
        } finally {
            for (RawPeer each : peers) {
                each.close();
            }
        }
    }

    private static void publish(Levada levada) {
        levada.publish(TOPIC, Flux.range(0, RECORDS).map(i -> Record.ofValue("x".repeat(VALUE_BYTES))))
                .blockLast(PATIENCE);
    }

    /** What stats say once each subscriber lags by so much and nothing is on its way; what comes meanwhile is dropped. */
    private static String await(RawPeer watcher, List<RawPeer> peers, long lagOfEach) throws IOException {
        long patience = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String stats = watcher.awaitText();
            if (number(stats, "count") == SUBSCRIBERS
                    && number(stats, "lag") == lagOfEach * SUBSCRIBERS
                    && number(stats, "bytesInFlight") == 0) {
                return stats;
            }
            assertTrue(System.nanoTime() < patience, "still " + stats);
            for (RawPeer peer : peers) {
                assertTrue(peer.drop(), "the server has closed a connection");
            }
        }
    }

    private static long number(String json, String field) {
        Matcher found = Pattern.compile("\"" + field + "\":(\\d+)").matcher(json);
        assertTrue(found.find(), json);
        return Long.parseLong(found.group(1));
    }
}
