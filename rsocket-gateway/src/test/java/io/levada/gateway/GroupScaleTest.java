package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.GroupDescription;
import io.levada.GroupDescription.MemberDescription;
import io.levada.Levada;
import io.levada.MemberOptions;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

/** Many groups, and groups with many members. How long it takes is told, not judged: machines differ too much. */
class GroupScaleTest {
    private static final Logger LOG = LoggerFactory.getLogger(GroupScaleTest.class);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** A member has two streams, and a connection 128 at most. */
    private static final int CONNECTIONS = 20;

    private static String address(GatewayServer server) {
        return "rsocket://127.0.0.1:" + server.tcpAddress().getPort();
    }

    private static List<Levada> connect(GatewayServer server) {
        return IntStream.range(0, CONNECTIONS)
                .mapToObj(i -> Levada.open(address(server)))
                .toList();
    }

    private static long msSince(long nanos) {
        return (System.nanoTime() - nanos) / 1_000_000;
    }

    private static boolean isEven(GroupDescription group, int members, int each) {
        return group.members().size() == members
                && group.state().equals("Stable")
                && group.members().stream()
                        .allMatch(member -> member.partitions().size() == each);
    }

    @Test
    void two_hundred_members_share_four_hundred_partitions_of_ten_topics() {
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:");
                GatewayServer server = Servers.start(engine);
                Levada admin = Levada.open(address(server))) {
            List<String> topics = IntStream.range(0, 10).mapToObj(i -> "t" + i).toList();
            topics.forEach(topic ->
                    admin.topics().create(TopicSpec.of(topic).partitions(40)).block(LIMIT));
            List<Levada> clients = connect(server);
            List<Disposable> members = new ArrayList<>();
            long began = System.nanoTime();
            for (int i = 0; i < 200; i++) {
                members.add(clients.get(i % CONNECTIONS)
                        .group("g")
                        .receive(topics, MemberOptions.defaults())
                        .subscribe());
            }
            Await.until("all have two", () -> isEven(admin.blocking().describeGroup("g"), 200, 2));
            long joined = msSince(began);
            began = System.nanoTime();
            members.subList(0, 100).forEach(Disposable::dispose);
            Await.until("all have four", () -> isEven(admin.blocking().describeGroup("g"), 100, 4));
            LOG.info(
                    "200 members of 400 partitions: settled in {} ms; 100 of them left: in {} ms",
                    joined,
                    msSince(began));
            assertEquals(
                    400L,
                    admin.blocking().describeGroup("g").members().stream()
                            .map(MemberDescription::partitions)
                            .flatMap(List::stream)
                            .distinct()
                            .count());
            members.forEach(Disposable::dispose);
            clients.forEach(Levada::close);
        }
    }

    @Test
    void a_thousand_groups_on_one_topic_get_every_record() throws InterruptedException {
        int groups = 1_000;
        int records = 20;
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:");
                GatewayServer server = Servers.start(engine);
                Levada admin = Levada.open(address(server))) {
            admin.topics().create(TopicSpec.of("t").partitions(2)).block(LIMIT);
            List<Levada> clients = connect(server);
            CountDownLatch missing = new CountDownLatch(groups * records);
            Disposable.Composite members = Disposables.composite();
            long began = System.nanoTime();
            for (int i = 0; i < groups; i++) {
                members.add(
                        clients.get(i % CONNECTIONS).group("g" + i).receive("t").subscribe(delivery -> {
                            delivery.ack();
                            missing.countDown();
                        }));
            }
            Await.until("all own both", () -> {
                List<String> names = admin.blocking().groups();
                return names.size() == groups && isEven(admin.blocking().describeGroup(names.get(groups - 1)), 1, 2);
            });
            long joined = msSince(began);
            began = System.nanoTime();
            Flux<Record> published =
                    Flux.range(0, records).map(i -> Record.ofValue("r" + i).withPartition(i % 2));
            admin.publish("t", published).blockLast(LIMIT);
            boolean all = missing.await(LIMIT.toSeconds(), TimeUnit.SECONDS);
            LOG.info("1,000 groups: joined in {} ms; {} records to each in {} ms", joined, records, msSince(began));
            assertTrue(all, () -> missing.getCount() + " deliveries are missing");
            members.dispose();
            clients.forEach(Levada::close);
        }
    }
}
