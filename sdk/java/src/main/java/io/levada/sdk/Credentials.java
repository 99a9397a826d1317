package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions.Security;
import io.levada.protocol.Pem;
import io.levada.protocol.Tls;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * What a client shows of itself, and what it holds a server's certificate against. The files are read at each connection; one
 * that cannot be read any more leaves what it held before. Safe for any thread.
 */
final class Credentials {
    private static final Logger LOG = LoggerFactory.getLogger(Credentials.class);

    private final boolean tls;
    private final Security security;
    private volatile @Nullable Current last;

    /**
     * What is used for one connection.
     *
     * @param digest tells whether the files for {@code tls} are the same still
     * @param tls null over plain text
     * @param token null for nobody's
     */
    record Current(
            String digest,
            @Nullable SslContext tls,
            @Nullable Token token) {
        static final Current NONE = new Current("", null, null);
    }

    private Credentials(boolean tls, Security security) {
        this.tls = tls;
        this.security = security;
    }

    /** Fails with INVALID_REQUEST where a secret would go where everybody can read it, or a certificate nowhere. */
    static Credentials of(Address address, Security security) {
        if (!address.tls() && (security.trustedCertificates() != null || security.clientCertificate() != null)) {
            throw invalid("certificates are of no use without TLS, and " + address.text()
                    + " goes without; use rsockets://HOST:PORT or wss://HOST:PORT/rsocket");
        } else if (security.tokenFile() != null
                && !address.tls()
                && !security.tokenInPlainText()
                && !isLoopback(address.host())) {
            throw invalid("the token would go to " + address.hostAndPort()
                    + " where everybody on the way can read it; use rsockets:// or wss://");
        }
        return new Credentials(address.tls(), security);
    }

    private static boolean isLoopback(String host) {
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
        try {
            return literal == null
                    ? host.equalsIgnoreCase("localhost")
                    : InetAddress.getByAddress(literal).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + literal.length + " bytes", e);
        }
    }

    /** As of now, read on another thread where there is something to read; fails with INVALID_REQUEST. */
    Mono<Current> read() {
        return tls || security.tokenFile() != null
                ? Mono.fromCallable(this::readNow).subscribeOn(Schedulers.boundedElastic())
                : Mono.just(Current.NONE);
    }

    private Current readNow() {
        Current before = last;
        try {
            Current now = tls ? withTls(before) : new Current("", null, token());
            last = now;
            return now;
        } catch (LevadaException e) {
            if (before == null) {
                throw e;
            }
            LOG.warn("what was read before is used still, for: {}", e.getMessage());
            return before;
        }
    }

    /** The token that the file holds now, null where there is none; fails with INVALID_REQUEST. Blocks. */
    @Nullable
    Token token() {
        String file = security.tokenFile();
        return file == null ? null : Token.read(file);
    }

    private Current withTls(@Nullable Current before) {
        Pem trusted = read(security.trustedCertificates());
        Pem certificate = read(security.clientCertificate());
        Pem key = read(security.clientKey());
        MessageDigest digest = sha256();
        for (Pem file : new @Nullable Pem[] {trusted, certificate, key}) {
            if (file != null) {
                file.addTo(digest);
            }
        }
        String name = HexFormat.of().formatHex(digest.digest());
        SslContext known = before != null && before.digest.equals(name) ? before.tls : null;
        return new Current(name, known == null ? context(trusted, certificate, key) : known, token());
    }

    private static @Nullable Pem read(@Nullable String file) {
        return file == null ? null : Pem.read(file);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    private static SslContext context(@Nullable Pem trusted, @Nullable Pem certificate, @Nullable Pem key) {
        SslContextBuilder builder = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .protocols(Tls.PROTOCOLS)
                .ciphers(Tls.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                .endpointIdentificationAlgorithm("HTTPS");
        if (trusted != null) {
            builder.trustManager(trusted.certificates().toArray(X509Certificate[]::new));
        }
        if (certificate != null && key != null) {
            List<X509Certificate> chain = certificate.certificates();
            builder.keyManager(key.keyOf(chain.get(0)), chain.toArray(X509Certificate[]::new));
        }
        try {
            return builder.build();
        } catch (SSLException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, "the certificates cannot be used for TLS: " + e.getMessage(), e);
        }
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
