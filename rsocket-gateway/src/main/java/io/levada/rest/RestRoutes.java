package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.wire.OutboundConnection;
import io.levada.wire.OutboundPool;
import io.netty.handler.codec.http.HttpMethod;
import java.security.SecureRandom;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** What there is over HTTP of the log, and where each request goes. Safe for any thread. */
public final class RestRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(RestRoutes.class);
    private static final String PATHS = "/v1/topics, /v1/groups, /v1/claims and /v3/clusters; /openapi.yaml says all";

    private final OutboundPool pool;
    private final long outboundBytes;
    private final RestLimits limits;
    private final Produce produce;
    private final TopicRoutes topics;
    private final GroupRoutes groups;
    private final ConfluentRoutes confluent;
    private final Claims claims;
    private final ClaimRoutes claimRoutes;
    private final Set<OutboundConnection> connections = ConcurrentHashMap.newKeySet();
    private final Set<ReadAnswer> reading = ConcurrentHashMap.newKeySet();
    private final AtomicInteger inFlight = new AtomicInteger();
    private volatile boolean goingAway;

    /**
     * Routes without requests.
     *
     * @param pool what all connections may hold
     * @param outboundBytes what one may, when the pool has room
     */
    public RestRoutes(OutboundPool pool, long outboundBytes, RestLimits limits) {
        this.pool = pool;
        this.outboundBytes = outboundBytes;
        this.limits = limits;
        RequestBody bodies = new RequestBody(limits);
        this.produce = new Produce(bodies, limits);
        this.topics = new TopicRoutes(bodies);
        this.groups = new GroupRoutes(bodies);
        this.confluent = new ConfluentRoutes(bodies, limits);
        this.claims = new Claims(Schedulers.parallel(), System::nanoTime, new SecureRandom(), ClaimLimits.defaults());
        this.claimRoutes = new ClaimRoutes(bodies, claims);
    }

    /** Of what tells the versions apart: {@code /v1}. */
    public static final int PREFIX_LENGTH = 3;

    /** Whether a path is one of these. */
    public static boolean has(String path) {
        return path.startsWith("/v1/") || path.startsWith("/v3/");
    }

    /** Connections whose answers are counted. */
    public Set<OutboundConnection> connections() {
        return connections;
    }

    /** The answer to a request; to be called and subscribed to on its event loop. */
    public Publisher<Void> answer(HttpServerRequest request, HttpServerResponse response, Caller caller) {
        Exchange exchange;
        try {
            exchange = new Exchange(request, response, caller);
        } catch (LevadaException error) {
            return Exchange.refuse(response, error);
        }
        return Mono.defer(() -> {
                    inFlight.incrementAndGet();
                    return Mono.from(route(exchange));
                })
                .onErrorResume(error -> failed(exchange, error))
                .doFinally(end -> inFlight.decrementAndGet());
    }

    private Mono<Void> failed(Exchange exchange, Throwable error) {
        if (!exchange.channel().isActive()) {
            LOG.debug("{} is gone: {}", exchange, error.toString());
            return Mono.empty();
        } else if (exchange.response().hasSentHeaders()) {
            return Mono.error(error);
        }
        return Mono.from(exchange.fail(error));
    }

    private Publisher<Void> route(Exchange exchange) {
        if (goingAway) {
            throw new LevadaException(ErrorCode.GOING_AWAY, "the server stops; send it again, here or elsewhere");
        }
        Function<Exchange, Publisher<Void>> route = find(exchange.target());
        return route.apply(exchange);
    }

    private Function<Exchange, Publisher<Void>> find(Target target) {
        if (target.is("v1/topics")) {
            return topics::all;
        } else if (target.is("v1/topics/*")) {
            return topics::one;
        } else if (target.is("v1/topics/*/records")) {
            return exchange -> exchange.isGet() ? page(exchange) : records(exchange);
        } else if (target.is("v1/topics/*/stream")) {
            return exchange -> LiveStream.answer(exchange, outbound(exchange), reading, limits);
        } else if (target.is("v1/groups/*/claims")) {
            return claimRoutes::claim;
        } else if (target.is("v1/claims/*:ack")) {
            return claimRoutes::ack;
        } else if (target.is("v1/claims/*:release")) {
            return claimRoutes::release;
        } else if (target.is("v1/claims/*:extend")) {
            return claimRoutes::extend;
        } else if (target.is("v3/clusters/*/topics/*/records")) {
            return exchange -> confluent.records(outbounded(exchange));
        } else if (target.is("v3/clusters/*/topics/*/records:batch")) {
            return confluent::batch;
        } else if (target.is("v1/groups")) {
            return groups::all;
        } else if (target.is("v1/groups/*")) {
            return groups::one;
        } else if (target.is("v1/groups/*:reset")) {
            return groups::reset;
        }
        throw new Exchange.NoSuchPath("there is nothing at this path; there are " + PATHS);
    }

    private Publisher<Void> page(Exchange exchange) {
        return Page.answer(exchange, outbound(exchange), reading, limits);
    }

    private Publisher<Void> records(Exchange exchange) {
        exchange.only(HttpMethod.GET, HttpMethod.POST);
        return produce.answer(outbounded(exchange));
    }

    private Exchange outbounded(Exchange exchange) {
        outbound(exchange);
        return exchange;
    }

    private HttpOutbound outbound(Exchange exchange) {
        return HttpOutbound.of(exchange.channel(), pool, connections, outboundBytes);
    }

    /**
     * Takes nothing new, and ends what has no end by itself; what is in flight is answered. Complete when what groups of
     * claims have acknowledged is committed, and they are left.
     */
    public Mono<Void> goAway() {
        return Mono.defer(() -> {
            goingAway = true;
            List.copyOf(reading).forEach(each -> each.later(each::goAway));
            return claims.goAway();
        });
    }

    /** Whether every request was answered. */
    public boolean isIdle() {
        return inFlight.get() == 0;
    }
}
