package io.levada.connect.rest;

import com.sun.net.httpserver.Headers;
import jakarta.ws.rs.core.Response.Status;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.kafka.connect.runtime.rest.errors.ConnectRestException;

/** Lets in who calls this server by a name that only this machine has. */
final class LoopbackNames implements Gate {
    private static final String NAMES = "(localhost|127\\.0\\.0\\.1|\\[::1])(:[0-9]{1,5})?";
    private static final Pattern HOST = Pattern.compile(NAMES, Pattern.CASE_INSENSITIVE);
    private static final Pattern ORIGIN = Pattern.compile("https?://" + NAMES, Pattern.CASE_INSENSITIVE);

    @Override
    public void admit(String method, String path, Headers headers, InetSocketAddress remote) {
        List<String> hosts = headers.getOrDefault("Host", List.of());
        if (hosts.size() != 1 || !HOST.matcher(hosts.get(0)).matches()) {
            throw new ConnectRestException(
                    Status.FORBIDDEN, "The Host header does not name this server; use localhost, 127.0.0.1 or [::1]");
        }
        for (String origin : headers.getOrDefault("Origin", List.of())) {
            if (!ORIGIN.matcher(origin).matches()) {
                throw new ConnectRestException(
                        Status.FORBIDDEN, "Pages of other origins than this machine's may not use this server");
            }
        }
    }
}
