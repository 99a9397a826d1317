package io.levada.benchmarks.peers;

import java.util.Map;

/** Who is measured, and what its topics are given. */
enum Peer {
    LEVADA_FSYNC("levada-fsync"),
    LEVADA_OS("levada-os"),
    KAFKA("kafka"),
    KAFKA_FLUSH("kafka-flush"),
    NATS("nats"),
    /** Levada over the cluster that {@link #PLAIN} uses. */
    GATEWAY("gateway"),
    /** Kafka's own clients, whose producers wait for no more records to come. */
    PLAIN("plain");

    private final String label;

    Peer(String label) {
        this.label = label;
    }

    /** As it is called on the command line and in the report. */
    String label() {
        return label;
    }

    /** Settings of each topic, all else being as the system comes. */
    Map<String, String> topicSettings() {
        return switch (this) {
            case LEVADA_FSYNC -> Map.of("durability", "fsync");
            case LEVADA_OS -> Map.of("durability", "os");
            case KAFKA, NATS, GATEWAY, PLAIN -> Map.of();
            case KAFKA_FLUSH -> Map.of("flush.messages", "1");
        };
    }

    /** Whether it is compared with all others, or is one half of a comparison of its own. */
    boolean isSystem() {
        return this != GATEWAY && this != PLAIN;
    }

    boolean isLevada() {
        return this == LEVADA_FSYNC || this == LEVADA_OS;
    }
}
