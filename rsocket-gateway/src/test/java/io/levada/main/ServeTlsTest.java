package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.gateway.Certificates;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TLS as people meet it: a server of its own process, and the command line. */
@Timeout(120)
class ServeTlsTest {
    private static final int PATIENCE_MS = (int) Duration.ofSeconds(30).toMillis();

    private final Path directory;
    private final Certificates known;
    private final Certificates.Pair own;

    ServeTlsTest(@TempDir Path directory) {
        this.directory = directory;
        known = new Certificates(directory.resolve("known"));
        own = known.server("server");
    }

    @Test
    void the_command_line_talks_to_a_server_through_tls() throws Exception {
        Certificates.Pair alice = known.client("alice");
        String[] options = {
            "--tls-certificate", own.certificate(), "--tls-key", own.key(), "--tls-client-ca", known.ca()
        };
        try (ServeProcess server = ServeProcess.start(directory.resolve("store"), 0, 0, options)) {
            assertTrue(
                    server.ready().matches("ready rsockets://127\\.0\\.0\\.1:\\d+ https://127\\.0\\.0\\.1:\\d+"),
                    server.ready());
            String webSocket = server.http().replace("https", "wss") + "/rsocket";
            for (String address : new String[] {server.address(), webSocket}) {
                Program shown = Program.run(
                        "--server",
                        address,
                        "--tls-ca",
                        known.ca(),
                        "--tls-certificate",
                        alice.certificate(),
                        "--tls-key",
                        alice.key(),
                        "topic",
                        "list");
                assertEquals(0, shown.code(), shown.err());
                Program untrusting = Program.run("--server", address, "topic", "list");
                assertEquals(1, untrusting.code());
                assertTrue(
                        untrusting
                                .err()
                                .matches("UNTRUSTED_CERTIFICATE: [^\n]* is not trusted: [^\n]* --tls-ca FILE\n"),
                        untrusting.err());
            }
            Program nobody = Program.run("--server", server.address(), "--tls-ca", known.ca(), "topic", "list");
            assertEquals(1, nobody.code());
            assertTrue(nobody.err().matches("UNTRUSTED_CERTIFICATE: [^\n]* --tls-key FILE\n"), nobody.err());
        }
    }

    @Test
    void a_client_that_asks_for_another_handshake_is_refused() throws Exception {
        String[] options = {"--tls-certificate", own.certificate(), "--tls-key", own.key()};
        try (ServeProcess server = ServeProcess.start(directory.resolve("store"), 0, 0, options);
                Socket plain = new Socket(
                        InetAddress.getLoopbackAddress(),
                        URI.create(server.http()).getPort());
                SSLSocket tls = known.over(plain)) {
            plain.setSoTimeout(PATIENCE_MS);
            tls.setEnabledProtocols(new String[] {"TLSv1.2"});
            ask(tls);
            assertThrows(IOException.class, () -> {
                tls.startHandshake();
                ask(tls);
            });
        }
    }

    /** Asks, and reads the whole answer; where another handshake is let through, that succeeds behind it too. */
    private static void ask(SSLSocket tls) throws IOException {
        String request = "GET /healthz HTTP/1.1\r\nHost: localhost:" + tls.getPort() + "\r\n\r\n";
        tls.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        for (int next = tls.getInputStream().read();
                next != '}';
                next = tls.getInputStream().read()) {
            if (next < 0) {
                throw new EOFException();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "--tls-certificate c, --tls-certificate and --tls-key go together",
        "--tls-key k, --tls-certificate and --tls-key go together",
        "--tls-client-ca a, are of no use without TLS",
        "--tls-client-auth require, are of no use without TLS",
        "--tls-certificate c --tls-key k --tls-client-auth require, --tls-client-auth needs --tls-client-ca"
    })
    void options_that_do_not_go_together_are_refused(String options, String why) {
        Program refused = Program.run(("serve --store memory: " + options).split(" ", -1));
        assertEquals(2, refused.code(), refused.err());
        assertTrue(refused.err().contains(why), refused.err());
    }

    @Test
    void a_file_that_is_not_there_is_named_and_nothing_is_touched() {
        Path store = directory.resolve("store");
        Program refused = Program.run(
                "serve", "--store", "file:" + store, "--tls-certificate", "none.pem", "--tls-key", own.key());
        assertEquals(1, refused.code());
        assertEquals("INVALID_REQUEST: there is no file none.pem\n", refused.err());
        assertFalse(Files.exists(store), "nothing was opened");
    }
}
