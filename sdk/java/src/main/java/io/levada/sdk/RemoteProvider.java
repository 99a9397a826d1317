package io.levada.sdk;

import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.LevadaProvider;
import io.levada.facade.EngineLevada;
import java.util.List;

/** Opens {@code rsocket://HOST[:7878]} and {@code ws://HOST:PORT[/rsocket]}, and the same over TLS as {@code rsockets:} and {@code wss:}. */
public final class RemoteProvider implements LevadaProvider {
    @Override
    public List<String> schemes() {
        return List.of("rsocket", "ws", "rsockets", "wss");
    }

    /** Connects before it returns; fails with CONNECTION_LOST when nobody answers there, and with
     * UNTRUSTED_CERTIFICATE when it is somebody else. */
    @Override
    public Levada open(String address, LevadaOptions options) {
        Address where = Address.parse(address);
        LinkLimits limits = LinkLimits.of(options.connectTimeout()).withReconnectTimeout(options.reconnectTimeout());
        RemoteEngine engine = new RemoteEngine(new Link(where, limits, Credentials.of(where, options.security())));
        try {
            engine.connect();
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
        return new EngineLevada(address, engine, options);
    }
}
