package io.levada.rest;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.facade.Engine;
import io.levada.facade.EngineLevada;
import io.levada.observation.Publication;
import io.levada.wire.WireErrors;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** One request and its answer, which is given on the event loop of the connection. */
final class Exchange {
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Caller caller;
    private final Target target;
    private final Query query;
    private final Channel channel;
    private final HttpOutbound outbound;
    private final ObservationRegistry observations;

    /** Of this request. */
    private Observation observation = Observation.NOOP;

    /** @param counted gives what counts the bytes of a connection */
    Exchange(
            HttpServerRequest request,
            HttpServerResponse response,
            Caller caller,
            ObservationRegistry observations,
            Function<Channel, HttpOutbound> counted) {
        this.request = request;
        this.response = response;
        this.caller = caller;
        this.observations = observations;
        String uri = request.uri();
        int query = uri.indexOf('?');
        this.target = Target.of(query < 0 ? uri : uri.substring(0, query));
        this.query = Query.of(uri);
        Channel[] found = new Channel[1];
        request.withConnection(connection -> found[0] = connection.channel());
        this.channel = found[0];
        this.outbound = counted.apply(found[0]);
    }

    HttpServerRequest request() {
        return request;
    }

    HttpServerResponse response() {
        return response;
    }

    Caller caller() {
        return caller;
    }

    Engine engine() {
        return caller.engine();
    }

    Target target() {
        return target;
    }

    Query query() {
        return query;
    }

    Channel channel() {
        return channel;
    }

    /** What its connection holds. */
    HttpOutbound outbound() {
        return outbound;
    }

    EventLoop loop() {
        return channel.eventLoop();
    }

    /** Where all of this request runs. */
    Scheduler scheduler() {
        return Schedulers.fromExecutor(loop());
    }

    /** The log with callbacks on the event loop. */
    private Levada levada() {
        return new EngineLevada("gateway:", engine(), LevadaOptions.defaults().withCallbacks(scheduler()));
    }

    /** What it is observed as. */
    void partOf(Observation observed) {
        observation = observed;
    }

    Observation observation() {
        return observation;
    }

    /** Publishes records, which carry the trace that this request is part of. */
    Flux<Ack> publish(String topic, Flux<Record> records) {
        return observed(topic, publication -> levada().publish(topic, records.map(publication::carrying)));
    }

    /** What is published, as a part of this request. */
    Flux<Ack> observed(String topic, Function<Publication, Flux<Ack>> publish) {
        return Flux.defer(() -> {
            Publication publication = Publication.begin(observations, observation, topic);
            return publication.until(publish.apply(publication));
        });
    }

    @Override
    public String toString() {
        return request.method() + " " + request.uri().split("\\?", 2)[0] + " from " + channel.remoteAddress();
    }

    @Nullable
    String header(CharSequence name) {
        return request.requestHeaders().get(name);
    }

    /** The type of the body without its parameters, in lower case; empty where none is named. */
    String contentType() {
        String type = header(HttpHeaderNames.CONTENT_TYPE);
        return type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }

    boolean isGet() {
        return request.method().equals(HttpMethod.GET);
    }

    /** Fails for other methods than these. */
    void only(HttpMethod... methods) {
        for (HttpMethod method : methods) {
            if (request.method().equals(method)) {
                return;
            }
        }
        StringBuilder allowed = new StringBuilder();
        for (HttpMethod method : methods) {
            allowed.append(allowed.isEmpty() ? "" : ", ").append(method.name());
        }
        throw new MethodNotAllowed(request.method().name(), allowed.toString());
    }

    /** The answer that a value becomes, with a status. */
    Publisher<Void> answer(int status, Mono<? extends JsonNode> json) {
        return json.publishOn(scheduler()).flatMap(node -> Mono.from(Answers.json(response, status, node.toString())));
    }

    /** An answer without content, once this is done. */
    Publisher<Void> noContent(Mono<Void> done) {
        return done.thenReturn(true)
                .publishOn(scheduler())
                .flatMap(ok -> Mono.from(response.status(204).send()));
    }

    Publisher<Void> fail(Throwable error) {
        return refuse(response, error);
    }

    /** The answer to what went wrong. */
    static Publisher<Void> refuse(HttpServerResponse response, Throwable error) {
        LevadaException known = WireErrors.known(error);
        int status = known.code().httpStatus();
        if (known instanceof NoSuchPath) {
            status = 404;
        } else if (known instanceof MethodNotAllowed refused) {
            status = 405;
            response.header(HttpHeaderNames.ALLOW, refused.allowed);
        } else if (known.code() == ErrorCode.THROTTLED || known.code() == ErrorCode.GOING_AWAY) {
            response.header(HttpHeaderNames.RETRY_AFTER, "1");
        } else if (known.code() == ErrorCode.TIMEOUT) {
            response.header(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE); // the rest of its body may never come
        }
        return Answers.json(response, status, WireErrors.text(known));
    }

    /** A text as it comes; what fails before it has begun has its own status. */
    Publisher<Void> stream(String type, Flux<ByteBuf> text) {
        return text.<Void>switchOnFirst((first, all) -> {
                    Throwable error = first.getThrowable();
                    // Headers by themselves, as the first piece may be empty, and the next come much later.
                    return error != null
                            ? fail(error)
                            : Answers.begin(response, 200, type).sendHeaders().send(all);
                })
                .doOnDiscard(ByteBuf.class, Exchange::giveBack);
    }

    /** What is dropped since the client is gone: here while it waits for the headers, or within what sends, which is told first. */
    private static void giveBack(ByteBuf piece) {
        if (piece.refCnt() > 0) {
            piece.release();
        }
    }

    /** A path that is not there. */
    static final class NoSuchPath extends LevadaException {
        private static final long serialVersionUID = 1L;

        NoSuchPath(String message) {
            super(ErrorCode.INVALID_REQUEST, message);
        }
    }

    /** A path that is there, asked for in a way that is not. */
    private static final class MethodNotAllowed extends LevadaException {
        private static final long serialVersionUID = 1L;
        private final String allowed;

        MethodNotAllowed(String method, String allowed) {
            super(ErrorCode.INVALID_REQUEST, "it takes " + allowed + ", not " + method);
            this.allowed = allowed;
        }
    }
}
