package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HostCheckTest {
    private static final InetSocketAddress LOCAL = new InetSocketAddress(InetAddress.getLoopbackAddress(), 7880);

    private final HostCheck check = new HostCheck(GatewayConfig.defaults()
            .withAllowedHosts(List.of("levada.example"))
            .withAllowedOrigins(List.of("https://app.example")));

    private static HttpHeaders headers(String host) {
        return new DefaultHttpHeaders().add("Host", host);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost:7880",
                "LOCALHOST:7880",
                "127.0.0.1:7880",
                "127.8.9.1:7880",
                "[::1]:7880",
                "levada.example:7880"
            })
    void own_names_are_served(String host) {
        assertNull(check.refusal(headers(host), LOCAL));
        assertNull(check.refusal(headers(host).add("Origin", "http://" + host), LOCAL));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example:7880",
                "localhost",
                "localhost:7881",
                "localhost:80",
                "127.0.0.1.evil.example:7880",
                "localhost.evil.example:7880",
                "10.0.0.1:7880",
                "localhost:7880@evil.example",
                "localhost:7880/",
                "",
                "2130706433:7880",
                "0x7f.1:7880"
            })
    void other_names_are_refused(String host) {
        assertNotNull(check.refusal(headers(host), LOCAL));
    }

    @Test
    void a_request_names_one_host() {
        assertNotNull(check.refusal(new DefaultHttpHeaders(), LOCAL));
        assertNotNull(check.refusal(headers("localhost:7880").add("Host", "localhost:7880"), LOCAL));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://evil.example",
                "https://localhost:7880",
                "null",
                "http://localhost",
                "http://localhost:7880/",
                "https://app.example:1"
            })
    void pages_of_other_origins_are_refused(String origin) {
        assertNotNull(check.refusal(headers("localhost:7880").add("Origin", origin), LOCAL));
    }

    @Test
    void configured_origins_are_served() {
        assertNull(check.refusal(headers("localhost:7880").add("Origin", "https://app.example"), LOCAL));
    }

    @Test
    void a_server_open_to_others_answers_to_the_address_it_was_reached_by() throws UnknownHostException {
        HostCheck open =
                new HostCheck(GatewayConfig.defaults().withHost("0.0.0.0").withInsecure(true));
        InetSocketAddress reached = new InetSocketAddress(InetAddress.getByAddress(new byte[] {10, 1, 2, 3}), 7880);

        assertNull(open.refusal(headers("10.1.2.3:7880"), reached));
        assertNotNull(open.refusal(headers("10.1.2.4:7880"), reached));
        assertNotNull(open.refusal(headers("rebound.example:7880"), reached));
    }

    @Test
    void the_refusal_says_what_to_use() {
        assertEquals(
                "the Host header 'evil.example' does not name this server; use 127.0.0.1:7880 or a name it was configured with",
                check.refusal(headers("evil.example"), LOCAL));
    }
}
