package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.LevadaProvider;
import io.levada.facade.EngineLevada;
import java.util.List;

/** Opens {@code rsocket://HOST[:7878]} and {@code ws://HOST:PORT[/rsocket]}. */
public final class RemoteProvider implements LevadaProvider {
    /** The schemes with TLS are listed so that they are refused with a reason. */
    @Override
    public List<String> schemes() {
        return List.of("rsocket", "ws", "rsockets", "wss");
    }

    /** Connects before it returns; fails with CONNECTION_LOST when nobody answers there. */
    @Override
    public Levada open(String address, LevadaOptions options) {
        Address where = Address.parse(address);
        if (options.tokenFile() != null) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "this version does not authenticate; leave out the token file " + options.tokenFile());
        }
        RemoteEngine engine = new RemoteEngine(new Link(
                where, LinkLimits.of(options.connectTimeout()).withReconnectTimeout(options.reconnectTimeout())));
        try {
            engine.connect();
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
        return new EngineLevada(address, engine, options);
    }
}
