package io.levada.benchmarks.pipelines;

import io.levada.Levada;
import io.levada.ReadSpec;
import io.levada.benchmarks.Programs;
import io.levada.benchmarks.peers.KafkaServer;
import io.levada.benchmarks.peers.LevadaServer;
import io.levada.benchmarks.peers.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import reactor.core.Disposable;
import reactor.util.retry.Retry;

/**
 * How platforms are started: each as it comes, in a directory of its own, with the same plugins.
 *
 * @param project with all that is built
 * @param plugins a directory of plugins, one directory each
 * @param directory for what they store and say
 * @param options of each process in Java
 */
record Platforms(Path project, Path plugins, Path directory, List<String> options) {
    /** Who is measured. */
    enum Name {
        LEVADA,
        KAFKA
    }

    Platform start(Name name) throws IOException, InterruptedException {
        Files.createDirectories(directory);
        return name == Name.LEVADA ? levada() : kafka();
    }

    private Platform levada() throws IOException, InterruptedException {
        Server server = LevadaServer.start(
                project.resolve("rsocket-gateway/target/levada.jar").toString(), directory.resolve("levada"), options);
        int port = Programs.freePort();
        Worker worker = Worker.start(
                port,
                directory.resolve("levada-connect.log"),
                command(
                        "-jar",
                        project.resolve("sdk/connect/target/levada-connect/levada-connect.jar")
                                .toString(),
                        "--server",
                        server.address(),
                        "--plugin-path",
                        plugins.toString(),
                        "--rest-port",
                        Integer.toString(port)));
        return new Platform(server, worker, (topic, record) -> followLevada(server.address(), topic, record));
    }

    private Platform kafka() throws IOException, InterruptedException {
        Path jars = project.resolve("engine/kafka/broker/target/lib");
        Server server = KafkaServer.start(jars, directory.resolve("kafka"), options);
        int port = Programs.freePort();
        Path settings = Files.write(
                directory.resolve("connect.properties"),
                List.of(
                        "bootstrap.servers=" + server.address(),
                        "group.id=connect",
                        "key.converter=org.apache.kafka.connect.json.JsonConverter",
                        "value.converter=org.apache.kafka.connect.json.JsonConverter",
                        "config.storage.topic=connect-configs",
                        "offset.storage.topic=connect-offsets",
                        "status.storage.topic=connect-status",
                        "config.storage.replication.factor=1",
                        "offset.storage.replication.factor=1",
                        "status.storage.replication.factor=1",
                        "listeners=http://" + Programs.LOOPBACK + ":" + port,
                        "plugin.path=" + plugins));
        Worker worker = Worker.start(
                port,
                directory.resolve("kafka-connect.log"),
                command(
                        "-cp",
                        jars.resolve("*").toString(),
                        "org.apache.kafka.connect.cli.ConnectDistributed",
                        settings.toString()));
        return new Platform(server, worker, (topic, record) -> followKafka(server.address(), topic, record));
    }

    private List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(options);
        command.addAll(List.of(arguments));
        return command;
    }

    private static Platform.Following followLevada(String address, String topic, BiConsumer<byte[], byte[]> record) {
        Levada levada = Levada.open(address);
        Disposable reading = levada.read(ReadSpec.of(topic))
                .doOnNext(each -> record.accept(each.key(), each.value()))
                .retryWhen(Retry.fixedDelay(Long.MAX_VALUE, Duration.ofMillis(20))) // until it is there
                .subscribe();
        return () -> {
            reading.dispose();
            levada.close();
        };
    }

    private static Platform.Following followKafka(String address, String topic, BiConsumer<byte[], byte[]> record) {
        AtomicBoolean closed = new AtomicBoolean();
        Map<String, Object> settings = Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                address,
                ConsumerConfig.METADATA_MAX_AGE_CONFIG,
                100, // the topic is not there yet
                ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
                false,
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                "earliest");
        Runnable reading = () -> {
            try (KafkaConsumer<byte[], byte[]> consumer =
                    new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                consumer.assign(List.of(new TopicPartition(topic, 0)));
                while (!closed.get()) {
                    for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(100))) {
                        record.accept(each.key(), each.value());
                    }
                }
            }
        };
        new Thread(reading, "follower").start();
        return () -> closed.set(true);
    }
}
