package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.gateway.TlsConfig.ClientAuth;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets through TLS, and who does not; over both ports. */
final class TlsTest {
    /** What a ClientHello of 1.2 for an elliptic curve needs: groups, point formats, signature algorithms. */
    private static final String EXTENSIONS = "000a000400020017" + "000b00020100" + "000d000400020403";

    private final Certificates known;
    private final Certificates foreign;
    private final FakeEngine engine = new FakeEngine();
    private GatewayServer server;

    TlsTest(@TempDir Path directory) {
        known = new Certificates(directory.resolve("known"));
        foreign = new Certificates(directory.resolve("foreign"));
        server = start(known.server("server").tls());
    }

    private GatewayServer start(TlsConfig tls) {
        return GatewayServer.start(engine, Servers.config().withTls(tls));
    }

    private void restart(GatewayConfig config) {
        server.close();
        server = GatewayServer.start(engine, config);
    }

    private void restart(TlsConfig tls) {
        restart(Servers.config().withTls(tls));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private int port(String scheme) {
        return (scheme.startsWith("rsocket") ? server.tcpAddress() : server.httpAddress()).getPort();
    }

    private String topics(String scheme, String host, LevadaOptions options) {
        String address = scheme + "://" + host + ":" + port(scheme);
        try (Levada levada = Levada.open(address, options.withReconnectTimeout(Duration.ZERO))) {
            return String.valueOf(levada.topics().list().collectList().block(Await.LIMIT));
        }
    }

    private LevadaException refusal(String scheme, String host, LevadaOptions options) {
        return assertThrows(LevadaException.class, () -> topics(scheme, host, options));
    }

    private void assertUntrusted(String scheme, String host, LevadaOptions options, String why) {
        LevadaException refused = refusal(scheme, host, options);
        assertEquals(ErrorCode.UNTRUSTED_CERTIFICATE, refused.code(), refused.line());
        assertTrue(refused.line().contains(why), refused.line());
    }

    @ParameterizedTest
    @CsvSource({"rsockets, 127.0.0.1", "rsockets, localhost", "wss, 127.0.0.1", "wss, localhost"})
    void whoever_trusts_the_server_is_served(String scheme, String host) {
        assertEquals("[]", topics(scheme, host, known.trusted()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsockets", "wss"})
    void a_server_of_an_unknown_authority_is_not_trusted(String scheme) {
        for (LevadaOptions options : List.of(foreign.trusted(), LevadaOptions.defaults())) {
            assertUntrusted(scheme, "127.0.0.1", options, " is not trusted: ");
            assertUntrusted(scheme, "127.0.0.1", options, "; give those of who issued it with --tls-ca FILE");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsockets", "wss"})
    void a_certificate_for_another_host_is_refused(String scheme) {
        restart(known.serverFor("levada.example").tls());
        assertUntrusted(scheme, "127.0.0.1", known.trusted(), " is for another host ");
        assertUntrusted(scheme, "localhost", known.trusted(), " is for another host ");
    }

    @Test
    void an_expired_certificate_is_not_served_and_not_trusted() throws IOException {
        Certificates.Pair expired = known.expired();
        LevadaException refused = assertThrows(LevadaException.class, () -> start(expired.tls()));
        assertTrue(refused.line().contains("which is not now; renew it"), refused.line());

        try (SSLServerSocket another = expired.listen()) {
            CompletableFuture<Void> serving = CompletableFuture.runAsync(() -> serveOnce(another));
            String address = "rsockets://127.0.0.1:" + another.getLocalPort();
            LevadaException untrusted =
                    assertThrows(LevadaException.class, () -> Levada.open(address, known.trusted()));
            assertEquals(ErrorCode.UNTRUSTED_CERTIFICATE, untrusted.code(), untrusted.line());
            assertTrue(untrusted.line().contains("is not valid any more"), untrusted.line());
            serving.join();
        }
    }

    private static void serveOnce(SSLServerSocket listening) {
        try (SSLSocket accepted = (SSLSocket) listening.accept()) {
            accepted.startHandshake();
            accepted.getInputStream().read();
        } catch (IOException e) {
            // The client went, as it should.
        }
    }

    /** The first byte that is answered to a ClientHello: 22 for a ServerHello, 21 for an alert. */
    @ParameterizedTest
    @CsvSource({
        "rsockets, 0303, c02b, 22", // control: TLS 1.2 with AES-GCM
        "rsockets, 0303, c023, 21", // AES-CBC
        "rsockets, 0303, c009, 21",
        "rsockets, 0302, c009, 21", // TLS 1.1
        "rsockets, 0301, c009, 21",
        "wss, 0303, c02b, 22",
        "wss, 0303, c023, 21",
        "wss, 0302, c009, 21"
    })
    void old_versions_and_ciphers_that_do_not_authenticate_are_refused(
            String scheme, String version, String cipher, int answer) throws IOException {
        try (Socket socket = connect(scheme)) {
            socket.getOutputStream().write(clientHello(version, cipher));
            assertEquals(answer, socket.getInputStream().read());
        }
    }

    private Socket connect(String scheme) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(scheme));
        socket.setSoTimeout((int) Await.LIMIT.toMillis());
        return socket;
    }

    /** RFC 5246, sections 6.2.1 and 7.4.1.2. */
    private static byte[] clientHello(String version, String cipher) {
        String body =
                version + "5a".repeat(32) + "00" + "0002" + cipher + "0100" + lengthOf(EXTENSIONS, 4) + EXTENSIONS;
        String handshake = "01" + lengthOf(body, 6) + body;
        return HexFormat.of().parseHex("160301" + lengthOf(handshake, 4) + handshake);
    }

    private static String lengthOf(String hex, int digits) {
        return HexFormat.of().toHexDigits(hex.length() / 2, digits);
    }

    private static void awaitClosed(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        try {
            while (in.read() >= 0) {
                // An alert may come first.
            }
        } catch (SocketException | SSLException e) {
            // Reset, or cut off, is closed too.
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsockets", "wss"})
    void half_a_hello_is_cut_off_in_time_and_holds_nothing(String scheme) throws IOException {
        Duration limit = Duration.ofMillis(300);
        restart(Servers.config()
                .withTls(known.server("server").tls())
                .withLimits(GatewayLimits.defaults().withSetupTimeout(limit)));
        byte[] hello = clientHello("0303", "c02b");
        long begun = System.nanoTime();
        try (Socket socket = connect(scheme)) {
            socket.getOutputStream().write(hello, 0, hello.length / 2);
            awaitClosed(socket);
        }
        assertTrue(System.nanoTime() - begun >= limit.toNanos(), "cut off too early");
        assertTrue(server.connections().isEmpty(), "there is a connection");
        assertEquals("[]", topics(scheme, "127.0.0.1", known.trusted()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsockets", "wss"})
    void who_speaks_plain_text_to_tls_is_closed(String scheme) throws IOException {
        for (String text : List.of(
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "\0\0\u0006 RSocket?", "x".repeat(99_999))) {
            try (Socket socket = connect(scheme)) {
                socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
                awaitClosed(socket);
            }
        }
        String plain = scheme.equals("wss") ? "ws" : "rsocket";
        LevadaException refused = refusal(plain, "127.0.0.1", LevadaOptions.defaults());
        if (plain.equals("rsocket")) {
            assertEquals("INVALID_REQUEST: this port speaks TLS; use rsockets://", refused.line());
        } else {
            assertEquals(ErrorCode.CONNECTION_LOST, refused.code(), refused.line());
            assertTrue(refused.line().contains("400 Bad Request"), refused.line());
        }
        assertEquals("[]", topics(scheme, "127.0.0.1", known.trusted()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsockets", "wss"})
    void who_speaks_tls_to_plain_text_is_closed(String scheme) {
        restart(Servers.config());
        LevadaException refused = refusal(scheme, "127.0.0.1", known.trusted());
        assertTrue(refused.line().contains("TLS"), refused.line());
        assertEquals("[]", topics(scheme.equals("wss") ? "ws" : "rsocket", "127.0.0.1", LevadaOptions.defaults()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsockets", "wss"})
    void what_is_not_tls_behind_the_handshake_closes_the_connection(String scheme) throws IOException {
        try (Socket plain = connect(scheme);
                SSLSocket tls = known.over(plain)) {
            tls.startHandshake();
            plain.getOutputStream().write("x".repeat(100).getBytes(StandardCharsets.US_ASCII));
            awaitClosed(plain);
        }
        assertEquals("[]", topics(scheme, "127.0.0.1", known.trusted()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsockets", "wss"})
    void clients_that_have_to_show_a_certificate_show_a_good_one(String scheme) {
        restart(known.server("server").tls().withClientAuth(ClientAuth.REQUIRE, known.ca()));
        Certificates.Pair good = known.client("alice");
        Certificates.Pair bad = foreign.client("mallory");

        assertEquals(
                "[]",
                topics(scheme, "127.0.0.1", known.trusted().withClientCertificate(good.certificate(), good.key())));
        String why = " does not take this client's certificate, or misses one (";
        assertUntrusted(scheme, "127.0.0.1", known.trusted(), why);
        assertUntrusted(scheme, "127.0.0.1", known.trusted().withClientCertificate(bad.certificate(), bad.key()), why);
        assertTrue(server.connections().isEmpty(), "there is a connection");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsockets", "wss"})
    void clients_that_may_show_a_certificate_need_not(String scheme) {
        restart(known.server("server").tls().withClientAuth(ClientAuth.REQUEST, known.ca()));
        Certificates.Pair good = known.client("alice");
        assertEquals("[]", topics(scheme, "127.0.0.1", known.trusted()));
        assertEquals(
                "[]",
                topics(scheme, "127.0.0.1", known.trusted().withClientCertificate(good.certificate(), good.key())));
    }

    @Test
    void an_open_address_needs_tls_and_certificates_of_clients() {
        GatewayConfig open = Servers.config().withHost("0.0.0.0");
        TlsConfig tls = known.server("server").tls();
        assertThrows(LevadaException.class, () -> open.checkHost(true));
        LevadaException refused =
                assertThrows(LevadaException.class, () -> open.withTls(tls).checkHost(false));
        assertTrue(refused.line().contains("without saying who they are"), refused.line());
        assertTrue(refused.line().contains("--insecure"), refused.line());

        open.withTls(tls).withInsecure(true).checkHost(false);
        open.withTls(tls.withClientAuth(ClientAuth.REQUIRE, known.ca())).checkHost(false);
        open.withTls(tls).checkHost(true);
        assertThrows(LevadaException.class, () -> open.withTls(tls.withClientAuth(ClientAuth.REQUEST, known.ca()))
                .checkHost(false));
    }

    @Test
    void what_is_wrong_with_the_files_is_said_at_once() {
        Certificates.Pair one = known.server("one");
        Certificates.Pair other = known.server("other");
        String encrypted = known.write(
                "encrypted.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        String old = known.write("old.key", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");

        assertRefused(TlsConfig.of(one.certificate(), other.key()), "is not that of the certificate");
        assertRefused(TlsConfig.of(one.certificate(), encrypted), "is encrypted; openssl pkcs8 -topk8 -nocrypt");
        assertRefused(TlsConfig.of(one.certificate(), old), "is not in PKCS#8; openssl pkcs8 -topk8 -nocrypt");
        assertRefused(TlsConfig.of(one.certificate(), one.certificate()), "holds no private key");
        assertRefused(TlsConfig.of(one.key(), one.key()), "holds no certificate");
        assertRefused(TlsConfig.of("nowhere.pem", one.key()), "there is no file nowhere.pem");
        TlsConfig.of(one.certificate(), one.key()).check();
    }

    private static void assertRefused(TlsConfig tls, String why) {
        LevadaException refused = assertThrows(LevadaException.class, tls::check);
        assertEquals(ErrorCode.INVALID_REQUEST, refused.code());
        assertTrue(refused.line().contains(why), refused.line());
    }
}
