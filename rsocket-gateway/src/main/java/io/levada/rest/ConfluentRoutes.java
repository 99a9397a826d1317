package io.levada.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.wire.Json;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * {@code POST /v3/clusters/{c}/topics/{t}/records} and {@code :batch}, for clients of Confluent's REST Proxy: records one
 * behind the other, each with its report, or entries with ids. Safe for any thread.
 */
final class ConfluentRoutes {
    private static final int MULTI_STATUS = 207;
    private static final int MAX_ID = 80;

    private final RequestBody bodies;
    private final RestLimits limits;

    ConfluentRoutes(RequestBody bodies, RestLimits limits) {
        this.bodies = bodies;
        this.limits = limits;
    }

    /** One of a batch: what was read of it, or what is wrong with it. */
    record Item(
            String id,
            ProduceLines.@Nullable Entry entry,
            @Nullable LevadaException wrong) {}

    Publisher<Void> records(Exchange exchange) {
        exchange.only(HttpMethod.POST);
        exchange.query().only();
        Flux<Splitter.Text> texts = bodies.split(exchange, new JsonTexts(Produce.MAX_LINE_BYTES));
        return exchange.stream(
                HttpHeaderValues.APPLICATION_JSON.toString(),
                ProduceLines.answer(exchange, topic(exchange), texts, form(exchange)));
    }

    private static String topic(Exchange exchange) {
        return exchange.target().part(4);
    }

    private static ConfluentForm form(Exchange exchange) {
        return new ConfluentForm(exchange.target().part(2));
    }

    Publisher<Void> batch(Exchange exchange) {
        exchange.only(HttpMethod.POST);
        exchange.query().only();
        ConfluentForm form = form(exchange);
        return exchange.answer(
                MULTI_STATUS, bodies.whole(exchange, body -> items(form, body), items -> publish(exchange, items)));
    }

    /** The entries of a body; one that is wrong stands among them as that. */
    List<Item> items(ConfluentForm form, byte[] body) {
        JsonNode entries =
                ConfluentForm.tree(new String(body, StandardCharsets.UTF_8)).path("entries");
        if (!entries.isArray() || entries.size() > limits.maxRecords()) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "a batch is {\"entries\":[{\"id\", \"key\", \"value\"}]}, up to " + limits.maxRecords()
                            + " of them");
        }
        List<Item> items = new ArrayList<>();
        for (JsonNode entry : entries) {
            items.add(item(form, entry));
        }
        return items;
    }

    private static Item item(ConfluentForm form, JsonNode entry) {
        String id = entry.path("id").asText();
        try {
            if (id.isEmpty() || id.length() > MAX_ID) {
                throw new LevadaException(
                        ErrorCode.INVALID_REQUEST, "an entry has an id of 1 to " + MAX_ID + " characters");
            }
            return new Item(id, form.entry(entry), null);
        } catch (LevadaException wrong) {
            return new Item(id, null, wrong);
        }
    }

    /** Those that can be, in their order; what one fails with, those behind it fail with as well. */
    private static Mono<JsonNode> publish(Exchange exchange, List<Item> items) {
        List<Ack> acks = new ArrayList<>();
        return exchange.publish(
                        topic(exchange),
                        Flux.fromIterable(items).mapNotNull(Item::entry).map(ProduceLines.Entry::record))
                .doOnNext(acks::add)
                .then(Mono.fromSupplier(() -> answer(items, acks, null)))
                .onErrorResume(
                        LevadaException.class,
                        error -> error.code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && acks.isEmpty()
                                ? Mono.error(error)
                                : Mono.just(answer(items, acks, error)));
    }

    private static JsonNode answer(List<Item> items, List<Ack> acks, @Nullable LevadaException failed) {
        ObjectNode answer = Json.object();
        ArrayNode successes = answer.putArray("successes");
        ArrayNode failures = answer.putArray("failures");
        int acked = 0;
        for (Item item : items) {
            ProduceLines.Entry entry = item.entry();
            if (entry != null && acked < acks.size()) {
                JsonNode told = ConfluentForm.tree(entry.told().apply(acks.get(acked++)));
                successes.add(((ObjectNode) told).put("id", item.id()));
            } else {
                Throwable why = item.wrong() == null ? failed : item.wrong();
                failures.add(
                        ConfluentForm.error(why == null ? notStored() : why).put("id", item.id()));
            }
        }
        return answer;
    }

    private static LevadaException notStored() {
        return new LevadaException(ErrorCode.OUTCOME_UNKNOWN, "it was not acknowledged");
    }
}
