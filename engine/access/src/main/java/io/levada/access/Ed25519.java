package io.levada.access;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.OctetKeyPair;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;

/** Signatures of Ed25519 by the JDK's own means; the library's want another library. Stateless. */
final class Ed25519 {
    /** What stands before the 32 bytes of a key in its SubjectPublicKeyInfo, as RFC 8410 has it. */
    private static final byte[] PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    private static final int KEY_BYTES = 32;

    private Ed25519() {}

    static boolean verify(OctetKeyPair key, byte[] signed, byte[] signature) throws GeneralSecurityException {
        byte[] x = key.getDecodedX();
        if (!key.getCurve().equals(Curve.Ed25519) || x.length != KEY_BYTES) {
            return false;
        }
        byte[] encoded = new byte[PREFIX.length + KEY_BYTES];
        System.arraycopy(PREFIX, 0, encoded, 0, PREFIX.length);
        System.arraycopy(x, 0, encoded, PREFIX.length, KEY_BYTES);
        PublicKey decoded = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
        Signature verifier = Signature.getInstance("Ed25519");
        verifier.initVerify(decoded);
        verifier.update(signed);
        return verifier.verify(signature);
    }
}
