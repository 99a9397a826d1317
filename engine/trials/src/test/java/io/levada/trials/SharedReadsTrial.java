package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.TopicSpec;
import io.levada.testgate.KafkaCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** A thousand WebSockets of one gateway read a topic of a cluster, which the brokers send once, as they do for one alone. */
@Tag("trial")
@Isolated("what it counts at the brokers depends on when records come")
class SharedReadsTrial {
    private static final String TOPIC = "trial";
    private static final String LIVE = "{\"topic\":\"trial\",\"from\":\"latest\"}";
    private static final int PARTITIONS = 4;
    private static final int SUBSCRIBERS = 1_000;
    private static final int RECORDS = 1_000;
    private static final int BURST = 10;
    private static final int VALUE_BYTES = 500;
    private static final long PAUSE_MS = 20;
    /** Some requests more come back empty, or with less, as time goes; another stream would double them. */
    private static final double MORE_REQUESTS = 1.5;
    /** Of heads of batches, which are as many as there are bursts. */
    private static final double MORE_BYTES = 1.1;

    private static final int PLAIN = 3;
    /** Of heap and buffers, some of which are for as many at once as there ever were. */
    private static final long MAX_BYTES_EACH = 64 << 10;

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    private Path directory = Path.of("");

    private final List<RawPeer> peers = new CopyOnWriteArrayList<>();
    private volatile boolean ending;

    /** What the brokers did for readers of the topic while as much as always was published. */
    private record Cost(long requests, long bytes) {
        Cost minus(Cost before) {
            return new Cost(requests - before.requests, bytes - before.bytes);
        }

        static Cost of(KafkaCluster cluster) {
            return new Cost(
                    cluster.metric(
                            "kafka.network:type=RequestMetrics,name=RequestsPerSec,request=FetchConsumer,*", "Count"),
                    cluster.metric("kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec,topic=" + TOPIC, "Count"));
        }
    }

    @Test
    void a_thousand_subscribers_cost_the_brokers_what_one_does() throws Exception {
        Path log = directory.resolve("server.log");
        int httpPort = ServerProcess.freePort();
        try (KafkaCluster cluster = KafkaCluster.start(directory.resolve("cluster"), 1, Map.of());
                ServerProcess server = ServerProcess.start(
                        "kafka://" + cluster.bootstrap(),
                        log,
                        0,
                        httpPort,
                        List.of(),
                        List.of("env", "_JAVA_OPTIONS=-Xmx128m -XX:MaxDirectMemorySize=64m"))) {
            String address = server.address().orElseThrow(() -> new AssertionError(words(log)));
            try (Levada levada = Levada.open(address)) {
                levada.blocking().createTopic(TopicSpec.of(TOPIC).partitions(PARTITIONS));
            }
            try (RawPeer watcher = new RawPeer(address)) {
                watcher.requestStream(1, Integer.MAX_VALUE, "stats", "{\"limit\":1}")
                        .flush();
                compare(cluster, server, watcher, "ws://127.0.0.1:" + httpPort + "/rsocket");
            }
        } finally {
            String said = words(log);
            assertFalse(said.contains("OutOfMemory"), said);
        }
    }

    private static String words(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private void compare(KafkaCluster cluster, ServerProcess server, RawPeer watcher, String address) throws Exception {
        CompletableFuture<Void> reading = CompletableFuture.runAsync(this::read);
        try {
            subscribe(address, 1);
            await(watcher, 1);
            cost(cluster); // whatever is done for the first time
            Cost one = cost(cluster);
            long memory = bytes(server, await(watcher, 1));
            subscribe(address, SUBSCRIBERS - 1);
            await(watcher, SUBSCRIBERS);
            Cost all = cost(cluster);
            long more = bytes(server, await(watcher, SUBSCRIBERS)) - memory;
            Cost plain = plain(cluster);
            System.out.println("one " + one + ", " + SUBSCRIBERS + " " + all + " and " + more
                    + " bytes of memory more; with " + PLAIN + " plain consumers beside them " + plain);
            assertTrue(one.bytes >= RECORDS * VALUE_BYTES, one::toString);
            assertTrue(all.requests <= one.requests * MORE_REQUESTS, all::toString);
            assertTrue(all.bytes <= one.bytes * MORE_BYTES, all::toString);
            assertTrue(more <= SUBSCRIBERS * MAX_BYTES_EACH, () -> "they take " + more + " bytes");
            // The control: others do count.
            assertTrue(plain.bytes >= all.bytes + PLAIN * (long) RECORDS * VALUE_BYTES, plain::toString);
        } finally {
            ending = true;
            reading.join();
            for (RawPeer each : peers) {
                each.close();
            }
        }
    }

    /** Of everybody's getting as much as always. */
    private Cost cost(KafkaCluster cluster) throws Exception {
        Map<RawPeer, Long> had = peers.stream().collect(Collectors.toMap(each -> each, RawPeer::dropped));
        Cost before = Cost.of(cluster);
        publish(cluster);
        long patience = System.nanoTime() + PATIENCE.toNanos();
        for (RawPeer each : peers) {
            while (each.dropped() < had.getOrDefault(each, 0L) + RECORDS * VALUE_BYTES) {
                assertTrue(System.nanoTime() < patience, "one has only " + each.dropped() + " bytes");
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
        return Cost.of(cluster).minus(before);
    }

    /** With consumers of Kafka's own beside all the others. */
    private Cost plain(KafkaCluster cluster) throws Exception {
        Cost before = Cost.of(cluster);
        cost(cluster);
        for (int i = 0; i < PLAIN; i++) {
            Map<String, Object> settings = Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, cluster.bootstrap());
            try (KafkaConsumer<byte[], byte[]> consumer =
                    new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                List<TopicPartition> partitions = new ArrayList<>();
                for (int partition = 0; partition < PARTITIONS; partition++) {
                    partitions.add(new TopicPartition(TOPIC, partition));
                }
                consumer.assign(partitions);
                Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
                ends.forEach((partition, end) -> consumer.seek(partition, end - RECORDS / PARTITIONS));
                while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.getOrDefault(each, 0L))) {
                    consumer.poll(Duration.ofMillis(100));
                }
            }
        }
        return Cost.of(cluster).minus(before);
    }

    private void subscribe(String address, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            peers.add(new RawPeer(address)
                    .requestChannel(1, "read.batched", LIVE)
                    .credit(1, Long.MAX_VALUE, Long.MAX_VALUE)
                    .flush());
        }
    }

    /** Reads what comes, of all, and drops it. */
    private void read() {
        try {
            while (!ending) {
                for (RawPeer peer : peers) {
                    assertTrue(peer.drop(), "the gateway has closed a connection");
                }
                TimeUnit.MILLISECONDS.sleep(1);
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As much each time, at the same pace, past the gateway; to each partition as much. */
    private static void publish(KafkaCluster cluster) throws Exception {
        Map<String, Object> settings = Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, cluster.bootstrap(), ProducerConfig.LINGER_MS_CONFIG, 0);
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < RECORDS; i++) {
                var sent = producer.send(new ProducerRecord<>(TOPIC, i % PARTITIONS, null, new byte[VALUE_BYTES]));
                if (i % BURST == BURST - 1) {
                    sent.get();
                    TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
                }
            }
            producer.flush();
        }
    }

    /** What stats say once so many subscribers are there, and have all. */
    private static String await(RawPeer watcher, int subscribers) throws IOException {
        long patience = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String stats = watcher.awaitText();
            if (number(stats, "count") == subscribers
                    && number(stats, "lag") == 0
                    && number(stats, "bytesInFlight") == 0) {
                return stats;
            }
            assertTrue(System.nanoTime() < patience, "still " + stats);
        }
    }

    private static long bytes(ServerProcess server, String stats) throws IOException {
        return server.usedBytes() + number(stats, "directBytes");
    }

    private static long number(String json, String field) {
        Matcher found = Pattern.compile("\"" + field + "\":(\\d+)").matcher(json);
        assertTrue(found.find(), json);
        return Long.parseLong(found.group(1));
    }
}
