package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Ack;
import io.levada.Compression;
import io.levada.Delivery;
import io.levada.End;
import io.levada.Header;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.protocol.RecordBatch;
import io.levada.testgate.KafkaCluster;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What one side writes the other reads as it was: Levada, and Kafka's own clients and programs, on one cluster. */
@Tag("long")
class InteropTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long FIRST_MS = 1_700_000_000_000L;
    private static final int PARTITIONS = 3;

    @TempDir
    private static Path directory = Path.of("");

    private static @Nullable KafkaCluster cluster;
    private static @Nullable Levada levada;

    private final Random random = new Random(1);

    @BeforeAll
    static void start() {
        cluster = KafkaCluster.start(directory.resolve("cluster"), 1, Map.of());
        levada = Levada.open(address());
    }

    @AfterAll
    static void stop() {
        if (levada != null) {
            levada.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    private static String bootstrap() {
        return Objects.requireNonNull(cluster).bootstrap();
    }

    private static String address() {
        return "kafka://" + bootstrap();
    }

    private static Levada levada() {
        return Objects.requireNonNull(levada);
    }

    private static void create(String topic, int partitions) {
        levada().blocking().createTopic(TopicSpec.of(topic).partitions(partitions));
    }

    // Levada publishes, Kafka reads.

    @ParameterizedTest
    @EnumSource(Compression.class)
    void kafkas_consumer_gets_what_was_published_byte_for_byte(Compression codec) {
        String topic = "published-" + codec.spelled();
        create(topic, PARTITIONS);
        List<Record> records = records(300);
        List<Ack> acks;
        try (Levada compressing =
                Levada.open(address(), LevadaOptions.defaults().withCompression(codec))) {
            acks = compressing.blocking().publish(topic, records);
        }
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read = new HashMap<>();
        consume(topic, records.size()).forEach(record -> read.computeIfAbsent(
                        new TopicPartition(topic, record.partition()), any -> new ArrayList<>())
                .add(record));
        assertEquals(records.size(), acks.size());
        for (int i = 0; i < records.size(); i++) {
            Ack ack = acks.get(i);
            ConsumerRecord<byte[], byte[]> found = Objects.requireNonNull(
                            read.get(new TopicPartition(topic, ack.partition())))
                    .get((int) ack.offset());
            assertEquals(ack.offset(), found.offset());
            assertEquals(records.get(i).timestampMs(), found.timestamp());
            assertArrayEquals(records.get(i).key(), found.key());
            assertArrayEquals(records.get(i).value(), found.value());
            assertEquals(records.get(i).headers(), headers(found));
        }
    }

    /** Every kind: keys and values of any bytes, of none, and none at all; headers that repeat, and that have no value. */
    private List<Record> records(int count) {
        List<Record> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] key = i % 5 == 0 ? null : bytes(random.nextInt(20));
            byte[] value = i % 7 == 0 ? null : bytes(random.nextInt(2_000));
            List<Header> headers = new ArrayList<>();
            for (int h = 0; h < i % 4; h++) {
                headers.add(new Header("name é " + h % 2, h == 2 ? null : bytes(random.nextInt(10))));
            }
            records.add(new Record(key, value, headers, FIRST_MS + i, Record.ANY_PARTITION));
        }
        return records;
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private static List<Header> headers(ConsumerRecord<byte[], byte[]> record) {
        List<Header> headers = new ArrayList<>();
        record.headers().forEach(header -> headers.add(new Header(header.key(), header.value())));
        return headers;
    }

    private static List<ConsumerRecord<byte[], byte[]>> consume(String topic, int count) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of())) {
            consumer.assign(consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition()))
                    .toList());
            consumer.seekToBeginning(consumer.assignment());
            List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
            await(
                    () -> {
                        consumer.poll(Duration.ofMillis(100)).forEach(all::add);
                        return all.size() >= count;
                    },
                    () -> all.size() + " of " + count);
            return all;
        }
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(more);
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap());
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Test
    void a_key_has_the_partition_that_kafkas_producer_puts_it_into() throws Exception {
        create("keys", 7);
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            for (int i = 0; i < 50; i++) {
                byte[] key = bytes(1 + random.nextInt(20));
                int theirs = producer.send(new ProducerRecord<>("keys", key, null))
                        .get()
                        .partition();
                assertEquals(
                        theirs,
                        levada().blocking()
                                .publish("keys", Record.of(key, null))
                                .partition());
            }
        }
    }

    @Test
    void kafkas_console_consumer_prints_what_was_published() throws Exception {
        create("printed", 1);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Record record = Record.of(i == 3 ? null : "key " + i, i == 4 ? null : "värde " + i)
                    .withHeaders(
                            i == 5
                                    ? List.of()
                                    : List.of(Header.of("a", "1"), new Header("b", null), Header.of("a", "" + i)))
                    .withTimestampMs(FIRST_MS + i);
            levada().blocking().publish("printed", record);
            expected.add("CreateTime:" + (FIRST_MS + i) + "\tPartition:0\tOffset:" + i + "\t"
                    + (i == 5 ? "NO_HEADERS" : "a:1,b:null,a:" + i) + "\t" + (i == 3 ? "null" : "key " + i) + "\t"
                    + (i == 4 ? "null" : "värde " + i));
        }
        List<String> command = new ArrayList<>(List.of(
                "org.apache.kafka.tools.consumer.ConsoleConsumer",
                "--bootstrap-server",
                bootstrap(),
                "--topic",
                "printed",
                "--from-beginning",
                "--max-messages",
                "20"));
        for (String part : new String[] {"timestamp", "partition", "offset", "headers", "key"}) {
            command.addAll(List.of("--formatter-property", "print." + part + "=true"));
        }
        assertEquals(expected, run("", command.toArray(String[]::new)));
    }

    // Kafka writes, Levada reads.

    @ParameterizedTest
    @EnumSource(Compression.class)
    void levada_reads_what_kafkas_producer_wrote_in_each_codec(Compression codec) throws Exception {
        String topic = "produced-" + codec.spelled();
        create(topic, 1);
        List<Record> records = records(300);
        try (KafkaProducer<byte[], byte[]> producer =
                producer(Map.of(ProducerConfig.COMPRESSION_TYPE_CONFIG, codec.spelled()))) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (Record record : records) {
                sent.add(producer.send(new ProducerRecord<>(
                        topic, 0, record.timestampMs(), record.key(), record.value(), headers(record))));
            }
            for (Future<RecordMetadata> each : sent) {
                each.get();
            }
        }
        List<StoredRecord> read = read(topic);
        assertEquals(records.size(), read.size());
        for (int i = 0; i < records.size(); i++) {
            Record record = records.get(i);
            assertEquals(
                    new StoredRecord(topic, 0, i, record.timestampMs(), record.key(), record.value(), record.headers()),
                    read.get(i));
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void batches_of_kafkas_producer_go_out_as_they_are_stored(Compression codec) throws Exception {
        String topic = "stored-" + codec.spelled();
        create(topic, 1);
        produce(topic, codec, 3);
        assertEquals(List.of(codec, codec, codec), codecs(address(), topic));
        Path nearby = Files.writeString(directory.resolve(topic + ".properties"), "client.rack=here\n");
        assertEquals(List.of(Compression.NONE), codecs(address() + "?properties=" + nearby, topic));
    }

    /** Each record in a batch of its own, of bytes that are worth compressing. */
    private static void produce(String topic, Compression codec, int batches) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer =
                producer(Map.of(ProducerConfig.COMPRESSION_TYPE_CONFIG, codec.spelled()))) {
            for (int i = 0; i < batches; i++) {
                producer.send(new ProducerRecord<>(topic, 0, FIRST_MS, null, new byte[500]))
                        .get();
            }
        }
    }

    /** Of the batches that a reader of an engine gets, who takes all codecs. */
    private static List<Compression> codecs(String address, String topic) {
        List<Compression> codecs = new ArrayList<>();
        CompletableFuture<Void> end = new CompletableFuture<>();
        try (KafkaEngine engine = KafkaEngine.open(address)) {
            BatchReader reader = engine.read(ReadSpec.of(topic).to(End.now()), new BatchSink() {
                @Override
                public boolean accepts(Compression codec) {
                    return true;
                }

                @Override
                public void onBatch(int handle, int records, ByteBuf batch) {
                    codecs.add(RecordBatch.compression(batch));
                    batch.release();
                }

                @Override
                public void onGap(int handle, long from, long to) {}

                @Override
                public void onPassed(int handle, long offset) {}

                @Override
                public void onPartitionEnd(int handle, @Nullable LevadaException error) {}

                @Override
                public void onComplete() {
                    end.complete(null);
                }

                @Override
                public void onError(Throwable error) {
                    end.completeExceptionally(error);
                }
            });
            reader.credit(1_000, 1 << 20);
            end.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
        }
        return codecs;
    }

    private static RecordHeaders headers(Record record) {
        RecordHeaders headers = new RecordHeaders();
        record.headers().forEach(header -> headers.add(new RecordHeader(header.key(), header.value())));
        return headers;
    }

    private static KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(more);
        settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap());
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static List<StoredRecord> read(String topic) {
        return Objects.requireNonNull(
                levada().read(ReadSpec.of(topic).to(End.now())).collectList().block(PATIENCE));
    }

    @Test
    void levada_reads_what_kafkas_console_producer_wrote() throws Exception {
        create("typed", 1);
        run(
                "a:1,b:två\tkey\tvalue\na:2\tklucz\tzażółć\n",
                "org.apache.kafka.tools.ConsoleProducer",
                "--bootstrap-server",
                bootstrap(),
                "--topic",
                "typed",
                "--reader-property",
                "parse.key=true",
                "--reader-property",
                "parse.headers=true");
        List<StoredRecord> read = read("typed");
        assertEquals(
                List.of("key", "klucz"),
                read.stream().map(StoredRecord::keyUtf8).toList());
        assertEquals(
                List.of("value", "zażółć"),
                read.stream().map(StoredRecord::valueUtf8).toList());
        assertEquals(
                List.of(Header.of("a", "1"), Header.of("b", "två")), read.get(0).headers());
        assertEquals(List.of(Header.of("a", "2")), read.get(1).headers());
    }

    @Test
    void a_transaction_is_seen_once_it_is_committed_and_never_when_it_was_aborted() throws Exception {
        create("transacted", 1);
        try (KafkaProducer<byte[], byte[]> producer =
                producer(Map.of(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "interop"))) {
            producer.initTransactions();
            transact(producer, "first");
            producer.commitTransaction();
            transact(producer, "aborted");
            producer.abortTransaction();
            transact(producer, "second");
            producer.commitTransaction();
            transact(producer, "last");
            producer.abortTransaction();
            transact(producer, "open");
            assertEquals(
                    List.of("first 0", "first 1", "second 0", "second 1"),
                    read("transacted").stream().map(StoredRecord::valueUtf8).toList());
            producer.commitTransaction();
        }
        List<String> all = List.of("first 0", "first 1", "second 0", "second 1", "open 0", "open 1");
        assertEquals(
                all, read("transacted").stream().map(StoredRecord::valueUtf8).toList());
        assertEquals(
                all,
                levada().read(ReadSpec.of("transacted"))
                        .take(all.size())
                        .map(StoredRecord::valueUtf8)
                        .collectList()
                        .block(PATIENCE));
    }

    private static void transact(KafkaProducer<byte[], byte[]> producer, String name) throws Exception {
        producer.beginTransaction();
        for (int i = 0; i < 2; i++) {
            byte[] value = (name + " " + i).getBytes(StandardCharsets.UTF_8);
            producer.send(new ProducerRecord<>("transacted", value)).get();
        }
    }

    // Groups.

    @Test
    void kafkas_own_program_describes_a_group_of_levadas() throws Exception {
        create("described", 2);
        for (int i = 0; i < 30; i++) {
            levada().blocking().publish("described", Record.ofValue("" + i).withPartition(i % 2));
        }
        try (Levada member = Levada.open(address());
                Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap()))) {
            member.group("describing")
                    .receive("described")
                    .filter(each ->
                            each.record().partition() == 0 || each.record().offset() < 10)
                    .subscribe(Delivery::ack);
            Map<TopicPartition, Long> expected =
                    Map.of(new TopicPartition("described", 0), 15L, new TopicPartition("described", 1), 10L);
            await(() -> committed(admin, "describing").equals(expected), () -> committed(admin, "describing"));
            Map<Integer, List<String>> rows = new HashMap<>();
            for (String line : describe("describing")) {
                List<String> words = Arrays.asList(line.strip().split("\\s+", -1));
                if (words.size() >= 8 && words.get(0).equals("describing")) {
                    rows.put(Integer.parseInt(words.get(2)), words);
                }
            }
            assertEquals(Set.of(0, 1), rows.keySet());
            assertEquals(
                    List.of("described", "0", "15", "15", "0"),
                    rows.getOrDefault(0, List.of()).subList(1, 6));
            assertEquals(
                    List.of("described", "1", "10", "15", "5"),
                    rows.getOrDefault(1, List.of()).subList(1, 6));
            Set<String> theirs = new HashSet<>();
            rows.values().forEach(words -> theirs.add(words.get(6)));
            assertEquals(1, theirs.size(), () -> "one member owns both: " + rows);
            List<String> members = describe("describing", "--members").stream()
                    .filter(line -> line.startsWith("describing"))
                    .toList();
            assertEquals(1, members.size(), members::toString);
            assertTrue(members.get(0).contains(theirs.iterator().next()), members::toString);
        }
    }

    private static Map<TopicPartition, Long> committed(Admin admin, String group) {
        Map<TopicPartition, Long> committed = new HashMap<>();
        try {
            admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .forEach((partition, offset) -> committed.put(partition, offset.offset()));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return committed;
    }

    private static List<String> describe(String group, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                "--bootstrap-server",
                bootstrap(),
                "--describe",
                "--group",
                group));
        command.addAll(List.of(more));
        return run("", command.toArray(String[]::new));
    }

    @Test
    void a_member_of_kafkas_and_one_of_levadas_share_a_group() throws Exception {
        int partitions = 4;
        create("shared", partitions);
        Map<TopicPartition, Long> ours = new ConcurrentHashMap<>();
        Map<TopicPartition, Long> theirs = new HashMap<>();
        try (Levada member = Levada.open(address());
                KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of(
                        ConsumerConfig.GROUP_ID_CONFIG,
                        "sharing",
                        ConsumerConfig.GROUP_PROTOCOL_CONFIG,
                        "consumer",
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        "earliest"))) {
            Set<Integer> owned = ConcurrentHashMap.newKeySet();
            member.group("sharing")
                    .subscribe("shared")
                    .flatMap(
                            assignment -> {
                                int partition = assignment.topicPartition().partition();
                                owned.add(partition);
                                return assignment.deliveries().doFinally(end -> owned.remove(partition));
                            },
                            partitions)
                    .subscribe(delivery -> {
                        StoredRecord record = delivery.record();
                        ours.merge(new TopicPartition(record.topic(), record.partition()), 1L, Long::sum);
                        delivery.ack();
                    });
            consumer.subscribe(List.of("shared"));
            await(
                    () -> {
                        poll(consumer, theirs);
                        return owned.size() == 2 && consumer.assignment().size() == 2;
                    },
                    () -> "Levada has " + owned + ", Kafka " + consumer.assignment());
            consumer.assignment().forEach(partition -> assertTrue(!owned.contains(partition.partition())));
            int count = 40;
            for (int i = 0; i < count; i++) {
                levada().blocking().publish("shared", Record.ofValue("" + i).withPartition(i % partitions));
            }
            await(
                    () -> {
                        poll(consumer, theirs);
                        return sum(ours) + sum(theirs) >= count;
                    },
                    () -> "Levada got " + ours + ", Kafka " + theirs);
            assertEquals(count / 2, sum(ours));
            assertEquals(count / 2, sum(theirs));
            assertEquals(
                    IntStream.range(0, partitions)
                            .mapToObj(i -> new TopicPartition("shared", i))
                            .filter(partition -> !theirs.containsKey(partition))
                            .collect(Collectors.toSet()),
                    ours.keySet());
        }
    }

    private static void poll(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> count) {
        consumer.poll(Duration.ofMillis(50))
                .forEach(record -> count.merge(new TopicPartition(record.topic(), record.partition()), 1L, Long::sum));
    }

    private static long sum(Map<TopicPartition, Long> counts) {
        return counts.values().stream().mapToLong(count -> count).sum();
    }

    private interface Told {
        Object get();
    }

    private static void await(BooleanSupplier condition, Told what) {
        long patience = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < patience, () -> String.valueOf(what.get()));
            try {
                TimeUnit.MILLISECONDS.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** What one of Kafka's programs prints when it is given this to read; it has to end well. */
    private static List<String> run(String in, String... mainAndArguments) throws IOException, InterruptedException {
        Path said = Files.createTempFile(directory, "tool", ".log");
        Path given = Files.writeString(Files.createTempFile(directory, "tool", ".in"), in);
        Path printed = Files.createTempFile(directory, "tool", ".out");
        Process process = KafkaCluster.tool(mainAndArguments)
                .redirectInput(given.toFile())
                .redirectOutput(printed.toFile())
                .redirectError(said.toFile())
                .start();
        assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), "it does not end");
        assertEquals(0, process.exitValue(), Files.readString(said));
        return Files.readAllLines(printed);
    }
}
