package io.levada.web;

import io.levada.access.AccessControl;
import io.levada.engine.EmbeddedEngine;
import io.levada.facade.Engine;
import io.levada.gateway.GatewayConfig;
import io.levada.gateway.GatewayServer;
import io.micrometer.observation.ObservationRegistry;

/** An engine in memory, or in a directory, served on free ports of this process. */
final class WebServer implements AutoCloseable {
    private final Engine engine;
    private final GatewayServer gateway;

    private WebServer(Engine engine, GatewayServer gateway) {
        this.engine = engine;
        this.gateway = gateway;
    }

    static WebServer start() {
        return start("memory:");
    }

    /** Serves a store, an address of an embedded engine. */
    static WebServer start(String store) {
        return start(store, GatewayConfig.defaults().withPorts(0, 0));
    }

    /** Serves an empty engine in memory to those who are let in; who lets them in stays the caller's. */
    static WebServer start(AccessControl access) {
        Engine engine = EmbeddedEngine.open("memory:");
        try {
            GatewayConfig config = GatewayConfig.defaults().withPorts(0, 0);
            return new WebServer(engine, GatewayServer.start(engine, config, access, ObservationRegistry.NOOP));
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    /** Serves at ports of one's own, for a server that comes back where it was. */
    static WebServer start(String store, GatewayConfig config) {
        Engine engine = EmbeddedEngine.open(store);
        try {
            return new WebServer(engine, GatewayServer.start(engine, config));
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    /** Where pages are, without a slash at the end. */
    String http() {
        return "http://127.0.0.1:" + gateway.httpAddress().getPort();
    }

    String webSocket() {
        return "ws://127.0.0.1:" + gateway.httpAddress().getPort() + "/rsocket";
    }

    String tcp() {
        return "rsocket://127.0.0.1:" + gateway.tcpAddress().getPort();
    }

    /** The port of {@link #http}. */
    int httpPort() {
        return gateway.httpAddress().getPort();
    }

    /** The port of {@link #tcp}. */
    int tcpPort() {
        return gateway.tcpAddress().getPort();
    }

    @Override
    public void close() {
        try {
            gateway.close();
        } finally {
            engine.close();
        }
    }
}
