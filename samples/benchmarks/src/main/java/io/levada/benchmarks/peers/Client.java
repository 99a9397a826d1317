package io.levada.benchmarks.peers;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.jspecify.annotations.Nullable;

/** One client of a system, with a connection of its own, written as that system's users would. */
interface Client extends AutoCloseable {
    /** Where records come from. Used by one thread. */
    interface Source {
        /** The next record, or null when there is none; may wait until it is due. */
        @Nullable
        Message next() throws InterruptedException;
    }

    /** Where records go. Called by one thread at a time. */
    interface Sink {
        void accept(byte[] key, byte[] value);
    }

    /** A record to be published. */
    record Message(byte[] key, byte[] value) {}

    /** What goes on until it is stopped. */
    interface Running {
        void stop();
    }

    /**
     * Makes a topic, which can be written to when this returns.
     *
     * @param settings in the system's own words
     */
    void create(String topic, int partitions, Map<String, String> settings);

    void delete(String topic);

    /** Publishes all that a source gives, and returns once all of it is acknowledged. */
    void publish(String topic, Source source);

    /** Reads all partitions from the earliest record on, without a group. */
    Running read(String topic, int partitions, Sink sink);

    /** Is the one member of a group that reads from the earliest record on, and commits. */
    Running join(String topic, String group, Sink sink);

    @Override
    void close();

    static Client open(Peer peer, String address) {
        return switch (peer) {
            case LEVADA_FSYNC, LEVADA_OS, GATEWAY -> new LevadaClient(address);
            case KAFKA, KAFKA_FLUSH -> new KafkaClient(address, Map.of());
            case PLAIN -> new KafkaClient(address, Map.of(ProducerConfig.LINGER_MS_CONFIG, 0));
            case NATS -> new NatsClient(address);
        };
    }
}
