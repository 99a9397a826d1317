package io.levada.protocol;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A PEM file (RFC 7468) with certificates or a private key, as both ends of a connection are given them; it was read once.
 * What is wrong with it fails with {@link ErrorCode#INVALID_REQUEST} and a sentence that names the file. Immutable.
 */
public final class Pem {
    /** Several times what the certificate authorities of the world take. */
    private static final int MOST_BYTES = 1 << 20;

    private static final String BEGIN = "-----BEGIN ";
    private static final String DASHES = "-----";
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String PKCS8_KEY = "PRIVATE KEY";

    private final String file;
    private final byte[] bytes;

    private Pem(String file, byte[] bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /** Reads a file of at most 1 MiB. Blocks. */
    public static Pem read(String file) {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw invalid(file + " is larger than 1 MiB, so it is no file of certificates or a key");
            }
            return new Pem(file, bytes);
        } catch (NoSuchFileException e) {
            throw invalid("there is no file " + file, e);
        } catch (IOException | InvalidPathException e) {
            throw invalid("the file " + file + " cannot be read: " + e, e);
        }
    }

    /** Adds what the file holds to a digest, so that a change can be noticed. */
    public void addTo(MessageDigest digest) {
        digest.update(bytes);
    }

    /** The certificates, one or more, in the file's order. */
    public List<X509Certificate> certificates() {
        List<X509Certificate> certificates = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (byte[] der : blocks(CERTIFICATE)) {
                certificates.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
            }
        } catch (CertificateException e) {
            throw invalid(file + " holds a certificate that cannot be read: " + e.getMessage(), e);
        }
        if (certificates.isEmpty()) {
            throw invalid(file + " holds no certificate; one begins " + BEGIN + CERTIFICATE + DASHES);
        }
        return certificates;
    }

    /** The private key of a certificate: RSA, elliptic curve or Edwards curve, in PKCS#8 and not encrypted. */
    public PrivateKey keyOf(X509Certificate certificate) {
        PublicKey known = certificate.getPublicKey();
        try {
            PrivateKey key =
                    KeyFactory.getInstance(known.getAlgorithm()).generatePrivate(new PKCS8EncodedKeySpec(key()));
            if (!belong(key, known)) {
                throw foreign(certificate);
            }
            return key;
        } catch (GeneralSecurityException e) {
            LevadaException foreign = foreign(certificate);
            foreign.addSuppressed(e);
            throw foreign;
        }
    }

    private LevadaException foreign(X509Certificate certificate) {
        return invalid("the key in " + file + " is not that of the certificate of "
                + certificate.getSubjectX500Principal() + "; give the two that were made together");
    }

    private byte[] key() {
        List<byte[]> keys = blocks(PKCS8_KEY);
        if (keys.size() == 1) {
            return keys.get(0);
        } else if (keys.size() > 1) {
            throw invalid(file + " holds " + keys.size() + " private keys; leave one");
        }
        String text = text();
        String convert = "; openssl pkcs8 -topk8 -nocrypt -in " + file + " -out NEW makes one that can be used";
        if (text.contains(BEGIN + "ENCRYPTED PRIVATE KEY")) {
            throw invalid("the private key in " + file + " is encrypted" + convert);
        } else if (text.contains("PRIVATE KEY" + DASHES)) {
            throw invalid("the private key in " + file + " is not in PKCS#8" + convert);
        }
        throw invalid(file + " holds no private key; one begins " + BEGIN + PKCS8_KEY + DASHES);
    }

    private static boolean belong(PrivateKey key, PublicKey known) throws GeneralSecurityException {
        byte[] sample = "whose key is this".getBytes(StandardCharsets.US_ASCII);
        Signature signature =
                switch (known.getAlgorithm()) {
                    case "RSA" -> Signature.getInstance("SHA256withRSA");
                    case "EC" -> Signature.getInstance("SHA256withECDSA");
                    default -> Signature.getInstance(known.getAlgorithm());
                };
        signature.initSign(key);
        signature.update(sample);
        byte[] signed = signature.sign();
        signature.initVerify(known);
        signature.update(sample);
        return signature.verify(signed);
    }

    /** What stands between the lines that name it, as bytes; other text is passed over. */
    private List<byte[]> blocks(String label) {
        String begin = BEGIN + label + DASHES;
        String end = "-----END " + label + DASHES;
        String text = text();
        List<byte[]> blocks = new ArrayList<>();
        for (int start = text.indexOf(begin); start >= 0; start = text.indexOf(begin, start)) {
            start += begin.length();
            int stop = text.indexOf(end, start);
            if (stop < 0) {
                throw invalid(file + " is cut short: '" + end + "' is missing");
            }
            try {
                blocks.add(Base64.getMimeDecoder().decode(text.substring(start, stop)));
            } catch (IllegalArgumentException e) {
                throw invalid(file + " is damaged: what follows '" + begin + "' is no base64", e);
            }
        }
        return blocks;
    }

    private String text() {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }

    private static LevadaException invalid(String message, Exception cause) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message, cause);
    }
}
