package io.levada.main;

import io.levada.access.AccessControl;
import io.levada.delivery.DeliveryLimits;
import io.levada.engine.EmbeddedEngine;
import io.levada.engine.EngineConfig;
import io.levada.facade.Engine;
import io.levada.facade.EngineHealth;
import io.levada.gateway.GatewayConfig;
import io.levada.gateway.GatewayServer;
import io.levada.kafka.ClusterConfig;
import io.levada.kafka.KafkaEngine;
import io.micrometer.observation.ObservationRegistry;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An engine in this process and the gateway in front of it. */
final class Server implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    private final Engine engine;
    private final GatewayServer gateway;
    private final boolean tls;

    private Server(Engine engine, GatewayServer gateway, boolean tls) {
        this.engine = engine;
        this.gateway = gateway;
        this.tls = tls;
    }

    /**
     * Opens a store and serves it; fails with a {@link io.levada.LevadaException} when the store or an address is in use.
     *
     * @param store the address of an engine, {@code memory:}, {@code file:DIR} or {@code kafka://HOST:PORT}
     * @param access who is let in, and what they may; it stays the caller's, who closes it after this
     * @param observations what requests over HTTP are told to
     */
    static Server start(
            String store,
            GatewayConfig config,
            AccessControl access,
            DeliveryLimits delivery,
            ObservationRegistry observations) {
        config.check(access.asks());
        // A cluster may have other gateways, which are to say whose a claim is.
        boolean isUnnamed = KafkaEngine.opens(store) && config.advertised() == null;
        GatewayConfig named = isUnnamed ? config.withAdvertised(config.ownAddress()) : config;
        Engine engine = open(store, delivery);
        try {
            return new Server(engine, GatewayServer.start(engine, named, access, observations), config.tls() != null);
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    private static Engine open(String store, DeliveryLimits delivery) {
        return KafkaEngine.opens(store)
                ? KafkaEngine.open(store, ClusterConfig.defaults().withDelivery(delivery))
                : EmbeddedEngine.open(store, EngineConfig.defaultsFor(store).withDelivery(delivery));
    }

    /** The same for everybody. */
    static Server start(String store, GatewayConfig config) {
        return start(store, config, AccessControl.open(), DeliveryLimits.defaults(), ObservationRegistry.NOOP);
    }

    /** Says in the log whether the store had been closed as it should be, and what is wrong with it. */
    void tellStart() {
        EngineHealth health = engine.health();
        if (health.cleanStart()) {
            LOG.info("clean start: there was nothing to recover");
        } else {
            LOG.info("recovered after an end that was not clean: {} partitions changed", health.recoveredPartitions());
        }
        health.problems().forEach(problem -> LOG.warn("{}: {}", problem.partition(), problem.what()));
    }

    /** Where clients connect, by the port that was bound. */
    String rsocketAddress() {
        return (tls ? "rsockets://" : "rsocket://") + text(gateway.tcpAddress());
    }

    /** Where HTTP and WebSocket are served. */
    String httpAddress() {
        return (tls ? "https://" : "http://") + text(gateway.httpAddress());
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (address.getAddress() instanceof Inet6Address ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** Answers what is in flight, ends all streams, and leaves a store that needs no recovery. */
    @Override
    public void close() {
        try {
            gateway.close();
        } finally {
            engine.close();
        }
    }
}
