package io.levada.gateway;

import io.levada.access.AccessControl;
import io.levada.facade.Engine;
import io.micrometer.observation.ObservationRegistry;

/** Servers on free ports. */
final class Servers {
    private Servers() {}

    static GatewayConfig config() {
        return GatewayConfig.defaults().withPorts(0, 0);
    }

    static GatewayServer start(Engine engine) {
        return GatewayServer.start(engine, config());
    }

    static GatewayServer start(Engine engine, AccessControl access) {
        return GatewayServer.start(engine, config(), access, ObservationRegistry.NOOP);
    }

    static GatewayServer start(Engine engine, GatewayLimits limits) {
        return GatewayServer.start(engine, config().withLimits(limits));
    }
}
