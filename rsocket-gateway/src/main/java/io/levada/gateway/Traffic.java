package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.wire.WireErrors;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Counts what goes through a server: by the batch, the error and the request, never by the record. Whatever may be
 * labelled comes from a list of ours, so that no peer makes the page grow. Safe for any thread.
 */
final class Traffic {
    /** From a force of a good disk to what clients give up after. */
    private static final Duration[] ACK_BUCKETS = Stream.of(
                    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
            .map(Duration::ofMillis)
            .toArray(Duration[]::new);

    private final MeterRegistry registry;
    private final Counter publishedRecords;
    private final Counter publishedBytes;
    private final Counter deliveredRecords;
    private final Counter deliveredBytes;
    private final Timer acks;
    private final Map<ErrorCode, Counter> errors = new EnumMap<>(ErrorCode.class);

    Traffic(MeterRegistry registry) {
        this.registry = registry;
        publishedRecords = counter("levada.published.records", "records acknowledged");
        publishedBytes = counter("levada.published.bytes", "bytes of their batches, as they were sent");
        deliveredRecords = counter("levada.delivered.records", "records given to subscriptions");
        deliveredBytes = counter("levada.delivered.bytes", "bytes of their batches, as they are given");
        acks = Timer.builder("levada.ack")
                .description("from a batch's arrival until it is durable and acknowledged")
                .serviceLevelObjectives(ACK_BUCKETS)
                .register(registry);
        for (ErrorCode code : ErrorCode.values()) {
            errors.put(
                    code,
                    Counter.builder("levada.errors")
                            .description("what clients were told went wrong")
                            .tag("code", code.name())
                            .register(registry));
        }
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    /** A batch became durable. */
    void published(int records, int bytes, long nanos) {
        publishedRecords.increment(records);
        publishedBytes.increment(bytes);
        acks.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** A batch goes to a subscription. */
    void delivered(int records, int bytes) {
        deliveredRecords.increment(records);
        deliveredBytes.increment(bytes);
    }

    /** A client is told of an error. */
    void failed(Throwable error) {
        Counter counter = errors.get(WireErrors.code(error));
        if (counter != null) {
            counter.increment();
        }
    }

    /**
     * A request over HTTP was answered.
     *
     * @param route as the server's own list has it, such as {@code /v1/topics/{topic}}; never what the client has sent
     */
    void answered(String route, int status) {
        Counter.builder("levada.http.requests")
                .description("requests over HTTP, by route and status")
                .tag("route", route)
                .tag("status", Integer.toString(status))
                .register(registry)
                .increment();
    }
}
