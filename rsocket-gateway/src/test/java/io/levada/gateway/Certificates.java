package io.levada.gateway;

import io.levada.LevadaOptions;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** A certificate authority of a test, and PEM files with what it issued. */
public final class Certificates {
    private static final AtomicInteger AUTHORITIES = new AtomicInteger();

    private final Path directory;
    private final X509Bundle authority;
    private final String ca;

    /**
     * A new authority.
     *
     * @param directory where its files go; made if need be
     */
    public Certificates(Path directory) {
        this.directory = directory;
        try {
            Files.createDirectories(directory);
            this.authority = builder("CN=authority " + AUTHORITIES.incrementAndGet())
                    .setIsCertificateAuthority(true)
                    .setKeyUsage(true, CertificateBuilder.KeyUsage.keyCertSign)
                    .buildSelfSigned();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        this.ca = write("ca.pem", authority.getRootCertificatePEM());
    }

    /** A certificate and its key, in files. */
    public record Pair(String certificate, String key, X509Bundle bundle) {
        public TlsConfig tls() {
            return TlsConfig.of(certificate, key);
        }

        /** A server of the JDK that shows it. */
        SSLServerSocket listen() {
            try {
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(bundle.toKeyManagerFactory().getKeyManagers(), null, null);
                return (SSLServerSocket)
                        context.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress());
            } catch (IOException | GeneralSecurityException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static CertificateBuilder builder(String subject) {
        return new CertificateBuilder()
                .ecp256()
                .subject(subject)
                .notBefore(Instant.now().minus(Duration.ofDays(2)))
                .notAfter(Instant.now().plus(Duration.ofDays(2)));
    }

    /** The authority's own certificate. */
    public String ca() {
        return ca;
    }

    /** Options of a client that trusts this authority. */
    LevadaOptions trusted() {
        return LevadaOptions.defaults().withTrustedCertificates(ca);
    }

    /** A server's, for localhost and 127.0.0.1. */
    public Pair server(String name) {
        return issue(name, builder("CN=server").addSanDnsName("localhost").addSanIpAddress("127.0.0.1"));
    }

    Pair serverFor(String host) {
        return issue(host, builder("CN=" + host).addSanDnsName(host));
    }

    Pair expired() {
        return issue(
                "expired",
                builder("CN=server")
                        .addSanIpAddress("127.0.0.1")
                        .notAfter(Instant.now().minus(Duration.ofDays(1))));
    }

    public Pair client(String name) {
        return issue(name, builder("CN=" + name).addExtendedKeyUsageClientAuth());
    }

    private Pair issue(String name, CertificateBuilder builder) {
        try {
            X509Bundle bundle = builder.buildIssuedBy(authority);
            return new Pair(
                    write(name + ".pem", bundle.getCertificatePathPEM()),
                    write(name + ".key", bundle.getPrivateKeyPEM()),
                    bundle);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** TLS over a connected socket, as the JDK does it, for a peer that trusts this authority. */
    public SSLSocket over(Socket socket) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {authority.toTrustManager()}, null);
            return (SSLSocket) context.getSocketFactory().createSocket(socket, "127.0.0.1", socket.getPort(), false);
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** Replaces a file as a whole, as those who renew certificates do. */
    String write(String name, String text) {
        try {
            Path written = Files.writeString(directory.resolve(name + ".new"), text);
            return Files.move(written, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING)
                    .toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
