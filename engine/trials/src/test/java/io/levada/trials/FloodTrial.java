package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import reactor.core.publisher.Flux;

/** Clients that ask and do not read, or ask for ever new things, against a server with little memory. */
@Tag("trial")
@Isolated("others count on getting something done in half a second")
class FloodTrial {
    private static final String TOPIC = "trial";
    private static final String EVERYTHING = "{\"topic\":\"trial\",\"from\":\"earliest\"}";
    private static final int HOSTILE = 1_000;
    private static final int KEPT_RECORDS = 40_000;
    private static final int VALUE_BYTES = 1_000;
    private static final int LIVE_RECORDS = 5_000;
    private static final int FLOOD = 1_000_000;
    private static final long MAX_GROWTH_BYTES = 4L << 20;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    private Path directory = Path.of("");

    /** What is done to a server. */
    private interface Trial {
        void run(ServerProcess server, String address) throws Exception;
    }

    private void serve(Trial trial) throws Exception {
        Path log = directory.resolve("server.log");
        try (ServerProcess server = ServerProcess.start(
                directory.resolve("store"), log, 0, "env", "JAVA_TOOL_OPTIONS=-XX:MaxDirectMemorySize=64m")) {
            trial.run(server, server.address().orElseThrow());
            assertEquals(0, server.terminate(), "the server ends well");
        } finally {
            String said = Files.readString(log);
            assertFalse(said.contains("OutOfMemory"), said);
        }
    }

    private static Flux<Record> records(int count) {
        return Flux.range(0, count).map(i -> Record.ofValue("x".repeat(VALUE_BYTES)));
    }

    @Test
    void a_thousand_clients_that_never_read_leave_the_server_serving_another() throws Exception {
        serve((server, address) -> neverRead(address));
    }

    private static void neverRead(String address) throws IOException {
        List<RawPeer> hostile = new ArrayList<>();
        try (Levada levada = Levada.open(address)) {
            levada.blocking().createTopic(TopicSpec.of(TOPIC));
            levada.publish(TOPIC, records(KEPT_RECORDS)).blockLast(PATIENCE);
            for (int i = 0; i < HOSTILE; i++) {
                hostile.add(new RawPeer(address)
                        .requestStream(1, Integer.MAX_VALUE, "read", EVERYTHING)
                        .flush());
            }
            CompletableFuture<Long> read = levada.read(ReadSpec.of(TOPIC).from(Position.offset(KEPT_RECORDS)))
                    .take(LIVE_RECORDS)
                    .count()
                    .toFuture();
            levada.publish(TOPIC, records(LIVE_RECORDS)).blockLast(PATIENCE);
            assertEquals(
                    LIVE_RECORDS,
                    read.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join());
        } finally {
            for (RawPeer each : hostile) {
                each.close();
            }
        }
    }

    @Test
    void a_million_streams_opened_and_cancelled_leave_memory_where_it_was() throws Exception {
        serve((server, address) -> {
            try (Levada levada = Levada.open(address)) {
                levada.blocking().createTopic(TopicSpec.of(TOPIC));
                levada.publish(TOPIC, records(100)).blockLast(PATIENCE);
            }
            openAndCancel(address, FLOOD / 10);
            long before = leastUsedBytes(server);
            openAndCancel(address, FLOOD);
            settles(server, before);
        });
    }

    /** What is on its way takes a while to be through, and what leaks stays. */
    private static void settles(ServerProcess server, long before) throws Exception {
        long patience = System.nanoTime() + PATIENCE.toNanos();
        long after = server.usedBytes();
        while (after - before >= MAX_GROWTH_BYTES && System.nanoTime() < patience) {
            TimeUnit.SECONDS.sleep(1);
            after = server.usedBytes();
        }
        System.out.println("heap used before " + before + ", after " + after);
        assertTrue(after - before < MAX_GROWTH_BYTES, before + " bytes before, " + after + " after");
    }

    private static void openAndCancel(String address, int times) throws IOException {
        try (RawPeer peer = new RawPeer(address)) {
            for (int i = 0; i < times; i++) {
                peer.requestStream(2 * i + 1, 1, "read", EVERYTHING).cancel(2 * i + 1);
                if (i % 64 == 63) {
                    assertTrue(peer.flush().drop(), "the server has closed the connection");
                }
            }
        }
    }

    @Test
    void floods_of_keepalives_and_of_metadata_leave_memory_where_it_was() throws Exception {
        serve((server, address) -> {
            flood(address, RawPeer::keepalive, FLOOD / 10);
            long before = leastUsedBytes(server);
            flood(address, RawPeer::keepalive, FLOOD);
            flood(address, RawPeer::pushMetadata, FLOOD);
            settles(server, before);
        });
    }

    private interface Frame {
        void send(RawPeer peer) throws IOException;
    }

    /** The server may close whoever does so. */
    private static void flood(String address, Frame frame, int times) {
        try (RawPeer peer = new RawPeer(address)) {
            for (int i = 0; i < times; i++) {
                frame.send(peer);
            }
            peer.flush();
        } catch (IOException closed) {
            System.out.println("the server closed a flood: " + closed.getMessage());
        }
    }

    private static long leastUsedBytes(ServerProcess server) throws Exception {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            TimeUnit.SECONDS.sleep(1);
            least = Math.min(least, server.usedBytes());
        }
        return least;
    }
}
