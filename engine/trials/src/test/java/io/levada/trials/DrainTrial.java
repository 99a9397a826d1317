package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.TopicSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * SIGTERM under load: the server ends by itself, with 0 and in time, and leaves a log that needs no recovery; clients, over
 * TCP and over WebSocket, come back to the next one and go on where they were, groups without a record twice; those of plain HTTP do by
 * Idempotency-Key and Last-Event-ID.
 */
@Tag("trial")
@Isolated("its clients take all the processor there is")
class DrainTrial {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final long PATIENCE_SECONDS = 240;
    /** How far each client has to get between two SIGTERMs. */
    private static final int LEAST_RECORDS = 100;

    private static final String CLEAN = "clean start";
    private static final String RECOVERED = "recovered after an end that was not clean";

    @TempDir
    private Path directory = Path.of("");

    private final Random random = new Random();
    private final Ledger ledger = new Ledger();

    /** A server at the same two ports each time, which says in a log of its own how it started. */
    private final class Life implements AutoCloseable {
        private final Path log;
        private final ServerProcess server;

        Life(int number, int port, int httpPort) throws Exception {
            log = directory.resolve("server-" + number + ".log");
            server = ServerProcess.start(directory.resolve("store"), log, port, httpPort);
            assertTrue(server.address().isPresent(), () -> "it did not start: " + words());
        }

        String words() {
            try {
                return Files.readString(log);
            } catch (IOException e) {
                return e.toString();
            }
        }

        /** SIGTERM; how long it took. */
        Duration end() throws InterruptedException {
            long before = System.nanoTime();
            int code = server.terminate();
            Duration took = Duration.ofNanos(System.nanoTime() - before);
            assertEquals(0, code, this::words);
            assertTrue(took.compareTo(LIMIT) < 0, () -> "it took " + took + " to end: " + words());
            return took;
        }

        @Override
        public void close() {
            server.close();
        }
    }

    @Test
    void sigterm_loses_nothing_and_leaves_nothing_to_recover() throws Exception {
        int port = ServerProcess.freePort();
        int httpPort = ServerProcess.freePort();
        Duration longest = Duration.ZERO;
        try (Clients clients = new Clients()) {
            for (int i = 0; i < Sizes.drains(); i++) {
                try (Life life = new Life(i, port, httpPort)) {
                    assertTrue(life.words().contains(CLEAN), life.words());
                    clients.at(port, httpPort);
                    clients.work();
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(500));
                    Duration took = life.end();
                    longest = took.compareTo(longest) > 0 ? took : longest;
                }
                clients.hold();
            }
            Outcome outcome;
            try (Life last = new Life(Sizes.drains(), port, httpPort)) {
                assertTrue(last.words().contains(CLEAN), last.words());
                outcome = clients.check(port).withCycles(Sizes.drains());
                last.end();
            }
            Sizes.report("SIGTERM under load", outcome);
            assertEquals(0, clients.again(), () -> "came to a group again: " + clients.readers());
            System.out.println("the longest end took " + longest.toMillis() + " ms; " + clients.readers());
            assertTrue(outcome.isClean(), outcome.toString());
        }
    }

    /** The control: the same look at a server that was killed sees that it recovered. */
    @Test
    void a_server_that_was_killed_is_seen_to_recover() throws Exception {
        int port = ServerProcess.freePort();
        int httpPort = ServerProcess.freePort();
        try (Clients clients = new Clients()) {
            try (Life killed = new Life(0, port, httpPort)) {
                clients.at(port, httpPort);
                clients.work();
                killed.server.kill();
            }
            try (Life next = new Life(1, port, httpPort)) {
                assertTrue(next.words().contains(RECOVERED), next.words());
                assertTrue(clients.check(port).isClean());
                next.end();
            }
            try (Life last = new Life(2, port, httpPort)) {
                assertTrue(last.words().contains(CLEAN), last.words());
            }
        }
    }

    /** Publishers and readers over both transports, that stay while servers go. */
    private final class Clients implements AutoCloseable {
        private final Map<String, LastingPublishers> publishers = new HashMap<>();
        private final Map<String, LastingReaders> readers = new HashMap<>();
        private @Nullable LastingHttp http;

        /** Begins, the first time; goes on, later. */
        void at(int port, int httpPort) {
            if (!publishers.isEmpty()) {
                publishers.values().forEach(LastingPublishers::resume);
                http().resume();
                return;
            }
            String tcp = "rsocket://127.0.0.1:" + port;
            Map<String, String> addresses = Map.of("tcp", tcp, "websocket", "ws://127.0.0.1:" + httpPort + "/rsocket");
            try (Levada levada = Levada.open(tcp)) {
                levada.blocking().createTopic(TopicSpec.of(Workload.TOPIC).partitions(Workload.PARTITIONS));
            }
            addresses.forEach((name, address) -> {
                publishers.put(name, LastingPublishers.start(address, ledger));
                readers.put(name, LastingReaders.start(address, name));
            });
            http = LastingHttp.start("http://127.0.0.1:" + httpPort, 0, ledger);
        }

        private LastingHttp http() {
            return Objects.requireNonNull(http);
        }

        /** Returns once every client has got on. */
        void work() throws InterruptedException {
            Map<LastingPublishers, Integer> acked = new HashMap<>();
            publishers.values().forEach(each -> acked.put(each, each.leastAcked() + LEAST_RECORDS));
            Map<LastingReaders, Long> read = new HashMap<>();
            Map<LastingReaders, Long> delivered = new HashMap<>();
            readers.values().forEach(each -> {
                read.put(each, each.readCount() + LEAST_RECORDS);
                delivered.put(each, each.deliveredCount() + LEAST_RECORDS);
            });
            int ackedOverHttp = http().ackedCount() + LEAST_RECORDS;
            long readOverHttp = http().readCount() + LEAST_RECORDS;
            await(
                    () -> http().ackedCount() >= ackedOverHttp
                            && http().readCount() >= readOverHttp
                            && acked.entrySet().stream()
                                    .allMatch(each -> each.getKey().leastAcked() >= each.getValue())
                            && read.entrySet().stream()
                                    .allMatch(each -> each.getKey().readCount() >= each.getValue())
                            && delivered.entrySet().stream()
                                    .allMatch(each -> each.getKey().deliveredCount() >= each.getValue()),
                    () -> "somebody does not get on: " + readers());
        }

        /** Nothing new until the next server is there; what is in flight stays so. */
        void hold() {
            publishers.values().forEach(LastingPublishers::pause);
            http().pause();
        }

        /** Waits until all that was published has come through, and holds it against what was meant. */
        Outcome check(int port) throws InterruptedException {
            for (LastingPublishers each : publishers.values()) {
                each.settle();
                assertEquals(List.of(), each.failures(), "publishers go on after each end");
            }
            http().settle();
            String address = "rsocket://127.0.0.1:" + port;
            Map<Integer, Long> ends = new HashMap<>();
            try (Levada levada = Levada.open(address)) {
                levada.blocking()
                        .describeTopic(Workload.TOPIC)
                        .partitions()
                        .forEach(each -> ends.put(each.partition(), each.durable()));
            }
            for (LastingReaders each : readers.values()) {
                await(() -> each.haveAll(ends) || !each.violations().isEmpty(), () -> each + " of " + ends);
                assertEquals(List.of(), each.violations());
            }
            await(() -> http().hasAll(ends) || !http().violations().isEmpty(), () -> http() + " of " + ends);
            assertEquals(List.of(), http().violations());
            return Workload.check(address, ledger);
        }

        private void await(BooleanSupplier condition, Supplier<String> what) throws InterruptedException {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (!condition.getAsBoolean()) {
                assertTrue(System.nanoTime() < end, what);
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }

        /** How many records groups were shown again. */
        long again() {
            return readers.values().stream()
                    .mapToLong(LastingReaders::againCount)
                    .sum();
        }

        String readers() {
            return readers + ", " + http;
        }

        @Override
        public void close() {
            publishers.values().forEach(LastingPublishers::close);
            readers.values().forEach(LastingReaders::close);
            if (http != null) {
                http.close();
            }
        }
    }
}
