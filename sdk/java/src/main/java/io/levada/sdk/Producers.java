package io.levada.sdk;

import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * The idempotent producers of this client: one for each stream that publishes at a time, used again by later streams to
 * the same topic, so that many short streams are few producers to the log, which remembers a limited number. On the event
 * loop.
 */
final class Producers {
    /** After this time a producer is not used again: the topic may be another by then. */
    private static final Duration IDLE_LIMIT = Duration.ofMinutes(1);

    private static final SecureRandom IDS = new SecureRandom();

    private final Map<String, Deque<Producer>> idle = new HashMap<>();

    /** A producer and the sequences it goes on with. */
    static final class Producer {
        private static final short EPOCH = 0;

        /**
         * As good as an id given out by the server: 63 bits do not meet by chance, if chance is all they come from. Two clients
         * with one id would take each other's records for repeats.
         */
        private final long id = IDS.nextLong() & Long.MAX_VALUE;

        private final Map<Integer, Integer> nextSequences = new HashMap<>();
        private long idleSinceNanos;

        private Producer() {}

        /** Gives a batch its sequences. */
        void number(int partition, ByteBuf batch) {
            int first = nextSequences.getOrDefault(partition, 0);
            RecordBatch.setProducer(batch, id, EPOCH, first);
            nextSequences.put(partition, RecordBatch.nextSequence(first, RecordBatch.recordCount(batch)));
        }

        private boolean isFresh() {
            return System.nanoTime() - idleSinceNanos < IDLE_LIMIT.toNanos();
        }
    }

    Producer take(String topic) {
        Deque<Producer> known = idle.get(topic);
        Producer last = known == null ? null : known.pollLast();
        return last != null && last.isFresh() ? last : new Producer();
    }

    /** Takes a producer back, all of whose batches are acknowledged. */
    void giveBack(String topic, Producer producer) {
        producer.idleSinceNanos = System.nanoTime();
        idle.values().forEach(known -> known.removeIf(other -> !other.isFresh()));
        idle.values().removeIf(Deque::isEmpty);
        idle.computeIfAbsent(topic, name -> new ArrayDeque<>()).addLast(producer);
    }

    /** A topic of this name is made or deleted. */
    void forget(String topic) {
        idle.remove(topic);
    }
}
