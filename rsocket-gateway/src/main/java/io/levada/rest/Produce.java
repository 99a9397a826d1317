package io.levada.rest;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Record;
import io.levada.RecordJson;
import io.levada.protocol.Limits;
import io.levada.wire.DescriptionJson;
import io.levada.wire.Json;
import io.levada.wire.WireErrors;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** {@code POST /v1/topics/{t}/records}: JSON, lines of JSON, or one raw value. Safe for any thread. */
final class Produce {
    static final String NDJSON = "application/x-ndjson";
    private static final String JSON = "application/json";
    private static final String IDEMPOTENCY_KEY = "Idempotency-Key";
    private static final int MAX_KEY = 255;

    /** The largest record, its bytes in base64, and what stands around them. */
    static final int MAX_LINE_BYTES = 2 * Limits.DEFAULT.maxRecordBytes();

    /** How a line is read, and answered. */
    static final ProduceLines.Form LINE = new RecordLine();

    private final RequestBody bodies;
    private final RestLimits limits;

    Produce(RequestBody bodies, RestLimits limits) {
        this.bodies = bodies;
        this.limits = limits;
    }

    Publisher<Void> answer(Exchange exchange) {
        exchange.only(HttpMethod.POST);
        String topic = exchange.target().part(2);
        String key = idempotencyKey(exchange);
        return switch (exchange.contentType()) {
            case NDJSON, "application/ndjson", "application/jsonl" -> lines(exchange, topic, key);
            case JSON -> {
                exchange.query().only();
                yield exchange.answer(
                        200, bodies.whole(exchange, this::records, records -> publish(exchange, topic, key, records)));
            }
            default -> raw(exchange, topic, key);
        };
    }

    private static @Nullable String idempotencyKey(Exchange exchange) {
        String key = exchange.header(IDEMPOTENCY_KEY);
        if (key != null && (key.isEmpty() || key.length() > MAX_KEY)) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, IDEMPOTENCY_KEY + " is 1 to " + MAX_KEY + " characters");
        }
        return key;
    }

    private Publisher<Void> lines(Exchange exchange, String topic, @Nullable String key) {
        if (key != null) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    IDEMPOTENCY_KEY + " is for one body that is stored as a whole, not for lines: each has its own"
                            + " acknowledgement; send application/json");
        }
        exchange.query().only();
        Flux<Splitter.Text> lines = bodies.split(exchange, new Lines(MAX_LINE_BYTES));
        return exchange.stream(NDJSON, ProduceLines.answer(exchange, topic, lines, LINE));
    }

    private Publisher<Void> raw(Exchange exchange, String topic, @Nullable String key) {
        Query query = exchange.query().only("key", "partition");
        String recordKey = query.text("key");
        Integer partition = query.number("partition", 0, Integer.MAX_VALUE);
        return exchange.answer(
                200,
                bodies.whole(
                        exchange,
                        value -> List.of(
                                Record.of(recordKey == null ? null : recordKey.getBytes(StandardCharsets.UTF_8), value)
                                        .withPartition(partition == null ? Record.ANY_PARTITION : partition)),
                        records -> publish(exchange, topic, key, records)));
    }

    private static Mono<JsonNode> publish(Exchange exchange, String topic, @Nullable String key, List<Record> records) {
        if (key != null) {
            return OncePublication.publish(exchange, topic, key, records).map(DescriptionJson::of);
        }
        return exchange.publish(topic, Flux.fromIterable(records)).collectList().map(DescriptionJson::of);
    }

    /** The records of a JSON object, or array of them, each read as it is written: numbers keep their spelling. */
    List<Record> records(byte[] body) {
        try (JsonParser in = Json.MAPPER.createParser(body)) {
            List<Record> records = new ArrayList<>();
            JsonToken first = in.nextToken();
            if (first == JsonToken.START_ARRAY) {
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    if (records.size() == limits.maxRecords()) {
                        throw new LevadaException(
                                ErrorCode.MESSAGE_TOO_LARGE,
                                "more than " + limits.maxRecords() + " records in one request; send less at a time, or"
                                        + " lines as " + NDJSON);
                    }
                    records.add(RecordJson.read(in));
                }
            } else if (first == JsonToken.START_OBJECT) {
                records.add(RecordJson.read(in));
            } else {
                throw takes("");
            }
            if (in.nextToken() != null) {
                throw takes("; something follows it");
            }
            return records;
        } catch (JsonProcessingException e) {
            throw takes(": " + e.getOriginalMessage());
        } catch (IOException e) {
            throw takes(": " + e.getMessage()); // what begins like UTF-16 or UTF-32, and is not
        }
    }

    /** A line as {@link RecordJson} has it. */
    private static final class RecordLine implements ProduceLines.Form {
        @Override
        public ProduceLines.Entry read(@Nullable String text) {
            if (text == null) {
                throw new LevadaException(ErrorCode.MESSAGE_TOO_LARGE, "the line is longer than the largest record");
            }
            return new ProduceLines.Entry(
                    RecordJson.parse(text), ack -> DescriptionJson.of(ack).toString());
        }

        @Override
        public String failed(Throwable error) {
            return WireErrors.text(error);
        }
    }

    private static LevadaException takes(String what) {
        return new LevadaException(
                ErrorCode.INVALID_REQUEST,
                "a body of " + JSON
                        + " is an object {\"key\", \"value\", \"headers\", \"partition\", \"timestamp\"}, or an array of them"
                        + what);
    }
}
