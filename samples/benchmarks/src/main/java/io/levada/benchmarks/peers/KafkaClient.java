package io.levada.benchmarks.peers;

import static java.util.function.Function.identity;
import static java.util.stream.Collectors.toMap;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Kafka through its own clients, with their defaults but for what a producer is told. */
final class KafkaClient implements Client {
    private static final Duration POLL = Duration.ofMillis(100);

    private final Map<String, Object> address;
    private final Map<String, Object> producing;

    KafkaClient(String address, Map<String, Object> producing) {
        this.address = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, address);
        this.producing = new HashMap<>(producing);
        this.producing.putAll(this.address);
    }

    @Override
    public void create(String topic, int partitions, Map<String, String> settings) {
        try (Admin admin = Admin.create(address)) {
            NewTopic added = new NewTopic(topic, partitions, (short) 1).configs(settings);
            admin.createTopics(List.of(added)).all().get();
            while (!isServed(admin, topic, partitions)) {
                Thread.sleep(POLL.toMillis());
            }
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Whether the broker answers for each partition. Records sent before that may never be taken: the broker refuses the first
     * request, takes the second, and then finds the first one's sequence out of order for ever (KAFKA-15591).
     */
    private static boolean isServed(Admin admin, String topic, int partitions) throws InterruptedException {
        Map<TopicPartition, OffsetSpec> ends =
                partitions(topic, partitions).stream().collect(toMap(identity(), partition -> OffsetSpec.latest()));
        try {
            admin.listOffsets(ends).all().get();
            return true;
        } catch (ExecutionException e) {
            return false;
        }
    }

    private static List<TopicPartition> partitions(String topic, int partitions) {
        return IntStream.range(0, partitions)
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .toList();
    }

    @Override
    public void delete(String topic) {
        try (Admin admin = Admin.create(address)) {
            admin.deleteTopics(List.of(topic)).all().get();
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void publish(String topic, Source source) {
        try (Producer<byte[], byte[]> producer =
                new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (Message next = source.next(); next != null; next = source.next()) {
                var unused = producer.send(new ProducerRecord<>(topic, next.key(), next.value()), (place, error) -> {
                    if (error != null) {
                        Driver.die(error);
                    }
                });
            }
            producer.flush();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public Running read(String topic, int partitions, Sink sink) {
        List<TopicPartition> all = partitions(topic, partitions);
        return consume(Map.of(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false), sink, consumer -> {
            consumer.assign(all);
            consumer.seekToBeginning(all);
        });
    }

    @Override
    public Running join(String topic, String group, Sink sink) {
        return consume(
                Map.of(ConsumerConfig.GROUP_ID_CONFIG, group, ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest"),
                sink,
                consumer -> consumer.subscribe(List.of(topic)));
    }

    private Running consume(Map<String, Object> settings, Sink sink, Consumer<KafkaConsumer<byte[], byte[]>> start) {
        Map<String, Object> all = new HashMap<>(address);
        all.putAll(settings);
        AtomicBoolean closed = new AtomicBoolean();
        Thread thread = new Thread(
                () -> {
                    try (KafkaConsumer<byte[], byte[]> consumer =
                            new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                        start.accept(consumer);
                        while (!closed.get()) {
                            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                                sink.accept(record.key(), record.value());
                            }
                        }
                    } catch (RuntimeException e) {
                        Driver.die(e);
                    }
                },
                "consumer");
        thread.start();
        return () -> {
            closed.set(true);
            join(thread);
        };
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        // Each use has a client of its own.
    }
}
