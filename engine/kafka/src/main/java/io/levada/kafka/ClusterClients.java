package io.levada.kafka;

import io.levada.Compression;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Makes Kafka's clients with the settings of a cluster's address: what is set there goes before our own defaults, but not before
 * what the promises of the facade stand on. Immutable.
 */
final class ClusterClients {
    /** What a producer takes of its memory for each partition at once, if it is given less. */
    static final int PRODUCER_BATCH_BYTES = 64 << 10;

    /** How long publishing may wait for a topic that a producer does not know any more, or not yet. */
    private static final int MAX_BLOCK_MS = 2_000;

    /** A broker that is gone without a word is given up after this time, where Kafka's clients wait three times as long. */
    private static final int REQUEST_TIMEOUT_MS = 10_000;

    /** Kafka's default of 64 KiB cuts a fetch into pieces, each of which waits for the one before to be taken. */
    private static final int AS_THE_SYSTEM_HAS_IT = -1;

    private final ClusterAddress address;
    private final ClusterConfig config;

    ClusterClients(ClusterAddress address, ClusterConfig config) {
        this.address = address;
        this.config = config;
    }

    /** The brokers that are asked first. */
    String servers() {
        return address.servers();
    }

    /** Whether reading is to go to a replica nearby, which is the consumer's to find. */
    boolean readsNearby() {
        return address.settings().containsKey(ConsumerConfig.CLIENT_RACK_CONFIG);
    }

    Admin admin() {
        return Admin.create(settings(
                AdminClientConfig.configNames(),
                Map.of(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000, clientId(), "levada-admin"),
                Map.of()));
    }

    /** One that publishes each record once, and has it acknowledged by all replicas in sync. */
    KafkaProducer<byte[], byte[]> producer(Compression codec) {
        return new KafkaProducer<>(
                settings(
                        ProducerConfig.configNames(),
                        Map.of(
                                clientId(),
                                "levada-publish-" + name(codec),
                                ProducerConfig.LINGER_MS_CONFIG,
                                0,
                                ProducerConfig.BATCH_SIZE_CONFIG,
                                PRODUCER_BATCH_BYTES,
                                ProducerConfig.BUFFER_MEMORY_CONFIG,
                                config.publishBytes(),
                                ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                                config.limits().maxBatchBytes(),
                                ProducerConfig.MAX_BLOCK_MS_CONFIG,
                                MAX_BLOCK_MS),
                        Map.of(
                                ProducerConfig.ACKS_CONFIG,
                                "all",
                                ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                                true,
                                ProducerConfig.COMPRESSION_TYPE_CONFIG,
                                name(codec))),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    private static String name(Compression codec) {
        return codec.name().toLowerCase(Locale.ROOT);
    }

    /**
     * One that reads partitions it is given, from where it is told, and sees what is committed alone.
     *
     * @param fetchBytes most of a partition that is fetched at once, unless a record is larger
     */
    KafkaConsumer<byte[], byte[]> reader(String name, int fetchBytes) {
        return consumer(
                Map.of(
                        clientId(),
                        name,
                        // A partition that is asked for anew waits for the fetch of the others on its broker at most so
                        // long.
                        ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
                        100,
                        ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
                        fetchBytes,
                        ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                        10_000),
                Map.of(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none"));
    }

    /**
     * One that fetches what leaders have stored.
     *
     * @param fetchBytes most of a partition that is fetched at once, unless a batch is larger
     */
    FetchClient fetcher(String name, int fetchBytes) {
        Map<String, Object> defaults =
                Map.of(clientId(), name, ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, fetchBytes);
        Map<String, Object> fixed = Map.of(
                ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
                ByteArrayDeserializer.class,
                ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
                ByteArrayDeserializer.class);
        return new FetchClient(new ConsumerConfig(settings(ConsumerConfig.configNames(), defaults, fixed)));
    }

    /** One that is a member of a group and fetches nothing. */
    KafkaConsumer<byte[], byte[]> member(String group, String name, @Nullable String instance) {
        Map<String, Object> fixed = new HashMap<>(Map.of(
                ConsumerConfig.GROUP_ID_CONFIG,
                group,
                ConsumerConfig.GROUP_PROTOCOL_CONFIG,
                "consumer",
                // Where a group without a commit begins is found out for each partition as it is assigned.
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                "earliest",
                ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG,
                (int) Math.max(10_000, config.handOver().multipliedBy(3).toMillis())));
        if (instance != null) {
            fixed.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, instance);
        }
        return consumer(Map.of(clientId(), name, ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000), fixed);
    }

    private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> defaults, Map<String, Object> fixed) {
        Map<String, Object> all = new HashMap<>(fixed);
        all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        return new KafkaConsumer<>(
                settings(ConsumerConfig.configNames(), defaults, all),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    private static String clientId() {
        return CommonClientConfigs.CLIENT_ID_CONFIG;
    }

    /** @param known what this kind of client knows; a setting of another kind is not its business */
    private Map<String, Object> settings(Set<String> known, Map<String, Object> defaults, Map<String, Object> fixed) {
        Map<String, Object> all = new HashMap<>(defaults);
        all.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, REQUEST_TIMEOUT_MS);
        all.put(CommonClientConfigs.RECEIVE_BUFFER_CONFIG, AS_THE_SYSTEM_HAS_IT);
        all.putAll(address.settings().entrySet().stream()
                .filter(each -> known.contains(each.getKey()) || each.getKey().startsWith("config.providers"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
        all.putAll(fixed);
        all.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, address.servers());
        return all;
    }
}
