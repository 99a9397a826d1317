package io.levada.access;

import java.util.HashMap;
import java.util.Map;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * A file of certificates' subjects and the principals they stand for, {@code SUBJECT_DN=PRINCIPAL} a line, the last
 * {@code =} between them. Subjects are the same where {@link X500Principal} has them so: whole, case and blanks aside.
 */
final class CertificateNames {
    private final WatchedFile<Map<X500Principal, String>> file;

    private record Entry(X500Principal subject, String principal) {}

    CertificateNames(WatchedFile<Map<X500Principal, String>> file) {
        this.file = file;
    }

    static Map<X500Principal, String> parse(String text) {
        Map<X500Principal, String> names = new HashMap<>();
        for (Entry entry : Lines.parse(text, CertificateNames::entry)) {
            if (names.put(entry.subject, entry.principal) != null) {
                throw Lines.wrong("there are two lines of " + entry.subject);
            }
        }
        return Map.copyOf(names);
    }

    private static Entry entry(String line) {
        int equals = line.lastIndexOf('=');
        X500Principal subject =
                equals < 0 ? null : subject(line.substring(0, equals).strip());
        if (subject == null) {
            throw Lines.wrong("it is to be SUBJECT_DN=PRINCIPAL, such as CN=billing,O=Example=billing");
        }
        return new Entry(subject, Lines.principal(line.substring(equals + 1).strip()));
    }

    private static @Nullable X500Principal subject(String name) {
        try {
            return name.isEmpty() ? null : new X500Principal(name);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Whom it stands for, or null. */
    @Nullable
    Principal find(Credentials.Certificate certificate) {
        X500Principal subject = subject(certificate.subject());
        String name = subject == null ? null : file.value().get(subject);
        return name == null
                ? null
                : new Principal(
                        name,
                        certificate.notAfter(),
                        () -> name.equals(file.value().get(subject)));
    }
}
