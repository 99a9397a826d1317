package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Where a server listens.
 *
 * @param tls whether it is spoken to over TLS
 * @param path what to ask for over WebSocket, null over TCP
 */
record Address(String text, String host, int port, @Nullable String path, boolean tls) {
    private static final int DEFAULT_RSOCKET_PORT = 7878;
    private static final int DEFAULT_WEBSOCKET_PORT = 80;
    private static final int DEFAULT_SECURE_WEBSOCKET_PORT = 443;
    private static final String DEFAULT_PATH = "/rsocket";

    /**
     * Reads {@code rsocket://HOST[:PORT]} or {@code ws://HOST[:PORT][/PATH]}, with an s behind the scheme for TLS; fails with
     * INVALID_REQUEST.
     */
    static Address parse(String text) {
        URI uri = uri(text);
        String scheme = String.valueOf(uri.getScheme());
        boolean tls = scheme.equals("rsockets") || scheme.equals("wss");
        boolean webSocket = scheme.equals("ws") || scheme.equals("wss");
        if (uri.getHost() == null) {
            throw invalid(text, "it names no host; write " + scheme + "://127.0.0.1:" + DEFAULT_RSOCKET_PORT);
        }
        if (uri.getUserInfo() != null || uri.getQuery() != null || uri.getFragment() != null) {
            throw invalid(
                    text, "it may hold a host, a port and (for ws) a path only; credentials never go into an address");
        }
        String path = uri.getPath() == null || uri.getPath().equals("/") ? "" : uri.getPath();
        if (!webSocket && !path.isEmpty()) {
            throw invalid(text, "over TCP there is no path; drop '" + path + "'");
        }
        int port = port(
                text,
                uri,
                webSocket ? (tls ? DEFAULT_SECURE_WEBSOCKET_PORT : DEFAULT_WEBSOCKET_PORT) : DEFAULT_RSOCKET_PORT);
        return new Address(text, host(uri), port, webSocket ? pathOrDefault(path) : null, tls);
    }

    /** Host and port as people write them. */
    String hostAndPort() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    private static String pathOrDefault(String path) {
        return path.isEmpty() ? DEFAULT_PATH : path;
    }

    private static URI uri(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw invalid(text, e.getReason());
        }
    }

    private static String host(URI uri) {
        String host = uri.getHost();
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static int port(String text, URI uri, int otherwise) {
        int port = uri.getPort();
        if (port == -1) {
            return otherwise;
        }
        if (port < 1 || port > 65_535) {
            throw invalid(text, "a port is 1 to 65535, not " + port);
        }
        return port;
    }

    private static LevadaException invalid(String text, String why) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, "the address '" + text + "' cannot be used: " + why);
    }
}
