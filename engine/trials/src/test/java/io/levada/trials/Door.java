package io.levada.trials;

import java.io.IOException;
import java.time.Duration;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * How a hostile peer comes in.
 *
 * @param port of RSocket
 * @param httpPort of HTTP, and of RSocket over WebSocket
 * @param tls null where the server speaks plain text
 * @param token what it shows to be let in; empty for one that is nobody, and is not
 */
record Door(int port, int httpPort, @Nullable SSLSocketFactory tls, String token) {
    static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int LONG_MS = 600_000;

    boolean known() {
        return !token.isEmpty();
    }

    boolean secured() {
        return tls != null;
    }

    /** Connected, and TLS agreed on. */
    RawConnection rsocket() throws IOException {
        return new RawConnection(port, tls);
    }

    /** Connected to the HTTP port, and TLS agreed on. */
    RawConnection http() throws IOException {
        return new RawConnection(httpPort, tls);
    }

    /** Connected, and no more than that. */
    static RawConnection bare(int port) throws IOException {
        return new RawConnection(port, null);
    }

    /** The lines of a head that every good request has. */
    String headers() {
        return "Host: 127.0.0.1:" + httpPort + "\r\n" + (known() ? "Authorization: Bearer " + token + "\r\n" : "");
    }

    String upgrade() {
        return "GET /rsocket HTTP/1.1\r\n" + headers()
                + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    }

    /** Upgraded to a WebSocket, and nothing said there. */
    RawConnection webSocket() throws IOException {
        RawConnection connection = http().send(upgrade() + "\r\n");
        String head = connection.head(PATIENCE);
        if (!head.startsWith("HTTP/1.1 101")) {
            throw new AssertionError("not upgraded: " + head);
        }
        return connection;
    }

    byte[] setup() {
        return Frames.setup(token, LONG_MS, LONG_MS);
    }

    /** RSocket over TCP, set up. */
    RawConnection setUp() throws IOException {
        return rsocket().send(Frames.framed(setup()));
    }

    /** RSocket over a WebSocket, set up. */
    RawConnection webSocketSetUp() throws IOException {
        return webSocket().send(Frames.webSocket(Frames.BINARY, setup()));
    }

    @Override
    public String toString() {
        return (secured() ? "TLS" : "plain") + (known() ? ", after authentication" : ", before authentication");
    }
}
