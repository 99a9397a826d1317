package io.levada.sdk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.ProducerId;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The idempotent producers of this client: one for each stream that publishes at a time, used again by later streams to
 * the same topic, so that many short streams are few producers to the log, which remembers a limited number. Where the server
 * gives no ids, that is remembered as long. On the event loop.
 */
final class Producers {
    /** After this time a producer is not used again: the topic may be another by then. */
    private static final Duration IDLE_LIMIT = Duration.ofMinutes(1);

    private static final String ROUTE = "producers.open";

    private final Link link;
    private final Map<String, Deque<Producer>> idle = new HashMap<>();
    private @Nullable Producer none;

    Producers(Link link) {
        this.link = link;
    }

    /** A producer and the sequences it goes on with. */
    static final class Producer {
        private final ProducerId id;
        private final Map<Integer, Integer> nextSequences = new HashMap<>();
        private long idleSinceNanos;

        Producer(ProducerId id) {
            this.id = id;
        }

        /** Whether it numbers nothing, so that nothing of it can be sent twice. */
        boolean isNone() {
            return id.isNone();
        }

        /** Gives a batch its sequences, if it is to have any. */
        void number(int partition, ByteBuf batch) {
            if (isNone()) {
                return;
            }
            int first = nextSequences.getOrDefault(partition, 0);
            id.number(batch, first);
            nextSequences.put(partition, RecordBatch.nextSequence(first, RecordBatch.recordCount(batch)));
        }

        private boolean isFresh() {
            return System.nanoTime() - idleSinceNanos < IDLE_LIMIT.toNanos();
        }
    }

    /**
     * An id and epoch from the server, a new one or the next of a name. Asked again after a lost connection: an epoch whose
     * answer was lost is one that nobody has.
     */
    Mono<ProducerId> open(@Nullable String name) {
        ObjectNode request = Wire.object();
        if (name != null) {
            request.put("name", name);
        }
        return link.repeatable(ROUTE, request, Producers::id)
                .onErrorMap(
                        LevadaException.class,
                        error ->
                                error.code() == ErrorCode.INVALID_REQUEST && name == null ? unsupported(error) : error);
    }

    private static ProducerId id(JsonNode answer) {
        int epoch = Wire.integer(answer, "epoch");
        long id = Long.parseLong(Wire.text(answer, "producerId"));
        ProducerId given = new ProducerId(id, (short) epoch);
        if (epoch != (short) epoch || !(given.isNone() || (id >= 0 && epoch >= 0))) {
            throw new IllegalArgumentException("producer " + id + ", epoch " + epoch);
        }
        return given;
    }

    private static LevadaException unsupported(LevadaException error) {
        return new LevadaException(
                ErrorCode.UNSUPPORTED_VERSION,
                "this server gives no ids to publishers, without which what is sent again could be there twice; use one of"
                        + " this client's version: " + error.getMessage(),
                error);
    }

    /** What the server has just given, to be used. */
    Producer opened(ProducerId id) {
        Producer producer = new Producer(id);
        if (producer.isNone()) {
            producer.idleSinceNanos = System.nanoTime();
            none = producer;
        }
        return producer;
    }

    /** One that is through with all that it published to a topic, or the one that numbers nothing, or null. */
    @Nullable
    Producer take(String topic) {
        Deque<Producer> known = idle.get(topic);
        Producer last = known == null ? null : known.pollLast();
        if (last == null) {
            last = none;
        }
        return last != null && last.isFresh() ? last : null;
    }

    /** Takes a producer back, all of whose batches are acknowledged. */
    void giveBack(String topic, Producer producer) {
        if (producer.isNone()) {
            return;
        }
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
