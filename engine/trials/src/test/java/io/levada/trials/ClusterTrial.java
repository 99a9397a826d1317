package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.TopicSpec;
import io.levada.testgate.KafkaCluster;
import io.levada.trials.ClusterLedger.Found;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Two gateways over three brokers, of which one each is killed, and comes back, while clients publish through both and groups
 * read. What the cluster holds then is read by a plain consumer of Kafka's, and held against what each client was told.
 */
@Tag("trial")
@Isolated("five servers, which are slow enough for two processors")
class ClusterTrial {
    private static final String TOPIC = "trial";
    private static final int PARTITIONS = 6;
    private static final int BROKERS = 3;
    private static final int GATEWAYS = 2;
    private static final int PUBLISHERS = 4;
    private static final int MEMBERS = 2;
    /** How far each publisher has to get between two things that happen. */
    private static final int LEAST_ACKED = 200;
    /** How far each group has to get, in each partition. */
    private static final long LEAST_DELIVERED = 50;

    private static final long PATIENCE_SECONDS = 120;

    @TempDir
    private Path directory = Path.of("");

    private final Random random = new Random();
    private final ClusterLedger ledger = new ClusterLedger();
    private final List<ClusterPublisher> publishers = new ArrayList<>();
    private final List<ClusterGroup> groups = new ArrayList<>();

    @Test
    void nothing_acknowledged_is_lost_when_brokers_and_gateways_are_killed() throws Exception {
        try (KafkaCluster cluster = KafkaCluster.start(directory.resolve("cluster"), BROKERS, Map.of());
                Gateways gateways = Gateways.start(cluster.bootstrap(), directory, GATEWAYS)) {
            try (Levada levada = Levada.open(gateways.address(0))) {
                levada.blocking()
                        .createTopic(TopicSpec.of(TOPIC).partitions(PARTITIONS).replicationFactor(BROKERS));
            }
            try {
                begin(gateways);
                progress(gateways, "all have begun");
                for (int round = 1; round <= Sizes.clusters(); round++) {
                    round(cluster, gateways, round);
                }
                end(cluster, gateways);
            } finally {
                publishers.forEach(ClusterPublisher::close);
                groups.forEach(ClusterGroup::close);
            }
        }
    }

    private void begin(Gateways gateways) {
        for (int i = 0; i < PUBLISHERS; i++) {
            publishers.add(new ClusterPublisher(gateways, i % GATEWAYS, TOPIC, ledger.open()));
        }
        groups.add(new ClusterGroup(gateways, "moving", TOPIC, MEMBERS, false));
        groups.add(new ClusterGroup(gateways, "moving-too", TOPIC, 2 * MEMBERS, false));
        groups.add(new ClusterGroup(gateways, "waiting", TOPIC, MEMBERS, true));
    }

    private void round(KafkaCluster cluster, Gateways gateways, int round) throws Exception {
        int broker = random.nextInt(BROKERS);
        int gateway = random.nextInt(GATEWAYS);
        cluster.kill(broker);
        progress(gateways, "round " + round + ", without broker " + broker);
        cluster.restart(broker);
        progress(gateways, "round " + round + ", with it");
        gateways.kill(gateway);
        look(gateways.address(gateways.other(gateway)));
        progress(gateways, "round " + round + ", without gateway " + gateway);
        gateways.restart(gateway);
        timed("members are home", () -> groups.forEach(ClusterGroup::goHome));
        look(gateways.address(gateway));
        progress(gateways, "round " + round + ", with it");
    }

    private static void timed(String what, Runnable action) {
        long begun = System.nanoTime();
        action.run();
        System.out.println(
                what + " after " + Duration.ofNanos(System.nanoTime() - begun).toMillis() + " ms");
    }

    private void look(String address) {
        try (Levada levada = Levada.open(address)) {
            groups.forEach(group -> group.look(levada));
        }
    }

    /** Returns once every publisher has got on, and every group in every partition. */
    private void progress(Gateways gateways, String when) throws Exception {
        long begun = System.nanoTime();
        Map<ClusterPublisher, Integer> acked = new TreeMap<>((a, b) -> publishers.indexOf(a) - publishers.indexOf(b));
        publishers.forEach(each -> acked.put(each, each.acked() + LEAST_ACKED));
        Map<ClusterGroup, Map<Integer, Long>> delivered =
                groups.stream().collect(Collectors.toMap(each -> each, ClusterGroup::delivered));
        await(
                gateways,
                () -> acked.entrySet().stream().allMatch(each -> each.getKey().acked() >= each.getValue())
                        && delivered.entrySet().stream()
                                .allMatch(each -> isFurther(each.getKey().delivered(), each.getValue())),
                () -> "somebody does not get on, " + when);
        System.out.println(when + ": all got on after "
                + Duration.ofNanos(System.nanoTime() - begun).toMillis() + " ms");
    }

    private static boolean isFurther(Map<Integer, Long> now, Map<Integer, Long> before) {
        return IntStream.range(0, PARTITIONS)
                .allMatch(partition ->
                        now.getOrDefault(partition, 0L) >= before.getOrDefault(partition, 0L) + LEAST_DELIVERED);
    }

    private void await(Gateways gateways, BooleanSupplier condition, Supplier<String> what) throws Exception {
        long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < patience, () -> what.get() + ": " + state() + words(gateways));
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private String state() {
        return publishers.stream()
                        .map(each -> "\na publisher has " + each.acked() + ", failed " + each.failures())
                        .collect(Collectors.joining())
                + groups.stream()
                        .map(each -> "\n" + each.name() + " has " + each.delivered() + ", failed " + each.failures())
                        .collect(Collectors.joining());
    }

    private static String words(Gateways gateways) {
        return IntStream.range(0, GATEWAYS)
                .mapToObj(gateway -> "\ngateway " + gateway + " said:\n" + gateways.words(gateway))
                .collect(Collectors.joining());
    }

    private void end(KafkaCluster cluster, Gateways gateways) throws Exception {
        publishers.forEach(ClusterPublisher::end);
        await(
                gateways,
                () -> publishers.stream().allMatch(ClusterPublisher::hasEnded),
                () -> "a publisher neither ends nor fails");
        Map<Integer, Long> ends = new TreeMap<>();
        ClusterLedger.Result log = ledger.check(read(cluster, ends));
        System.out.println(Sizes.clusters() + " rounds: " + log + state());
        assertEquals(List.of(), log.violations());
        try (Levada levada = Levada.open(gateways.address(0))) {
            for (ClusterGroup group : groups) {
                await(
                        gateways,
                        () -> group.look(levada).equals(ends),
                        () -> group.name() + " does not come to the end, " + ends + ", but to " + group.look(levada));
            }
        }
        timed("members have left", () -> groups.forEach(ClusterGroup::leave));
        for (ClusterGroup group : groups) {
            GroupLedger.Result got = group.check(ends);
            System.out.println("group " + group.name() + ": " + got.delivered() + " records, " + got.again()
                    + " again, " + got.violations());
            assertEquals(List.of(), got.violations());
            assertEquals(ends.values().stream().mapToLong(end -> end).sum(), got.delivered());
        }
        assertFalse(words(gateways).contains("OutOfMemory"), () -> words(gateways));
        assertFalse(words(gateways).contains("LEAK"), () -> words(gateways));
    }

    /** All there is, as a plain consumer of Kafka's sees it. */
    private static List<Found> read(KafkaCluster cluster, Map<Integer, Long> ends) {
        Map<String, Object> settings = Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, cluster.bootstrap());
        List<Found> all = new ArrayList<>();
        try (KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = IntStream.range(0, PARTITIONS)
                    .mapToObj(partition -> new TopicPartition(TOPIC, partition))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> end = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(each -> consumer.position(each) < end.getOrDefault(each, 0L))) {
                consumer.poll(Duration.ofMillis(100))
                        .forEach(record ->
                                all.add(new Found(record.partition(), record.offset(), record.key(), record.value())));
            }
            end.forEach((partition, offset) -> ends.put(partition.partition(), offset));
        }
        return all;
    }
}
