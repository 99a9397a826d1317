package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.GroupDescription;
import io.levada.Levada;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.engine.EngineConfig;
import io.levada.groups.GroupConfig;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;

/** A member of a group whose network is gone for some seconds, while others publish and read. */
class NetworkOutageTest {
    private static final Duration OUTAGE = Duration.ofSeconds(5);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int PARTITIONS = 6;

    /** A group of two, one of them behind the proxy, with publishing going on. */
    private static final class Scene implements AutoCloseable {
        private final EmbeddedEngine engine;
        private final GatewayServer server;
        private final GatedProxy proxy;
        private final Levada direct;
        private final Levada gated;
        private final Queue<String> values = new ConcurrentLinkedQueue<>();
        private final Queue<MemberEvent> events = new ConcurrentLinkedQueue<>();
        private final Queue<String> published = new ConcurrentLinkedQueue<>();
        private final CompletableFuture<Void> publishing;
        private volatile boolean ending;

        Scene(GroupConfig groups) {
            engine = EmbeddedEngine.open("memory:", EngineConfig.memory().withGroups(groups));
            server = Servers.start(engine);
            proxy = new GatedProxy(server.tcpAddress().getPort());
            direct = Levada.open("rsocket://127.0.0.1:" + server.tcpAddress().getPort());
            gated = Levada.open(proxy.address());
            direct.topics().create(TopicSpec.of("t").partitions(PARTITIONS)).block(LIMIT);
            receive(direct, MemberOptions.defaults());
            receive(gated, MemberOptions.defaults().withOnEvent(events::add));
            Await.until("both own half", () -> owned().equals(List.of(3, 3)));
            Flux<Record> records = Flux.interval(Duration.ofMillis(2))
                    .onBackpressureBuffer()
                    .takeUntil(any -> ending)
                    .map(this::record);
            publishing = direct.publish("t", records).then().toFuture();
        }

        private Record record(long number) {
            published.add("value " + number);
            return Record.ofValue("value " + number).withPartition((int) (number % PARTITIONS));
        }

        private void receive(Levada levada, MemberOptions options) {
            levada.group("g").receive(List.of("t"), options).subscribe(delivery -> {
                values.add(String.valueOf(delivery.record().valueUtf8()));
                delivery.ack();
            });
        }

        GroupDescription group() {
            return direct.blocking().describeGroup("g");
        }

        List<Integer> owned() {
            return group().members().stream()
                    .map(member -> member.partitions().size())
                    .toList();
        }

        void outage(GatedProxy.Outage kind, Duration length) throws InterruptedException {
            int before = values.size();
            Await.until("records flow", () -> values.size() > before + 500);
            proxy.shut(kind);
            Thread.sleep(length.toMillis()); // the outage itself
            proxy.open();
        }

        /** Ends publishing; everything published comes, once. */
        void assertEachOnce() {
            ending = true;
            publishing.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
            Await.until("all is committed", () -> group().offsets().stream().allMatch(offset -> offset.lag() == 0));
            assertEquals(sorted(published.stream()), sorted(values.stream()));
        }

        private List<String> sorted(Stream<String> some) {
            return some.sorted().toList();
        }

        @Override
        public void close() {
            ending = true;
            gated.close();
            direct.close();
            proxy.close();
            server.close();
            engine.close();
        }
    }

    @ParameterizedTest
    @EnumSource(GatedProxy.Outage.class)
    void five_seconds_move_nothing_and_deliver_nothing_twice(GatedProxy.Outage kind) throws InterruptedException {
        try (Scene scene = new Scene(GroupConfig.defaults())) {
            long generation = scene.group().generation();
            int heard = scene.events.size();
            scene.outage(kind, OUTAGE);
            scene.assertEachOnce();
            assertEquals(generation, scene.group().generation(), "nothing moved");
            assertEquals(heard, scene.events.size(), () -> scene.events.toString());
        }
    }

    @Test
    void control_after_the_grace_period_partitions_do_move() throws InterruptedException {
        try (Scene scene = new Scene(new GroupConfig(200, 10_000))) {
            long generation = scene.group().generation();
            scene.outage(GatedProxy.Outage.CUT, Duration.ofSeconds(2));
            Await.until(
                    "the member is back, as another",
                    () -> scene.group().generation() > generation
                            && scene.owned().equals(List.of(3, 3)));
            assertTrue(
                    scene.events.stream().anyMatch(MemberEvent.Lost.class::isInstance), () -> scene.events.toString());
        }
    }
}
