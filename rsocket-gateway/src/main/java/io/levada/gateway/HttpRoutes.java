package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.rest.Answers;
import io.levada.rest.RestRoutes;
import io.levada.wire.WireErrors;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.function.BiFunction;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.http.server.WebsocketServerSpec;
import reactor.netty.http.websocket.WebsocketInbound;
import reactor.netty.http.websocket.WebsocketOutbound;

/** Everything on the HTTP port: the check of who asks, pages, health, metrics, and RSocket over WebSocket. */
final class HttpRoutes implements BiFunction<HttpServerRequest, HttpServerResponse, Publisher<Void>> {
    private static final Logger LOG = LoggerFactory.getLogger(HttpRoutes.class);
    private static final String RSOCKET = "/rsocket";
    private static final String HEALTH = "/healthz";
    private static final String READINESS = "/readyz";
    private static final String METRICS = "/metrics";
    /** Of which each is counted by itself. */
    private static final Set<String> ROUTES = Set.of(RSOCKET, HEALTH, READINESS, METRICS);
    /** As what all others are counted. */
    private static final String PAGE = "page";

    /** The exposition format of Prometheus, https://prometheus.io/docs/instrumenting/exposition_formats. */
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private final WebPages pages = new WebPages();
    private final HostCheck hosts;
    private final HttpAccess access;
    private final Probes probes;
    private final Metrics metrics;
    private final RestRoutes rest;
    private final BiFunction<WebsocketInbound, WebsocketOutbound, Publisher<Void>> rsocket;
    private final WebsocketServerSpec websocket;

    HttpRoutes(
            HostCheck hosts,
            Doors doors,
            GatewayLimits limits,
            Probes probes,
            Metrics metrics,
            RestRoutes rest,
            BiFunction<WebsocketInbound, WebsocketOutbound, Publisher<Void>> rsocket) {
        this.hosts = hosts;
        this.access = new HttpAccess(doors);
        this.probes = probes;
        this.metrics = metrics;
        this.rest = rest;
        this.rsocket = rsocket;
        // Compression stays off: it would mix secrets with what a peer chooses, and cost memory per connection.
        this.websocket = WebsocketServerSpec.builder()
                .maxFramePayloadLength(limits.maxFrameBytes())
                .compress(false)
                .build();
    }

    @Override
    public Publisher<Void> apply(HttpServerRequest request, HttpServerResponse response) {
        Channel[] channel = new Channel[1];
        request.withConnection(connection -> channel[0] = connection.channel());
        HttpGuard guard = HttpGuard.of(channel[0]);
        if (guard == null) {
            return answer(request, response, channel[0]);
        }
        guard.requested();
        return Mono.from(answer(request, response, channel[0])).doFinally(end -> guard.answered());
    }

    private Publisher<Void> answer(HttpServerRequest request, HttpServerResponse response, Channel channel) {
        if (RequestHeaders.areAmbiguous(request.requestHeaders())) {
            response.header(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            return counted(
                    "refused",
                    response,
                    error(
                            response,
                            400,
                            "a body ends by its Content-Length or comes in chunks; this says both, or neither clearly"));
        }
        String refusal = hosts.refusal(request.requestHeaders(), (InetSocketAddress) channel.localAddress());
        if (refusal != null) {
            LOG.info("refusing {}: {}", request.remoteAddress(), refusal);
            return counted("refused", response, error(response, 403, refusal));
        }
        String path;
        try {
            path = request.fullPath();
        } catch (IllegalArgumentException e) {
            return counted("refused", response, error(response, 400, "the path is none of a URI"));
        }
        return counted(route(path), response, answer(path, request, response));
    }

    private Publisher<Void> answer(String path, HttpServerRequest request, HttpServerResponse response) {
        return switch (path) {
            case RSOCKET -> probes.serving() ? webSocket(request, response) : goingAway(response);
            case HEALTH -> probe(request, response, probes.live());
            case READINESS -> probe(request, response, probes.ready());
            case METRICS -> metrics(request, response);
            default ->
                RestRoutes.has(path)
                        ? access.admitToLog(request, response, caller -> rest.answer(request, response, caller))
                        : probes.serving() ? page(path, request, response) : goingAway(response);
        };
    }

    private static String route(String path) {
        if (RestRoutes.has(path)) {
            return RestRoutes.version(path);
        }
        return ROUTES.contains(path) ? path : PAGE;
    }

    /** Counts an answer once it is given. */
    private Publisher<Void> counted(String route, HttpServerResponse response, Publisher<Void> answer) {
        return Mono.from(answer).doFinally(signal -> metrics.traffic()
                .answered(route, response.status().code()));
    }

    private Publisher<Void> page(String path, HttpServerRequest request, HttpServerResponse response) {
        return pages.find(path)
                .publishOn(eventLoop(request))
                .map(page -> asks(request) ? WebPages.send(page, request, response) : notAsked(request, response))
                .switchIfEmpty(Mono.fromSupplier(() -> error(
                        response,
                        404,
                        "there is nothing at " + path
                                + "; this port has the pages / and /demo, /levada.js, /openapi.yaml, /healthz, /readyz,"
                                + " /metrics, the log under /v1, and RSocket over WebSocket at " + RSOCKET)))
                .flatMap(Mono::from);
    }

    /** Where answers that come from elsewhere go on; ended on another thread, one could end when the loops are gone. */
    static Scheduler eventLoop(HttpServerRequest request) {
        EventLoop[] loop = new EventLoop[1];
        request.withConnection(connection -> loop[0] = connection.channel().eventLoop());
        return Schedulers.fromExecutor(loop[0]);
    }

    private Publisher<Void> webSocket(HttpServerRequest request, HttpServerResponse response) {
        if (!request.requestHeaders().contains(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)) {
            return error(response, 426, RSOCKET + " speaks RSocket over WebSocket; upgrade the connection");
        }
        request.withConnection(connection -> {
            HttpGuard guard = HttpGuard.of(connection.channel());
            if (guard != null) {
                guard.upgraded();
            }
        });
        return response.sendWebsocket(rsocket, websocket);
    }

    private static Publisher<Void> probe(HttpServerRequest request, HttpServerResponse response, Probes.Answer answer) {
        return asks(request) ? Answers.json(response, answer.status(), answer.json()) : notAsked(request, response);
    }

    private static Publisher<Void> goingAway(HttpServerResponse response) {
        return Answers.json(response, 503, WireErrors.text(ClientSession.goingAway()));
    }

    private Publisher<Void> metrics(HttpServerRequest request, HttpServerResponse response) {
        if (!asks(request)) {
            return notAsked(request, response);
        }
        return access.ifMetricsAllowed(request, response, () -> Answers.begin(response, 200, PROMETHEUS_TEXT)
                .sendString(metrics.scrape().publishOn(eventLoop(request))));
    }

    private static boolean asks(HttpServerRequest request) {
        return request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
    }

    private static Publisher<Void> notAsked(HttpServerRequest request, HttpServerResponse response) {
        response.header(HttpHeaderNames.ALLOW, "GET, HEAD");
        return error(response, 405, request.fullPath() + " takes GET");
    }

    private static Publisher<Void> error(HttpServerResponse response, int status, String message) {
        return Answers.json(response, status, WireErrors.text(new LevadaException(ErrorCode.INVALID_REQUEST, message)));
    }
}
