package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.LevadaOptions;
import io.levada.access.StaticTokens;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/** A server that asks everybody who they are, with or without TLS, and what can be seen of it from outside. */
final class HostileServer implements AutoCloseable {
    /** What the hostile may do everything with, once they are known. */
    static final String TOPIC = "hostile";

    /** Without the last one, encryption takes so long that nothing else is to be seen. */
    private static final String ALL_COMPILERS = "_JAVA_OPTIONS=-XX:TieredStopAtLevel=4";

    /** Caches that are full at once, and so do not grow by what the hostile read. */
    private static final String LITTLE = "1MiB";

    private static final String RULES = """
            rules:
              - principals: [healthy]
                operations: [admin]
              - principals: [hostile]
                operations: [publish, read, commit, describe]
                topics: ["hostile*"]
                groups: ["hostile*"]
            """;

    /** Of an error, with where it came from. */
    private static final int TOLD_LINES = 40;

    private final Path directory;
    private final Path log;
    private final ServerProcess process;
    private final StaticTokens.Created healthy = StaticTokens.create("healthy");
    private final StaticTokens.Created hostile = StaticTokens.create("hostile");
    private final @Nullable SSLContext tls;
    private final String address;
    private final int port;
    private final int httpPort;

    /**
     * Starts.
     *
     * @param more options of {@code serve}
     */
    HostileServer(Path directory, boolean secured, String... more) throws Exception {
        this.directory = directory;
        log = directory.resolve("server.log");
        httpPort = ServerProcess.freePort();
        List<String> options = new ArrayList<>(List.of(
                "--block-cache-bytes",
                LITTLE,
                "--tail-cache-bytes",
                LITTLE,
                "--auth-tokens",
                write("tokens", healthy.line() + "\n" + hostile.line() + "\n"),
                "--permissions",
                write("permissions.yaml", RULES)));
        tls = secured ? secure(options) : null;
        options.addAll(List.of(more));
        process = ServerProcess.start(
                directory.resolve("store"), log, 0, httpPort, options, List.of("env", ALL_COMPILERS));
        address = process.address().orElseThrow(() -> new AssertionError("it did not start: " + words()));
        port = URI.create(address).getPort();
    }

    private String write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text).toString();
    }

    private SSLContext secure(List<String> options) throws Exception {
        X509Bundle authority = new CertificateBuilder()
                .ecp256()
                .subject("CN=authority")
                .setIsCertificateAuthority(true)
                .setKeyUsage(true, CertificateBuilder.KeyUsage.keyCertSign)
                .buildSelfSigned();
        X509Bundle own = new CertificateBuilder()
                .ecp256()
                .subject("CN=server")
                .addSanDnsName("localhost")
                .addSanIpAddress("127.0.0.1")
                .buildIssuedBy(authority);
        write("ca.pem", authority.getRootCertificatePEM());
        options.addAll(List.of(
                "--tls-certificate", write("server.pem", own.getCertificatePathPEM()),
                "--tls-key", write("server.key", own.getPrivateKeyPEM())));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {authority.toTrustManager()}, null);
        return context;
    }

    private @Nullable SSLSocketFactory sockets() {
        return tls == null ? null : tls.getSocketFactory();
    }

    /** How a peer comes in that is nobody. */
    Door before() {
        return new Door(port, httpPort, sockets(), "");
    }

    /** How one comes in that has rights, and abuses them. */
    Door after() {
        return new Door(port, httpPort, sockets(), hostile.secret());
    }

    String address() {
        return address;
    }

    /** Those of a client that may do everything, and does no harm. */
    LevadaOptions options() throws IOException {
        LevadaOptions options = LevadaOptions.defaults().withTokenFile(write("healthy.token", healthy.secret()));
        return tls == null
                ? options
                : options.withTrustedCertificates(directory.resolve("ca.pem").toString());
    }

    ServerProcess process() {
        return process;
    }

    String words() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** What a path of the HTTP port answers somebody who may see all. */
    String get(String path) throws IOException {
        HttpURLConnection asked =
                (HttpURLConnection) URI.create((tls == null ? "http" : "https") + "://127.0.0.1:" + httpPort + path)
                        .toURL()
                        .openConnection();
        if (tls != null && asked instanceof HttpsURLConnection secured) {
            secured.setSSLSocketFactory(tls.getSocketFactory());
        }
        asked.setConnectTimeout((int) Door.PATIENCE.toMillis());
        asked.setReadTimeout((int) Door.PATIENCE.toMillis());
        asked.setRequestProperty("Authorization", "Bearer " + healthy.secret());
        asked.setRequestProperty("Connection", "close"); // it is not to count among what the server holds
        try (InputStream body = asked.getInputStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** A figure of its metrics; of several with one name the sum. */
    long metric(String name) throws IOException {
        double sum = 0;
        for (String line : get("/metrics").split("\n", -1)) {
            if (line.startsWith(name + " ") || line.startsWith(name + "{")) {
                sum += Double.parseDouble(line.substring(line.lastIndexOf(' ')));
            }
        }
        return (long) sum;
    }

    /** Bytes of the memory beside the heap, buffers kept for the next included. */
    long directBytes() throws IOException {
        return metric("levada_direct_bytes");
    }

    /** The same, and of heap that are in use after a collection. */
    long memoryBytes() throws IOException {
        return process.usedBytes() + directBytes();
    }

    /** Waits until the log has said something this often since it was so long. */
    void awaitLogged(int from, String part, int times) throws InterruptedException {
        await(
                Door.PATIENCE,
                () -> words().substring(from).split(Pattern.quote(part), -1).length > times,
                () -> "not " + times + " times '" + part + "' in: " + words().substring(from));
    }

    static void await(Duration patience, BooleanSupplier condition, Supplier<String> what) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, what);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** SIGTERM, and what it left in its log. */
    void end() throws InterruptedException {
        assertEquals(0, process.terminate(), this::words);
        List<String> said = words().lines().toList();
        for (int i = 0; i < said.size(); i++) {
            String line = said.get(i);
            boolean bad = line.matches("\\S+ ERROR .*") || line.contains("OutOfMemory") || line.contains("LEAK");
            List<String> context = said.subList(i, Math.min(said.size(), i + TOLD_LINES));
            assertFalse(bad, () -> "it logged: " + String.join("\n", context));
        }
    }

    @Override
    public void close() {
        process.close();
    }
}
