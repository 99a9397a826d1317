package io.levada.benchmarks.peers;

import java.util.Map;

/** Who is measured, and what its topics are given. */
enum Peer {
    LEVADA_FSYNC("levada-fsync"),
    LEVADA_OS("levada-os"),
    KAFKA("kafka"),
    KAFKA_FLUSH("kafka-flush"),
    NATS("nats");

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
            case KAFKA, NATS -> Map.of();
            case KAFKA_FLUSH -> Map.of("flush.messages", "1");
        };
    }

    boolean isLevada() {
        return this == LEVADA_FSYNC || this == LEVADA_OS;
    }
}
