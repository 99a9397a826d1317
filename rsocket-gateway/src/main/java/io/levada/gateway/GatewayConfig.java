package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a server listens and whom it answers. Immutable.
 *
 * @param host name or address to bind, loopback unless {@code insecure}
 * @param port of RSocket over TCP; 0 picks a free one
 * @param httpPort of HTTP and RSocket over WebSocket; 0 picks a free one
 * @param insecure whether an address that others can reach may be bound without TLS and authentication
 * @param allowedHosts names, without a port, that a {@code Host} header may hold besides loopback's and {@code host}
 * @param allowedOrigins origins, such as {@code https://app.example:8443}, of pages that may use this server besides its own
 * @param tls what both ports speak TLS with, null for none
 * @param advertised where others reach HTTP, {@code HOST:PORT}, which claims are named with so that other gateways can say where
 *     one is ended; port 0 stands for the one that is bound, null for a server that is the only one
 */
public record GatewayConfig(
        String host,
        int port,
        int httpPort,
        boolean insecure,
        List<String> allowedHosts,
        List<String> allowedOrigins,
        GatewayLimits limits,
        @Nullable TlsConfig tls,
        @Nullable String advertised) {
    public static final int DEFAULT_PORT = 7878;
    public static final int DEFAULT_HTTP_PORT = 7880;

    public GatewayConfig {
        allowedHosts = List.copyOf(allowedHosts);
        allowedOrigins = List.copyOf(allowedOrigins);
    }

    /** Loopback, ports 7878 and 7880. */
    public static GatewayConfig defaults() {
        return new GatewayConfig(
                "127.0.0.1",
                DEFAULT_PORT,
                DEFAULT_HTTP_PORT,
                false,
                List.of(),
                List.of(),
                GatewayLimits.defaults(),
                null,
                null);
    }

    public GatewayConfig withHost(String value) {
        return new GatewayConfig(
                value, port, httpPort, insecure, allowedHosts, allowedOrigins, limits, tls, advertised);
    }

    public GatewayConfig withPorts(int rsocket, int http) {
        return new GatewayConfig(host, rsocket, http, insecure, allowedHosts, allowedOrigins, limits, tls, advertised);
    }

    public GatewayConfig withInsecure(boolean value) {
        return new GatewayConfig(host, port, httpPort, value, allowedHosts, allowedOrigins, limits, tls, advertised);
    }

    public GatewayConfig withAllowedHosts(List<String> values) {
        return new GatewayConfig(host, port, httpPort, insecure, values, allowedOrigins, limits, tls, advertised);
    }

    public GatewayConfig withAllowedOrigins(List<String> values) {
        return new GatewayConfig(host, port, httpPort, insecure, allowedHosts, values, limits, tls, advertised);
    }

    public GatewayConfig withLimits(GatewayLimits value) {
        return new GatewayConfig(host, port, httpPort, insecure, allowedHosts, allowedOrigins, value, tls, advertised);
    }

    public GatewayConfig withTls(@Nullable TlsConfig value) {
        return new GatewayConfig(
                host, port, httpPort, insecure, allowedHosts, allowedOrigins, limits, value, advertised);
    }

    public GatewayConfig withAdvertised(@Nullable String value) {
        return new GatewayConfig(host, port, httpPort, insecure, allowedHosts, allowedOrigins, limits, tls, value);
    }

    /** Where others reach this machine, with port 0: the host that is bound, or an address of its own where that is all. */
    public String ownAddress() {
        try {
            InetAddress bound = InetAddress.getByName(host);
            InetAddress own = bound.isAnyLocalAddress() ? InetAddress.getLocalHost() : bound;
            String name = bound.isAnyLocalAddress() ? own.getHostAddress() : host;
            return (name.indexOf(':') >= 0 ? "[" + name + "]" : name) + ":0";
        } catch (UnknownHostException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "it is not known where others reach host " + host + "; say it with --advertise HOST:PORT",
                    e);
        }
    }

    /**
     * Whether a server may be started so, before anything is opened for it.
     *
     * @param asks whether peers have to say who they are, by a token or a password
     * @throws LevadaException with {@link ErrorCode#INVALID_REQUEST} as {@link #checkHost} and {@link TlsConfig#check} do
     */
    public void check(boolean asks) {
        checkHost(asks);
        if (tls != null) {
            tls.check();
        }
    }

    /** Whether whoever connects has to say who it is. */
    private boolean authenticates() {
        return tls != null && tls.clientAuth() == TlsConfig.ClientAuth.REQUIRE;
    }

    /**
     * Whether the host may be bound.
     *
     * @param asks whether peers have to say who they are, by a token or a password
     * @throws LevadaException with {@link ErrorCode#INVALID_REQUEST} when it is not known, or others reach it without TLS
     *     and authentication and {@code insecure} is not set
     */
    public void checkHost(boolean asks) {
        InetAddress address;
        try {
            address = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, "host " + host + " is not known here; use 127.0.0.1", e);
        }
        if (address.isLoopbackAddress() || insecure || (tls != null && (asks || authenticates()))) {
            return;
        }
        String missing = tls == null
                ? "without TLS (add --tls-certificate FILE and --tls-key FILE)"
                : "without saying who they are (add --auth-tokens or others, or --tls-client-ca FILE)";
        throw new LevadaException(
                ErrorCode.INVALID_REQUEST,
                "host " + host + " is open to others, who could read and write everything " + missing
                        + ", or bind 127.0.0.1, or add --insecure to do it nevertheless");
    }
}
