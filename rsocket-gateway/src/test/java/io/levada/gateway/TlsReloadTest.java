package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.testgate.TestGate;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** Certificates that are renewed while a server runs. */
final class TlsReloadTest {
    private final Certificates known;
    private final Certificates.Pair first;
    private final EmbeddedEngine engine = EmbeddedEngine.open("memory:");
    private final GatewayServer server;

    TlsReloadTest(@TempDir Path directory) {
        known = new Certificates(directory);
        first = known.server("server");
        server =
                GatewayServer.start(engine, Servers.config().withTls(first.tls().withInterval(Duration.ofMillis(20))));
    }

    @AfterEach
    void stop() {
        server.close();
        engine.close();
    }

    /** Which certificate a new connection is shown. */
    private BigInteger shown(int port) {
        try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
                SSLSocket tls = known.over(plain)) {
            tls.setSoTimeout((int) Await.LIMIT.toMillis());
            tls.startHandshake();
            return ((X509Certificate) tls.getSession().getPeerCertificates()[0]).getSerialNumber();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private boolean shows(Certificates.Pair pair) {
        BigInteger serial = pair.bundle().getCertificate().getSerialNumber();
        return serial.equals(shown(server.tcpAddress().getPort()))
                && serial.equals(shown(server.httpAddress().getPort()));
    }

    @Test
    void a_renewed_certificate_is_shown_to_new_connections_while_a_stream_goes_on() {
        BlockingQueue<String> read = new LinkedBlockingQueue<>();
        String address = "rsockets://127.0.0.1:" + server.tcpAddress().getPort();
        try (Levada levada = Levada.open(address, known.trusted())) {
            levada.topics().create(TopicSpec.of("t")).block(Await.LIMIT);
            Disposable reading = levada.read(ReadSpec.of("t")).subscribe(record -> read.add(record.valueUtf8()));
            publish(levada, "before");
            assertEquals("before", Await.next("a record", read));
            Set<ClientSession> connections = server.connections();
            assertTrue(shows(first), "the first certificate");

            Certificates.Pair second = known.server("server");
            Await.until("the second certificate", () -> shows(second));
            publish(levada, "after");
            assertEquals("after", Await.next("a record", read));
            assertTrue(server.connections().containsAll(connections), "the connection was replaced");
            reading.dispose();
        }
    }

    private static void publish(Levada levada, String value) {
        levada.publish("t", Flux.just(Record.ofValue(value))).blockLast(Await.LIMIT);
    }

    @Test
    void a_key_that_does_not_belong_leaves_what_was_and_is_logged_once() {
        String key = first.bundle().getPrivateKeyPEM();
        String other = known.server("other").bundle().getPrivateKeyPEM();
        known.write("server.key", other);
        Await.until(
                "it is logged",
                () -> TestGate.expectError("is used still, for: the key in " + first.key() + " is not that of") == 1);
        assertTrue(shows(first), "the first certificate goes on");

        known.write("server.key", "no key at all");
        Await.until("the other fault is logged", () -> TestGate.expectError("holds no private key") == 1);
        known.write("server.key", key);
        Certificates.Pair second = known.server("server");
        assertFalse(second.key().isEmpty());
        Await.until("the second certificate", () -> shows(second));
    }

    @Test
    void metrics_tell_when_the_certificate_ends() throws IOException {
        try (Socket plain = new Socket(
                        InetAddress.getLoopbackAddress(), server.httpAddress().getPort());
                SSLSocket tls = known.over(plain)) {
            tls.getOutputStream()
                    .write(("GET /metrics HTTP/1.1\r\nHost: localhost:"
                                    + server.httpAddress().getPort()
                                    + "\r\nOrigin: https://localhost:"
                                    + server.httpAddress().getPort() + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            String page = new String(tls.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(page.startsWith("HTTP/1.1 200 OK"), page);
            String name = "levada_tls_certificate_expiry_seconds ";
            String line = page.lines()
                    .filter(each -> each.startsWith(name))
                    .findFirst()
                    .orElseThrow();
            Instant ends = first.bundle().getCertificate().getNotAfter().toInstant();
            assertEquals(ends.getEpochSecond(), (long) Double.parseDouble(line.substring(name.length())));
        }
    }
}
