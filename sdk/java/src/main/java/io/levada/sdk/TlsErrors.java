package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.handler.ssl.NotSslRecordException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What goes wrong with TLS and does not get better by trying again, in words that say what to do. Stateless. */
final class TlsErrors {
    private static final String ALERT = "Received fatal alert: ";

    /** What servers say of a client's certificate, RFC 8446 section 6.2. */
    private static final Set<String> OF_OUR_CERTIFICATE = Set.of(
            "access_denied",
            "bad_certificate",
            "certificate_expired",
            "certificate_required",
            "certificate_revoked",
            "certificate_unknown",
            "unknown_ca",
            "unsupported_certificate");

    private TlsErrors() {}

    /** Null for an error of another kind, or one that may pass. */
    static @Nullable LevadaException find(Throwable error, Address address) {
        SSLException tls = cause(error, SSLException.class);
        if (tls == null) {
            return null;
        } else if (tls instanceof NotSslRecordException) {
            return new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    address.hostAndPort() + " does not speak TLS; use " + (address.path() == null ? "rsocket" : "ws")
                            + "://, or give the server a certificate",
                    error);
        }
        CertificateException certificate = cause(error, CertificateException.class);
        if (certificate != null) {
            return untrusted("the certificate of " + address.hostAndPort() + " " + why(error, certificate), error);
        }
        String alert = String.valueOf(tls.getMessage());
        return alert.startsWith(ALERT) && OF_OUR_CERTIFICATE.contains(alert.substring(ALERT.length()))
                ? untrusted(
                        address.hostAndPort() + " does not take this client's certificate, or misses one ("
                                + alert.substring(ALERT.length())
                                + "); give one that it trusts with --tls-certificate FILE and --tls-key FILE",
                        error)
                : null;
    }

    private static String why(Throwable error, CertificateException certificate) {
        CertificateExpiredException expired = cause(error, CertificateExpiredException.class);
        CertificateNotYetValidException early = cause(error, CertificateNotYetValidException.class);
        String text = String.valueOf(certificate.getMessage());
        if (expired != null) {
            return "is not valid any more (" + expired.getMessage() + "); the server is to get a new one";
        } else if (early != null) {
            return "is not valid yet (" + early.getMessage() + "); is the clock right?";
        } else if (text.startsWith("No subject alternative") || text.startsWith("No name matching")) {
            return "is for another host (" + text + "); use a name that it has";
        }
        return "is not trusted: " + last(error) + "; give those of who issued it with --tls-ca FILE";
    }

    private static String last(Throwable error) {
        Throwable last = error;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        return String.valueOf(last.getMessage());
    }

    private static <T extends Throwable> @Nullable T cause(Throwable error, Class<T> type) {
        for (Throwable next = error; next != null; next = next.getCause()) {
            if (type.isInstance(next)) {
                return type.cast(next);
            }
        }
        return null;
    }

    private static LevadaException untrusted(String message, Throwable cause) {
        return new LevadaException(ErrorCode.UNTRUSTED_CERTIFICATE, message, cause);
    }
}
