package io.levada.observation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Ack;
import io.levada.End;
import io.levada.Header;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingReceiverTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingSenderTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelPropagator;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

final class ObservedLevadaTest {
    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final SdkTracerProvider provider = SdkTracerProvider.builder()
            .addSpanProcessor(SimpleSpanProcessor.create(spans))
            .build();
    private final ObservationRegistry registry = registry(provider);
    private final ObservedLevada levada = ObservedLevada.of(Levada.open("memory:"), registry);

    private static ObservationRegistry registry(SdkTracerProvider provider) {
        io.opentelemetry.api.trace.Tracer otel = provider.get("test");
        OtelTracer tracer = new OtelTracer(otel, new OtelCurrentTraceContext(), event -> {});
        OtelPropagator propagator =
                new OtelPropagator(ContextPropagators.create(W3CTraceContextPropagator.getInstance()), otel);
        ObservationRegistry registry = ObservationRegistry.create();
        registry.observationConfig()
                .observationHandler(
                        new io.micrometer.observation.ObservationHandler.FirstMatchingCompositeObservationHandler(
                                new PropagatingSenderTracingObservationHandler<>(tracer, propagator),
                                new PropagatingReceiverTracingObservationHandler<>(tracer, propagator),
                                new DefaultTracingObservationHandler(tracer)));
        return registry;
    }

    @BeforeEach
    void create() {
        levada.topics().create(TopicSpec.of("orders").partitions(2)).block();
    }

    @AfterEach
    void close() {
        levada.close();
        provider.close();
    }

    private List<StoredRecord> stored() {
        return levada.read(ReadSpec.of("orders").from(Position.earliest()).to(End.now()))
                .collectList()
                .blockOptional()
                .orElseThrow();
    }

    private SpanData span(String name) {
        List<SpanData> found = spans.getFinishedSpanItems().stream()
                .filter(span -> span.getName().equals(name))
                .toList();
        assertEquals(1, found.size(), () -> name + " of " + spans.getFinishedSpanItems());
        return found.get(0);
    }

    private static String traceparent(StoredRecord record) {
        List<Header> found = record.headers().stream()
                .filter(header -> header.key().equals("traceparent"))
                .toList();
        assertEquals(1, found.size(), () -> record.headers().toString());
        return new String(assertValue(found.get(0)), java.nio.charset.StandardCharsets.US_ASCII);
    }

    private static byte[] assertValue(Header header) {
        byte[] value = header.value();
        assertNotNull(value);
        return value;
    }

    @Test
    void a_record_carries_its_trace_from_who_publishes_to_who_processes() {
        Observation request = Observation.start("request", registry);
        levada.publish("orders", Record.of("k", "v").withHeaders(List.of(Header.of("h", "1"))))
                .contextWrite(context -> context.put(ObservationThreadLocalAccessor.KEY, request))
                .block();
        request.stop();
        StoredRecord record = stored().get(0);
        assertEquals("h", record.headers().get(0).key());

        String done = levada.process(
                        record,
                        Mono.deferContextual(context ->
                                Mono.just(context.hasKey(ObservationThreadLocalAccessor.KEY) ? "inside" : "outside")))
                .block();

        assertEquals("inside", done);
        SpanData outer = span("request");
        SpanData sent = span("send orders");
        SpanData processed = span("process orders");
        assertEquals(outer.getSpanId(), sent.getParentSpanId());
        assertEquals("00-" + outer.getTraceId() + "-" + sent.getSpanId() + "-01", traceparent(record));
        assertEquals(sent.getTraceId(), processed.getTraceId());
        assertEquals(sent.getSpanId(), processed.getParentSpanId());
        assertEquals(SpanKind.PRODUCER, sent.getKind());
        assertEquals(SpanKind.CONSUMER, processed.getKind());
        assertEquals("levada", sent.getAttributes().get(AttributeKey.stringKey("messaging.system")));
        assertEquals("orders", sent.getAttributes().get(AttributeKey.stringKey("messaging.destination.name")));
        assertEquals("0", sent.getAttributes().get(AttributeKey.stringKey("messaging.levada.offset")));
    }

    @Test
    void each_record_of_a_stream_is_a_span_of_its_own() {
        List<Ack> acks = levada.publish("orders", Flux.range(0, 1_000).map(i -> Record.ofValue("v" + i)))
                .collectList()
                .block();
        assertEquals(1_000, acks == null ? 0 : acks.size());
        List<SpanData> sent = spans.getFinishedSpanItems();
        assertEquals(1_000, sent.size());
        assertEquals(1_000, sent.stream().map(SpanData::getSpanId).distinct().count());
        List<Long> offsets = sent.stream()
                .filter(span -> "0"
                        .equals(span.getAttributes().get(AttributeKey.stringKey("messaging.destination.partition.id"))))
                .map(span -> Long.valueOf(
                        String.valueOf(span.getAttributes().get(AttributeKey.stringKey("messaging.levada.offset")))))
                .toList();
        assertEquals(IntStream.range(0, offsets.size()).mapToObj(Long::valueOf).toList(), offsets);
    }

    @Test
    void a_record_that_carries_a_trace_keeps_it() {
        String own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        levada.publish("orders", Record.ofValue("v").withHeaders(List.of(Header.of("traceparent", own))))
                .block();
        assertEquals(own, traceparent(stored().get(0)));
    }

    @Test
    void what_is_not_published_ends_its_span_with_the_error() {
        Record tooLarge = Record.of(null, new byte[2 << 20]);
        assertThrows(
                LevadaException.class, () -> levada.publish("orders", tooLarge).block());
        assertEquals(StatusCode.ERROR, span("send orders").getStatus().getStatusCode());
    }

    @Test
    void what_is_given_up_ends_its_span_too() {
        Flux<Record> endless = Flux.concat(Mono.just(Record.ofValue("v")), Mono.never());
        levada.publish("orders", endless).blockFirst();
        levada.process(stored().get(0), Mono.never()).subscribe().dispose();
        assertEquals(StatusCode.ERROR, span("process orders").getStatus().getStatusCode());
        assertEquals(2, spans.getFinishedSpanItems().size());
    }

    @Test
    void without_a_registry_that_does_something_nothing_is_added() {
        ObservedLevada plain = ObservedLevada.of(levada, ObservationRegistry.NOOP);
        try (Levada other = Levada.open("memory:")) {
            other.topics().create(TopicSpec.of("t")).block();
            ObservedLevada.of(other, ObservationRegistry.NOOP)
                    .publish("t", Record.ofValue("v"))
                    .block();
            StoredRecord record = other.read(
                            ReadSpec.of("t").from(Position.earliest()).to(End.now()))
                    .blockFirst();
            assertTrue(record != null && record.headers().isEmpty());
        }
        assertEquals("memory:", plain.address());
    }
}
