package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.access.AccessControl;
import io.levada.facade.Engine;
import io.levada.rest.RestLimits;
import io.levada.rest.RestRoutes;
import io.levada.wire.OutboundConnection;
import io.levada.wire.OutboundPool;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.ChannelBindException;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.SslProvider;
import reactor.netty.tcp.TcpServer;

/**
 * An engine on the network: RSocket over TCP on one port, HTTP and RSocket over WebSocket on another. Safe for any
 * thread.
 */
public final class GatewayServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayServer.class);
    private static final Duration LOOPS_TIMEOUT = Duration.ofSeconds(2);
    private static final int MAX_HTTP_HEADER_BYTES = 16 << 10;
    private static final Duration HTTP_IDLE_TIMEOUT = Duration.ofSeconds(60);

    private final GatewayConfig config;
    private final Doors doors;
    private final LoopResources loops;
    private final Set<ClientSession> open = ConcurrentHashMap.newKeySet();
    private final OutboundPool pool;
    private final ServerStats stats;
    private final Metrics metrics;
    private final Reception reception;
    private final RestRoutes rest;
    private final @Nullable ServerTls tls;
    private final Probes probes;
    private final Future<?> relief;
    private final DisposableServer tcp;
    private final DisposableServer http;
    private volatile boolean stopping;

    private GatewayServer(
            Doors doors,
            GatewayConfig config,
            ObservationRegistry observations,
            PrometheusMeterRegistry registry,
            Traffic traffic) {
        this.config = config;
        this.doors = doors;
        this.tls = config.tls() == null ? null : new ServerTls(config.tls());
        this.loops = LoopResources.create("levada-gateway", LoopResources.DEFAULT_IO_WORKER_COUNT, true);
        this.pool = new OutboundPool(config.limits().outboundPoolBytes());
        this.rest = new RestRoutes(
                pool, config.limits().outboundBudgetBytes(), RestLimits.defaults(), observations, this::issuer);
        this.stats = new ServerStats(
                doors.engine(),
                Collections.unmodifiableCollection(open),
                rest::subscribed,
                this::outbound,
                pool,
                traffic);
        this.reception = new Reception(doors, config.limits(), pool, stats);
        this.metrics = new Metrics(registry, stats);
        this.probes = new Probes(doors.engine(), !doors.access().asks(), () -> !stopping, System::nanoTime);
        if (tls != null) {
            metrics.certificate(tls::expiry);
        }
        this.relief = relieve();
        @Nullable DisposableServer boundTcp = null;
        try {
            boundTcp = bindTcp();
            tcp = boundTcp;
            http = bindHttp();
        } catch (RuntimeException e) {
            if (boundTcp != null) {
                boundTcp.disposeNow();
            }
            disposeLoops();
            throw e;
        }
    }

    /** The same for everybody. */
    public static GatewayServer start(Engine engine, GatewayConfig config) {
        return start(engine, config, AccessControl.open(), ObservationRegistry.NOOP);
    }

    /**
     * Binds both ports and serves.
     *
     * @param engine what is served; it stays the caller's, who closes it after this
     * @param access who is let in, and what they may; the caller's as well
     * @param observations what requests over HTTP are told to
     * @throws LevadaException with {@link ErrorCode#INVALID_REQUEST} when the host is not loopback and {@code insecure} is
     *     not set, or cannot be bound, or a port is in use
     */
    public static GatewayServer start(
            Engine engine, GatewayConfig config, AccessControl access, ObservationRegistry observations) {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Traffic traffic = new Traffic(registry);
        config.checkHost(access.asks());
        return new GatewayServer(
                new Doors(access, new MeteredEngine(engine, traffic)), config, observations, registry, traffic);
    }

    /** The same with doors of one's own, whose traffic is not counted. */
    static GatewayServer start(Doors doors, GatewayConfig config) {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        config.checkHost(doors.access().asks());
        return new GatewayServer(doors, config, ObservationRegistry.NOOP, registry, new Traffic(registry));
    }

    /** How other gateways name this one; asked for by requests, so that HTTP is bound by then. */
    private @Nullable String issuer() {
        String address = config.advertised();
        return address != null && address.endsWith(":0")
                ? address.substring(0, address.length() - 1) + httpAddress().getPort()
                : address;
    }

    private Future<?> relieve() {
        PressureRelief relief = new PressureRelief(pool, this::outbound);
        long ms = PressureRelief.INTERVAL.toMillis();
        return loops.onServer(true).next().scheduleWithFixedDelay(relief::look, ms, ms, TimeUnit.MILLISECONDS);
    }

    private List<OutboundConnection> outbound() {
        List<OutboundConnection> all = new ArrayList<>(rest.connections());
        open.forEach(session -> all.add(session.connection()));
        return all;
    }

    /** What all connections hold, for tests and for what watches a server. */
    OutboundPool pool() {
        return pool;
    }

    private DisposableServer bindTcp() {
        TcpServer server = Sockets.prepare(TcpServer.create())
                .host(config.host())
                .port(config.port())
                .runOn(loops)
                .handle((in, out) -> {
                    Connection[] connection = new Connection[1];
                    in.withConnection(found -> connection[0] = found);
                    return serve(connection[0], Framing.TCP);
                });
        ServerTls secured = tls;
        if (secured != null) {
            server = server.secure(spec -> secure(spec, secured))
                    .doOnChannelInit((observer, channel, address) -> Handshake.watch(channel, Framing.TCP));
        }
        return bind(server::bindNow, config.port());
    }

    private DisposableServer bindHttp() {
        HttpRoutes routes =
                new HttpRoutes(new HostCheck(config), doors, config.limits(), probes, metrics, rest, (in, out) -> {
                    Connection[] connection = new Connection[1];
                    in.withConnection(found -> connection[0] = found);
                    return serve(connection[0], Framing.WEBSOCKET);
                });
        HttpServer server = Sockets.prepare(HttpServer.create())
                .host(config.host())
                .port(config.httpPort())
                .runOn(loops)
                .httpRequestDecoder(spec -> spec.maxHeaderSize(MAX_HTTP_HEADER_BYTES))
                .doOnChannelInit(
                        (observer, channel, remote) -> HttpGuard.guard(channel, config.limits(), MAX_HTTP_HEADER_BYTES))
                .idleTimeout(HTTP_IDLE_TIMEOUT)
                .handle(routes);
        ServerTls secured = tls;
        if (secured != null) {
            server = server.secure(spec -> secure(spec, secured))
                    .doOnChannelInit((observer, channel, address) -> Handshake.watch(channel, Framing.WEBSOCKET));
        }
        return bind(server::bindNow, config.httpPort());
    }

    private void secure(SslProvider.SslContextSpec spec, ServerTls secured) {
        spec.sslContext(secured.context()).handshakeTimeout(config.limits().setupTimeout());
    }

    private DisposableServer bind(java.util.function.Supplier<DisposableServer> bind, int port) {
        try {
            return bind.get();
        } catch (ChannelBindException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "port " + port + " of " + config.host() + " cannot be bound, it may be in use: "
                            + (e.getCause() == null
                                    ? e.getMessage()
                                    : e.getCause().getMessage())
                            + "; choose another, or 0 for a free one",
                    e);
        }
    }

    /** Serves one connection, on its event loop; complete when it has closed. */
    private Publisher<Void> serve(Connection channel, Framing framing) {
        ClientSession session = reception.begin(channel, framing);
        FrameConnection connection = session.connection();
        open.add(session);
        pool.connected();
        connection.onClose().subscribe(null, error -> {}, () -> {
            open.remove(session);
            pool.disconnected();
        });
        if (stopping) {
            connection.dispose();
        }
        reception.speak(session);
        return connection.onClose();
    }

    /** Where RSocket over TCP is served. */
    public InetSocketAddress tcpAddress() {
        return (InetSocketAddress) tcp.address();
    }

    /** Where HTTP, and RSocket over WebSocket at {@code /rsocket}, is served. */
    public InetSocketAddress httpAddress() {
        return (InetSocketAddress) http.address();
    }

    /** Connections that are open, for tests and for what watches a server. */
    Set<ClientSession> connections() {
        return Set.copyOf(open);
    }

    /**
     * Stops within ten seconds: accepts nothing more, acknowledges what has arrived, ends streams with {@link
     * ErrorCode#GOING_AWAY}, and closes. So long as that takes {@code /readyz} says so, on the one port that stays open. The
     * engine stays open. Blocks; does nothing the second time.
     */
    @Override
    public void close() {
        synchronized (this) {
            if (stopping) {
                return;
            }
            stopping = true;
        }
        stopAccepting(tcp).block(LOOPS_TIMEOUT);
        open.forEach(opened -> opened.connection().later(opened::goAway, () -> {}));
        CompletableFuture<Void> left = rest.goAway().toFuture();
        awaitClosed(config.limits().stopTimeout(), left);
        if (!open.isEmpty()) {
            LOG.info("closing {} connections that did not end in time", open.size());
            open.forEach(opened -> opened.connection().dispose());
            awaitClosed(Duration.ofSeconds(1), left);
        }
        stopAccepting(http).block(LOOPS_TIMEOUT);
        disposeLoops();
    }

    private static Mono<Void> stopAccepting(DisposableServer server) {
        server.dispose();
        return server.onDispose();
    }

    private void awaitClosed(Duration limit, Future<?> left) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!(open.isEmpty() && rest.isIdle() && left.isDone()) && System.nanoTime() < deadline) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private void disposeLoops() {
        relief.cancel(false);
        metrics.close();
        loops.disposeLater(Duration.ZERO, LOOPS_TIMEOUT).block(LOOPS_TIMEOUT.plusSeconds(1));
        if (tls != null) {
            tls.close();
        }
    }
}
