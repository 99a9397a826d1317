package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.access.AuthorizationHeader;
import io.levada.access.Credentials;
import io.levada.testgate.FuzzGate;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whatever headers a request has: it is served only where Host and Origin name this server and nothing else, its end is clear to
 * all who are on the way, and what it presents is refused as that or read as RFC 6750 and RFC 7617 have it.
 */
class HeaderFuzzTest {
    private static final InetSocketAddress LOCAL = new InetSocketAddress(InetAddress.getLoopbackAddress(), 7_880);
    private static final String ALLOWED_ORIGIN = "https://app.example";
    private static final HostCheck CHECK = new HostCheck(GatewayConfig.defaults()
            .withAllowedHosts(List.of("levada.example"))
            .withAllowedOrigins(List.of(ALLOWED_ORIGIN)));

    private static final Set<String> NAMES = Set.of("localhost", "127.0.0.1", "levada.example");
    private static final Pattern PORT = Pattern.compile("0*7880");
    private static final Pattern LENGTH = Pattern.compile("(?i)content-length:[ \t]*[0-9]+[ \t]*");
    private static final Pattern CODING = Pattern.compile("(?i)transfer-encoding:.*");

    private final FuzzGate gate = new FuzzGate();

    @FuzzTest
    void a_request_is_served_only_as_this_servers_own(byte[] input) {
        HttpRequest request = decoded(input);
        if (request != null) {
            hosts(request.headers());
            end(request.headers(), new String(input, StandardCharsets.ISO_8859_1));
            for (String authorization : request.headers().getAll(HttpHeaderNames.AUTHORIZATION)) {
                authorization(authorization);
            }
        }
        gate.settled();
    }

    /** As the server's own decoder has it; null for none, or none yet. */
    private static @Nullable HttpRequest decoded(byte[] headers) {
        EmbeddedChannel channel = new EmbeddedChannel(new HttpRequestDecoder(new HttpDecoderConfig()
                .setHeadersFactory(RequestHeaders.FACTORY)
                .setMaxHeaderSize(16 << 10)));
        channel.writeInbound(
                Unpooled.copiedBuffer("GET / HTTP/1.1\r\n", StandardCharsets.ISO_8859_1),
                Unpooled.wrappedBuffer(headers),
                Unpooled.copiedBuffer("\r\n\r\n", StandardCharsets.ISO_8859_1));
        Object first = channel.readInbound();
        HttpRequest request =
                first instanceof HttpRequest found && found.decoderResult().isSuccess() ? found : null;
        ReferenceCountUtil.release(first);
        channel.finishAndReleaseAll();
        return request;
    }

    private static void hosts(HttpHeaders headers) {
        String refusal = CHECK.refusal(headers, LOCAL);
        if (refusal != null) {
            assertTrue(refusal.length() < 400, "a refusal as long as what it is about");
            return;
        }
        List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        assertEquals(1, hosts.size(), "served with several hosts");
        assertTrue(isOwn(hosts.get(0)), () -> "served as " + hosts);
        for (String origin : headers.getAll(HttpHeaderNames.ORIGIN)) {
            boolean own = origin.startsWith("http://") && isOwn(origin.substring("http://".length()));
            assertTrue(own || origin.equals(ALLOWED_ORIGIN), () -> "served to " + origin);
        }
    }

    /** Told apart in another way than the check does: by the last colon, and Netty's word on what is an address. */
    private static boolean isOwn(String authority) {
        int colon = authority.lastIndexOf(':');
        if (colon < 0 || !PORT.matcher(authority.substring(colon + 1)).matches()) {
            return false;
        }
        String name = authority.substring(0, colon).toLowerCase(Locale.ROOT);
        if (name.startsWith("[") && name.endsWith("]")) {
            String address = name.substring(1, name.length() - 1);
            return NetUtil.isValidIpV6Address(address) && isLoopback(address);
        }
        return NAMES.contains(name) || (NetUtil.isValidIpV4Address(name) && name.startsWith("127."));
    }

    private static boolean isLoopback(String address) {
        try {
            return InetAddress.getByAddress(NetUtil.createByteArrayFromIpAddressString(address))
                    .isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new AssertionError(address, e);
        }
    }

    /** One that says both a length and chunks, whatever the decoder made of them. */
    private static void end(HttpHeaders headers, String text) {
        List<String> lines = text.lines().toList();
        int blank = lines.indexOf("");
        List<String> said = blank < 0 ? lines : lines.subList(0, blank);
        boolean both = said.stream().anyMatch(LENGTH.asMatchPredicate())
                && said.stream().anyMatch(CODING.asMatchPredicate());
        if (both && headers.contains(HttpHeaderNames.TRANSFER_ENCODING)) {
            assertTrue(RequestHeaders.areAmbiguous(headers), "a length and chunks");
        }
        if (!RequestHeaders.areAmbiguous(headers) && headers.contains(HttpHeaderNames.TRANSFER_ENCODING)) {
            assertEquals(
                    "chunked", headers.get(HttpHeaderNames.TRANSFER_ENCODING).toLowerCase(Locale.ROOT));
        }
    }

    private static void authorization(String header) {
        Credentials presented;
        try {
            presented = AuthorizationHeader.credentials(header);
        } catch (LevadaException e) {
            assertEquals(ErrorCode.UNAUTHENTICATED, e.code());
            return;
        }
        if (presented instanceof Credentials.Bearer bearer) {
            assertEquals(presented, AuthorizationHeader.credentials("bearer " + bearer.token()));
        } else {
            Credentials.Simple simple = (Credentials.Simple) presented;
            String pair = simple.user() + ":" + simple.password();
            String encoded = Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
            assertEquals(presented, AuthorizationHeader.credentials("BASIC " + encoded));
        }
        Matcher secret = Pattern.compile("[A-Za-z]+ +(.{9,})").matcher(header);
        if (secret.matches()) {
            assertTrue(!presented.toString().contains(secret.group(1)), "it prints what is secret");
        }
    }
}
