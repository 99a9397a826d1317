package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The files that a server's TLS is made of. They are read again while it serves, so that a renewed certificate is taken up
 * without a restart. Immutable.
 *
 * @param certificate a PEM file: the server's certificate, and behind it those that lead to one its clients trust
 * @param key a PEM file with the certificate's private key, in PKCS#8 and not encrypted
 * @param clientAuthorities a PEM file with the certificates that those of clients are to be issued by, null where clients show none
 * @param clientAuth whether clients are asked for a certificate
 * @param interval how often the files are looked at; default 10 s
 */
public record TlsConfig(
        String certificate, String key, @Nullable String clientAuthorities, ClientAuth clientAuth, Duration interval) {
    private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);

    /** Whether clients are asked for a certificate. One that is shown has to be good in any case. */
    public enum ClientAuth {
        NONE,
        REQUEST,
        REQUIRE
    }

    public TlsConfig(
            String certificate,
            String key,
            @Nullable String clientAuthorities,
            ClientAuth clientAuth,
            Duration interval) {
        if (clientAuth != ClientAuth.NONE && clientAuthorities == null) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "certificates of clients cannot be checked without those of who issues them; add --tls-client-ca FILE");
        }
        this.certificate = certificate;
        this.key = key;
        this.clientAuthorities = clientAuthorities;
        this.clientAuth = clientAuth;
        this.interval = interval;
    }

    /** Clients are not asked for certificates. */
    public static TlsConfig of(String certificate, String key) {
        return new TlsConfig(certificate, key, null, ClientAuth.NONE, DEFAULT_INTERVAL);
    }

    public TlsConfig withClientAuth(ClientAuth value, @Nullable String authorities) {
        return new TlsConfig(certificate, key, authorities, value, interval);
    }

    public TlsConfig withInterval(Duration value) {
        return new TlsConfig(certificate, key, clientAuthorities, clientAuth, value);
    }

    /**
     * Whether the files can be used.
     *
     * @throws LevadaException with {@link ErrorCode#INVALID_REQUEST} when one is missing, unreadable or damaged, the key is
     *     not the certificate's, or the certificate is not valid now
     */
    public void check() {
        TlsFiles.read(this).context();
    }
}
