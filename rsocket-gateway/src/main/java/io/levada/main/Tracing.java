package io.levada.main;

import io.micrometer.observation.ObservationHandler.FirstMatchingCompositeObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingReceiverTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingSenderTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelPropagator;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Observations as spans of OpenTelemetry, which are sent to a collector every second; what it does not take is dropped, and
 * the log says so. Trace contexts are those of <a href="https://www.w3.org/TR/trace-context/">W3C</a>. Safe for any thread.
 */
final class Tracing implements AutoCloseable {
    private static final String NAME = "levada";
    /** Of stopping, which has ten seconds in all. */
    private static final Duration SEND_TIMEOUT = Duration.ofSeconds(2);

    private final ObservationRegistry observations;
    private final @Nullable SdkTracerProvider spans;

    private Tracing(ObservationRegistry observations, @Nullable SdkTracerProvider spans) {
        this.observations = observations;
        this.spans = spans;
    }

    static Tracing none() {
        return new Tracing(ObservationRegistry.NOOP, null);
    }

    /**
     * Sends spans.
     *
     * @param endpoint takes them as OTLP over HTTP
     * @param ratio of requests that carry no decision of their own, 0 to 1
     */
    static Tracing to(URI endpoint, double ratio) {
        SdkTracerProvider spans = SdkTracerProvider.builder()
                .setResource(Resource.getDefault()
                        .merge(Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), NAME))))
                .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(ratio)))
                .addSpanProcessor(BatchSpanProcessor.builder(new LossReportingExporter(
                                OtlpHttpSpanExporter.builder()
                                        .setEndpoint(endpoint.toString())
                                        .setTimeout(SEND_TIMEOUT)
                                        .build(),
                                endpoint))
                        .setScheduleDelay(Duration.ofSeconds(1))
                        .build())
                .build();
        return new Tracing(registry(spans.get(NAME)), spans);
    }

    private static ObservationRegistry registry(Tracer spans) {
        OtelTracer tracer = new OtelTracer(spans, new OtelCurrentTraceContext(), event -> {});
        OtelPropagator propagator =
                new OtelPropagator(ContextPropagators.create(W3CTraceContextPropagator.getInstance()), spans);
        ObservationRegistry registry = ObservationRegistry.create();
        registry.observationConfig()
                .observationHandler(new FirstMatchingCompositeObservationHandler(
                        new PropagatingSenderTracingObservationHandler<>(tracer, propagator),
                        new PropagatingReceiverTracingObservationHandler<>(tracer, propagator),
                        new DefaultTracingObservationHandler(tracer)));
        return registry;
    }

    ObservationRegistry observations() {
        return observations;
    }

    /** Sends what is left, within two seconds. */
    @Override
    public void close() {
        if (spans != null) {
            spans.shutdown().join(SEND_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        }
    }
}
