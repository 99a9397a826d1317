package io.levada.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Keeps web pages of others from driving this server through a browser that runs beside it. Binding loopback does not: a
 * page may open a WebSocket to localhost (so {@code Origin} is looked at, which pages cannot choose), and with DNS
 * rebinding its own name may come to mean this machine (so {@code Host} is). Immutable.
 */
final class HostCheck {
    private static final Pattern AUTHORITY = Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?");
    private final GatewayConfig config;
    private final String ownScheme;
    private final int schemePort;

    HostCheck(GatewayConfig config) {
        this.config = config;
        this.ownScheme = config.tls() == null ? "http://" : "https://";
        this.schemePort = config.tls() == null ? 80 : 443;
    }

    /**
     * Null for a request that may be served, else why it is refused.
     *
     * @param local where the request arrived
     */
    @Nullable
    String refusal(HttpHeaders headers, InetSocketAddress local) {
        List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() != 1 || !isOwn(hosts.get(0), local)) {
            return "the Host header " + quoted(hosts) + " does not name this server; use 127.0.0.1:" + local.getPort()
                    + " or a name it was configured with";
        }
        List<String> origins = headers.getAll(HttpHeaderNames.ORIGIN);
        if (origins.size() > 1 || (origins.size() == 1 && !isAllowedOrigin(origins.get(0), local))) {
            return "pages of origin " + quoted(origins) + " may not use this server; configure the origin to allow it";
        }
        return null;
    }

    private boolean isAllowedOrigin(String origin, InetSocketAddress local) {
        return config.allowedOrigins().contains(origin)
                || (origin.startsWith(ownScheme) && isOwn(origin.substring(ownScheme.length()), local));
    }

    private boolean isOwn(String authority, InetSocketAddress local) {
        Matcher parts = AUTHORITY.matcher(authority);
        if (!parts.matches()) {
            return false;
        }
        int port = parts.group(2) == null ? schemePort : Integer.parseInt(parts.group(2));
        return port == local.getPort() && isOwnName(parts.group(1).toLowerCase(Locale.ROOT), local);
    }

    private boolean isOwnName(String name, InetSocketAddress local) {
        if (name.equals("localhost") || name.equalsIgnoreCase(bracketed(config.host()))) {
            return true;
        }
        InetAddress literal = literal(name);
        // An address cannot be rebound; the one that the connection came in by names this server.
        return literal != null
                ? literal.isLoopbackAddress() || literal.equals(local.getAddress())
                : config.allowedHosts().stream().anyMatch(name::equalsIgnoreCase);
    }

    private static String bracketed(String host) {
        return NetUtil.isValidIpV6Address(host) && !host.startsWith("[") ? "[" + host + "]" : host;
    }

    private static @Nullable InetAddress literal(String name) {
        byte[] address = NetUtil.createByteArrayFromIpAddressString(name);
        try {
            return address == null ? null : InetAddress.getByAddress(address);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + address.length + " bytes", e);
        }
    }

    private static String quoted(List<String> values) {
        String text = String.join(", ", values);
        return "'" + (text.length() <= 100 ? text : text.substring(0, 100) + "...") + "'";
    }
}
