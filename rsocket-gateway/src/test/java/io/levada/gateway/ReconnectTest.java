package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Ack;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.engine.EngineConfig;
import io.levada.groups.GroupConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

/** A client whose connections are cut, or whose server goes away for a while. */
class ReconnectTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int PARTITIONS = 4;
    private static final int RECORDS = 100_000;
    private static final int CUTS = 50;

    /** Less than a fiftieth of what goes over the wire in all, and several batches, so that most connections get somewhere. */
    private static final int MEAN_BYTES = 24 << 10;

    /** Little in flight, so that acknowledgements come back before the cut. */
    private static final LevadaOptions OPTIONS =
            LevadaOptions.defaults().withBatchBytes(2 << 10).withPublishWindowRecords(500);

    private static void create(Levada levada) {
        levada.topics().create(TopicSpec.of("t").partitions(PARTITIONS)).block(LIMIT);
    }

    private static Flux<Record> records(int count) {
        return Flux.range(0, count).map(i -> Record.ofValue("value " + i).withPartition(i % PARTITIONS));
    }

    private static int number(StoredRecord record) {
        return Integer.parseInt(Objects.requireNonNull(record.valueUtf8()).substring("value ".length()));
    }

    /** Every number once, in the partition and order it was published in. */
    private static void assertEachOnce(int count, List<StoredRecord> found) {
        for (int partition = 0; partition < PARTITIONS; partition++) {
            int number = partition;
            assertEquals(
                    IntStream.range(0, count)
                            .filter(i -> i % PARTITIONS == number)
                            .boxed()
                            .toList(),
                    found.stream()
                            .filter(record -> record.partition() == number)
                            .map(ReconnectTest::number)
                            .toList(),
                    "partition " + partition);
        }
    }

    private static List<StoredRecord> readAll(Levada levada) {
        return Objects.requireNonNull(
                levada.read(ReadSpec.of("t").to(End.now())).collectList().block(LIMIT));
    }

    private static String address(GatewayServer server) {
        return "rsocket://127.0.0.1:" + server.tcpAddress().getPort();
    }

    @Test
    void what_is_published_through_fifty_cuts_is_there_once_and_in_order() {
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:");
                GatewayServer server = Servers.start(engine);
                Levada direct = Levada.open(address(server), OPTIONS);
                CuttingProxy proxy = new CuttingProxy(server.tcpAddress().getPort(), CUTS, MEAN_BYTES)) {
            create(direct);
            List<Ack> acks;
            try (Levada cut = openThrough(proxy)) {
                acks = Objects.requireNonNull(
                        cut.publish("t", records(RECORDS)).collectList().block(LIMIT));
            }
            assertEquals(0, proxy.cutsLeft(), "all cuts were made");
            assertEachOnce(RECORDS, readAll(direct));
            assertEquals(RECORDS, acks.size());
            for (int i = 0; i < RECORDS; i++) {
                assertEquals(i % PARTITIONS, acks.get(i).partition());
                assertEquals(i / PARTITIONS, acks.get(i).offset());
            }
        }
    }

    /** The first connection may be cut too, which opening does not try again. */
    private static Levada openThrough(CuttingProxy proxy) {
        while (true) {
            try {
                return Levada.open(proxy.address(), OPTIONS);
            } catch (LevadaException e) {
                assertEquals(ErrorCode.CONNECTION_LOST, e.code());
            }
        }
    }

    @Test
    void what_is_read_through_fifty_cuts_comes_once_and_in_order() {
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:");
                GatewayServer server = Servers.start(engine);
                Levada direct = Levada.open(address(server), OPTIONS);
                CuttingProxy proxy = new CuttingProxy(server.tcpAddress().getPort(), CUTS, MEAN_BYTES)) {
            create(direct);
            direct.publish("t", records(RECORDS)).blockLast(LIMIT);
            try (Levada cut = openThrough(proxy)) {
                assertEachOnce(RECORDS, readAll(cut));
            }
            assertEquals(0, proxy.cutsLeft(), "all cuts were made");
        }
    }

    @Test
    void what_is_read_from_a_time_goes_on_where_a_partition_has_nothing() {
        int empty = 3;
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:");
                GatewayServer server = Servers.start(engine);
                Levada direct = Levada.open(address(server), OPTIONS);
                CuttingProxy proxy = new CuttingProxy(server.tcpAddress().getPort(), CUTS, MEAN_BYTES)) {
            create(direct);
            direct.publish("t", records(RECORDS).filter(record -> record.partition() != empty))
                    .blockLast(LIMIT);
            try (Levada cut = openThrough(proxy)) {
                List<Integer> read = cut.read(ReadSpec.of("t").from(Position.time(Instant.EPOCH)))
                        .take(3L * RECORDS / PARTITIONS)
                        .map(ReconnectTest::number)
                        .collectList()
                        .blockOptional(LIMIT)
                        .orElseThrow();
                assertEquals(read.size(), Set.copyOf(read).size(), "each came once");
            }
            assertEquals(0, proxy.cutsLeft(), "all cuts were made");
        }
    }

    /** The other member's connection is whole: it gets nothing of what the first one has, and has nothing to give. */
    @Test
    void a_member_of_a_group_gets_each_record_once_through_fifty_cuts_and_no_partition_moves()
            throws InterruptedException {
        EngineConfig patient = EngineConfig.memory().withGroups(new GroupConfig(LIMIT.toMillis(), LIMIT.toMillis()));
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:", patient);
                GatewayServer server = Servers.start(engine);
                Levada direct = Levada.open(address(server), OPTIONS);
                CuttingProxy proxy = new CuttingProxy(server.tcpAddress().getPort(), CUTS, MEAN_BYTES);
                Levada cut = openThrough(proxy)) {
            create(direct);
            Queue<StoredRecord> shaky = new ConcurrentLinkedQueue<>();
            Queue<StoredRecord> steady = new ConcurrentLinkedQueue<>();
            CountDownLatch missing = new CountDownLatch(RECORDS);
            Disposable.Composite members =
                    Disposables.composite(receive(cut, shaky, missing), receive(direct, steady, missing));
            Await.until(
                    "both have two partitions",
                    () -> direct.blocking().describeGroup("g").members().stream()
                                    .filter(member -> member.partitions().size() == 2)
                                    .count()
                            == 2);
            long generation = direct.blocking().describeGroup("g").generation();
            direct.publish("t", records(RECORDS)).blockLast(LIMIT);
            assertTrue(missing.await(LIMIT.toSeconds(), TimeUnit.SECONDS), () -> missing.getCount() + " are missing");
            List<StoredRecord> all = new ArrayList<>(shaky);
            all.addAll(steady);
            assertEachOnce(RECORDS, all);
            assertEquals(RECORDS / 2, steady.size());
            assertEquals(generation, direct.blocking().describeGroup("g").generation(), "nothing moved");
            assertEquals(0, proxy.cutsLeft(), "all cuts were made");
            members.dispose();
        }
    }

    private static Disposable receive(Levada levada, Queue<StoredRecord> into, CountDownLatch missing) {
        return levada.group("g").receive("t").subscribe(delivery -> {
            into.add(delivery.record());
            delivery.ack();
            missing.countDown();
        });
    }

    @Test
    void control_without_reconnecting_the_first_cut_ends_the_stream() {
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:");
                GatewayServer server = Servers.start(engine);
                Levada direct = Levada.open(address(server), OPTIONS);
                CuttingProxy proxy = new CuttingProxy(server.tcpAddress().getPort(), CUTS, MEAN_BYTES)) {
            create(direct);
            LevadaException error = assertThrows(LevadaException.class, () -> {
                LevadaOptions options = OPTIONS.withReconnectTimeout(Duration.ZERO);
                try (Levada cut = Levada.open(proxy.address(), options)) {
                    cut.publish("t", records(RECORDS)).blockLast(LIMIT);
                }
            });
            assertEquals(ErrorCode.CONNECTION_LOST, error.code());
        }
    }

    @Test
    void a_server_that_stops_and_comes_back_on_the_same_port_is_gone_on_with(@TempDir Path directory) {
        int count = 20_000;
        String store = "file:" + directory;
        EmbeddedEngine engine = EmbeddedEngine.open(store);
        GatewayServer server = Servers.start(engine);
        int port = server.tcpAddress().getPort();
        AtomicInteger acked = new AtomicInteger();
        try (Levada levada = Levada.open(address(server), OPTIONS)) {
            create(levada);
            List<StoredRecord> live = new ArrayList<>();
            var reading = levada.read(ReadSpec.of("t"))
                    .take(count)
                    .doOnNext(live::add)
                    .then()
                    .toFuture();
            var publishing = levada.publish("t", records(count))
                    .doOnNext(ack -> acked.incrementAndGet())
                    .then()
                    .toFuture();
            for (int restart = 1; restart <= 2; restart++) {
                int enough = restart * count / 4;
                Await.until("some records are acknowledged", () -> acked.get() >= enough);
                server.close();
                engine.close();
                engine = EmbeddedEngine.open(store);
                server = GatewayServer.start(engine, Servers.config().withPorts(port, 0));
            }
            publishing.orTimeout(60, TimeUnit.SECONDS).join();
            reading.orTimeout(60, TimeUnit.SECONDS).join();
            assertEachOnce(count, live);
            assertEachOnce(count, readAll(levada));
            assertEquals(count, acked.get());
        } finally {
            server.close();
            engine.close();
        }
    }
}
