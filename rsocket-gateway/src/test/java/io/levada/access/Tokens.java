package io.levada.access;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.time.Instant;
import java.util.Date;

/** Tokens for tests of servers, and what servers are to hold to believe them. */
public final class Tokens {
    private static final ECKey KEY = key();
    public static final String KEY_SET = new JWKSet(KEY).toString(true);

    private Tokens() {}

    private static ECKey key() {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID("test").generate();
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    public static String jwt(String principal, Instant end) {
        SignedJWT jwt = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("test").build(),
                new JWTClaimsSet.Builder()
                        .issuer(AccessFiles.ISSUER)
                        .audience(AccessFiles.AUDIENCE)
                        .subject(principal)
                        .expirationTime(Date.from(end))
                        .build());
        try {
            jwt.sign(new ECDSASigner(KEY));
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
        return jwt.serialize();
    }

    /** A line for the file, of a token that nobody has. */
    public static String line(String principal) {
        return StaticTokens.create(principal).line();
    }
}
