package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.wire.OutboundConnection;
import io.levada.wire.OutboundPool;
import io.levada.wire.Subscribed;
import io.levada.wire.WireErrors;
import io.micrometer.observation.ObservationRegistry;
import io.netty.handler.codec.http.HttpMethod;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** What there is over HTTP of the log, and where each request goes. Safe for any thread. */
public final class RestRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(RestRoutes.class);
    private static final String PATHS = "/v1/topics, /v1/groups, /v1/claims and /v3/clusters; /openapi.yaml says all";

    /** By pattern, as {@link Target#is} has them; no path fits two of them. */
    private static final Map<String, Route> ROUTES = Map.ofEntries(
            Map.entry("v1/topics", (rest, exchange) -> rest.topics.all(exchange)),
            Map.entry("v1/topics/*", (rest, exchange) -> rest.topics.one(exchange)),
            Map.entry("v1/topics/*/offsets", (rest, exchange) -> rest.topics.offsets(exchange)),
            Map.entry("v1/topics/*/records", RestRoutes::recordsOrPage),
            Map.entry("v1/topics/*/stream", RestRoutes::stream),
            Map.entry("v1/groups", (rest, exchange) -> rest.groups.all(exchange)),
            Map.entry("v1/groups/*", (rest, exchange) -> rest.groups.one(exchange)),
            Map.entry("v1/groups/*:reset", (rest, exchange) -> rest.groups.reset(exchange)),
            Map.entry("v1/groups/*/claims", (rest, exchange) -> rest.claimRoutes.claim(exchange)),
            Map.entry("v1/claims/*:ack", (rest, exchange) -> rest.claimRoutes.ack(exchange)),
            Map.entry("v1/claims/*:release", (rest, exchange) -> rest.claimRoutes.release(exchange)),
            Map.entry("v1/claims/*:extend", (rest, exchange) -> rest.claimRoutes.extend(exchange)),
            Map.entry("v3/clusters/*/topics/*/records", (rest, exchange) -> rest.confluent.records(exchange)),
            Map.entry("v3/clusters/*/topics/*/records:batch", (rest, exchange) -> rest.confluent.batch(exchange)));

    private final OutboundPool pool;
    private final long outboundBytes;
    private final RestLimits limits;
    private final ObservedRequests observed;
    private final RequestBody bodies;
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

    /** What answers the requests of one path, whatever their method. */
    private interface Route {
        Publisher<Void> answer(RestRoutes rest, Exchange exchange);
    }

    /** Whether this may be where a server is reached over HTTP, {@code HOST:PORT}. */
    public static boolean isAddress(String text) {
        return ClaimIds.ADDRESS.matcher(text).matches();
    }

    /**
     * Routes without requests.
     *
     * @param pool what all connections may hold
     * @param outboundBytes what one may, when the pool has room
     * @param observations what requests and what they publish are told to
     * @param issuer where other gateways send those whose claims are of this one, {@code HOST:PORT}; null without others
     */
    public RestRoutes(
            OutboundPool pool,
            long outboundBytes,
            RestLimits limits,
            ObservationRegistry observations,
            Supplier<@Nullable String> issuer) {
        this.pool = pool;
        this.outboundBytes = outboundBytes;
        this.limits = limits;
        this.observed = new ObservedRequests(observations);
        this.bodies = new RequestBody(limits);
        this.produce = new Produce(bodies, limits);
        this.topics = new TopicRoutes(bodies);
        this.groups = new GroupRoutes(bodies);
        this.confluent = new ConfluentRoutes(bodies, limits);
        this.claims = new Claims(
                Schedulers.parallel(),
                System::nanoTime,
                new ClaimIds(new SecureRandom(), issuer),
                ClaimLimits.defaults());
        this.claimRoutes = new ClaimRoutes(bodies, claims);
    }

    /** Whether a path is one of these. */
    public static boolean has(String path) {
        return path.startsWith("/v1/") || path.startsWith("/v3/");
    }

    /** Which version a path is of, such as {@code /v1}. */
    public static String version(String path) {
        return path.substring(0, path.indexOf('/', 1));
    }

    /** The paths that there are, with {@code *} for names: {@code openapi.yaml} is held against them. */
    static Set<String> patterns() {
        return ROUTES.keySet();
    }

    /** What bodies of requests hold together until they are used. */
    long bodyBytes() {
        return bodies.heldBytes();
    }

    /** Connections whose answers are counted. */
    public Set<OutboundConnection> connections() {
        return connections;
    }

    /**
     * The live streams of some principals, each to come on its own event loop, if that is there still.
     *
     * @param owners whose, by their names
     */
    public Flux<Mono<Subscribed>> subscribed(Predicate<String> owners) {
        return Flux.fromIterable(reading)
                .ofType(LiveStream.class)
                .filter(stream -> owners.test(stream.exchange.caller().name()))
                .map(stream -> Mono.create(found -> stream.later(() -> found.success(stream), found::success)));
    }

    /** The answer to a request; to be called and subscribed to on its event loop. */
    public Publisher<Void> answer(HttpServerRequest request, HttpServerResponse response, Caller caller) {
        Exchange exchange;
        try {
            exchange = new Exchange(
                    request,
                    response,
                    caller,
                    observed.registry(),
                    channel -> HttpOutbound.of(channel, pool, connections, outboundBytes));
        } catch (LevadaException error) {
            return Exchange.refuse(response, error);
        }
        String pattern = pattern(exchange.target());
        Mono<Void> answer = Mono.defer(() -> {
                    inFlight.incrementAndGet();
                    return Mono.from(route(pattern, exchange));
                })
                .onErrorResume(error -> failed(exchange, error))
                .doFinally(end -> inFlight.decrementAndGet());
        return observed.observed(exchange, pattern, answer);
    }

    private Mono<Void> failed(Exchange exchange, Throwable error) {
        if (!exchange.channel().isActive()) {
            LOG.debug("{} is gone: {}", exchange, error.toString());
            return Mono.empty();
        } else if (exchange.response().hasSentHeaders()) {
            return Mono.error(error);
        }
        if (WireErrors.known(error).code().httpStatus() >= 500) {
            exchange.observation().error(error); // of others the client is the cause
        }
        return Mono.from(exchange.fail(error));
    }

    private Publisher<Void> route(String pattern, Exchange exchange) {
        if (goingAway) {
            throw new LevadaException(ErrorCode.GOING_AWAY, "the server stops; send it again, here or elsewhere");
        }
        Route route = ROUTES.get(pattern);
        if (route == null) {
            throw new Exchange.NoSuchPath("there is nothing at this path; there are " + PATHS);
        }
        return route.answer(this, exchange);
    }

    /** Which of {@link #ROUTES} a path is; {@code *} where it is none. */
    private static String pattern(Target target) {
        for (String pattern : ROUTES.keySet()) {
            if (target.is(pattern)) {
                return pattern;
            }
        }
        return "*";
    }

    private Publisher<Void> recordsOrPage(Exchange exchange) {
        return exchange.isGet() ? page(exchange) : records(exchange);
    }

    private Publisher<Void> page(Exchange exchange) {
        return Page.answer(exchange, reading, limits);
    }

    private Publisher<Void> stream(Exchange exchange) {
        return LiveStream.answer(exchange, reading, limits);
    }

    private Publisher<Void> records(Exchange exchange) {
        exchange.only(HttpMethod.GET, HttpMethod.POST);
        return produce.answer(exchange);
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
