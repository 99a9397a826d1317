package io.levada;

/** The place of a published record, which is durable there. */
public record Ack(String topic, int partition, long offset, long timestampMs) {}
