package io.levada.gateway;

import org.junit.jupiter.api.AfterEach;

/** {@link RoutesContract} and {@link GroupsContract} over WebSocket. */
final class RoutesOverWebSocketTest implements RoutesContract, GroupsContract {
    private final FakeEngine engine = new FakeEngine();
    private final GatewayServer server = Servers.start(engine);
    private final RawClient client = RawClient.webSocket(server);

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Override
    public RawClient client() {
        return client;
    }

    @Override
    public FakeEngine engine() {
        return engine;
    }
}
