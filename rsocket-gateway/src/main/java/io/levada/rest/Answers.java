package io.levada.rest;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;

/** How answers over HTTP begin that are made for one request: nobody keeps them, nor guesses what they are. Stateless. */
public final class Answers {
    private Answers() {}

    /** Sets the status and what stands in front of every such answer. */
    public static HttpServerResponse begin(HttpServerResponse response, int status, CharSequence type) {
        return response.status(status)
                .header(HttpHeaderNames.CONTENT_TYPE, type)
                .header(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE)
                .header("X-Content-Type-Options", "nosniff");
    }

    /** A whole answer. */
    public static Publisher<Void> json(HttpServerResponse response, int status, String json) {
        return begin(response, status, HttpHeaderValues.APPLICATION_JSON).sendString(Mono.just(json));
    }
}
