package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.protocol.Pem;
import io.levada.protocol.Tls;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What stood in the files of a {@link TlsConfig} when they were read.
 *
 * @param digest tells whether two readings are the same
 */
record TlsFiles(
        TlsConfig config, Pem chain, Pem key, @Nullable Pem authorities, String digest) {
    /** How long a client may come back without showing its certificate again. */
    private static final Duration SESSION_TIMEOUT = Duration.ofHours(1);

    /** Blocks, as {@link #context} does. */
    static TlsFiles read(TlsConfig config) {
        Pem chain = Pem.read(config.certificate());
        Pem key = Pem.read(config.key());
        String file = config.clientAuthorities();
        Pem authorities = file == null ? null : Pem.read(file);
        MessageDigest digest = sha256();
        chain.addTo(digest);
        key.addTo(digest);
        if (authorities != null) {
            authorities.addTo(digest);
        }
        return new TlsFiles(config, chain, key, authorities, HexFormat.of().formatHex(digest.digest()));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    /** When the server's certificate ends. */
    Instant expiry() {
        return chain.certificates().get(0).getNotAfter().toInstant();
    }

    /** What new connections are made of; fails with INVALID_REQUEST when these files cannot be used. */
    SslContext context() {
        List<X509Certificate> certificates = chain.certificates();
        X509Certificate own = certificates.get(0);
        Instant now = Instant.now();
        if (now.isAfter(expiry()) || now.isBefore(own.getNotBefore().toInstant())) {
            throw invalid("the certificate in " + config.certificate() + " is valid from "
                    + own.getNotBefore().toInstant() + " to " + expiry() + ", which is not now; renew it");
        }
        try {
            SslContextBuilder builder = SslContextBuilder.forServer(
                            key.keyOf(own), certificates.toArray(X509Certificate[]::new))
                    .sslProvider(SslProvider.JDK)
                    .protocols(Tls.PROTOCOLS)
                    .ciphers(Tls.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                    .sessionTimeout(SESSION_TIMEOUT.toSeconds())
                    .clientAuth(
                            switch (config.clientAuth()) {
                                case NONE -> io.netty.handler.ssl.ClientAuth.NONE;
                                case REQUEST -> io.netty.handler.ssl.ClientAuth.OPTIONAL;
                                case REQUIRE -> io.netty.handler.ssl.ClientAuth.REQUIRE;
                            });
            if (authorities != null) {
                builder.trustManager(authorities.certificates().toArray(X509Certificate[]::new));
            }
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
