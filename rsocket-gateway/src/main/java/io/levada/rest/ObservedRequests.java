package io.levada.rest;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.ReceiverContext;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

/**
 * Requests as observations, which go on in the trace that a request's headers name, until it is answered; what is said of
 * them is named as in <a href="https://opentelemetry.io/docs/specs/semconv/http/http-spans/">OpenTelemetry's conventions
 * for HTTP</a>. Safe for any thread.
 */
final class ObservedRequests {
    private static final String NAME = "http.server.request";

    private final ObservationRegistry registry;

    ObservedRequests(ObservationRegistry registry) {
        this.registry = registry;
    }

    ObservationRegistry registry() {
        return registry;
    }

    /** @param route the pattern of the path */
    Mono<Void> observed(Exchange exchange, String route, Mono<Void> answer) {
        if (registry.isNoop()) {
            return answer;
        }
        return Mono.defer(() -> {
            Observation observation = begin(exchange.request(), route);
            exchange.partOf(observation);
            return answer.doOnError(observation::error).doFinally(end -> observation
                    .lowCardinalityKeyValue(
                            "http.response.status_code",
                            exchange.response().status().codeAsText().toString())
                    .stop());
        });
    }

    private Observation begin(HttpServerRequest request, String route) {
        ReceiverContext<HttpServerRequest> context =
                new ReceiverContext<>((from, key) -> from.requestHeaders().get(key), Kind.SERVER);
        context.setCarrier(request);
        return Observation.createNotStarted(NAME, () -> context, registry)
                .contextualName(request.method().name() + " /" + route)
                .lowCardinalityKeyValue("http.request.method", request.method().name())
                .lowCardinalityKeyValue("http.route", "/" + route)
                .highCardinalityKeyValue("url.path", request.fullPath())
                .start();
    }
}
