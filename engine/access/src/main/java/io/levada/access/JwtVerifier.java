package io.levada.access;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.security.GeneralSecurityException;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * JSON Web Tokens, as RFC 8725 (Best Current Practices) has them verified: the algorithm is one of those allowed and fits
 * the key, the signature holds, issuer and audience are ours, and there is an end. Safe for any thread.
 */
final class JwtVerifier {
    /** What clocks of others may be off by. */
    static final Duration SKEW = Duration.ofSeconds(30);

    private final JwtSettings settings;
    private final @Nullable KeySource keys;
    private final @Nullable WatchedFile<byte[]> secret;
    private final InstantSource clock;

    /** The key that a token names is not known. */
    private static final class UnknownKey extends LevadaException {
        private static final long serialVersionUID = 1L;

        UnknownKey() {
            super(ErrorCode.UNAUTHENTICATED, "the token is signed with a key that is not known here");
        }
    }

    JwtVerifier(
            JwtSettings settings, @Nullable KeySource keys, @Nullable WatchedFile<byte[]> secret, InstantSource clock) {
        this.settings = settings;
        this.keys = keys;
        this.secret = secret;
        this.clock = clock;
    }

    /** Whether it looks like one. */
    static boolean isJwt(String token) {
        int first = token.indexOf('.');
        return first > 0 && token.indexOf('.', first + 1) > first;
    }

    /** Whose it is; looks for new keys once where its key is not known. */
    Mono<Principal> verify(String token) {
        Mono<Principal> now = Mono.fromCallable(() -> principal(token));
        KeySource source = keys;
        return source == null
                ? now
                : now.onErrorResume(UnknownKey.class, unknown -> Mono.fromCompletionStage(source::refresh)
                        .then(now));
    }

    private Principal principal(String token) {
        try {
            SignedJWT jwt = SignedJWT.parse(token);
            checkSignature(jwt);
            return principal(jwt.getJWTClaimsSet());
        } catch (ParseException e) {
            throw refused("the token is no signed JWT", e);
        } catch (JOSEException | GeneralSecurityException e) {
            throw refused("the token's signature cannot be verified", e);
        }
    }

    private void checkSignature(SignedJWT jwt) throws JOSEException, GeneralSecurityException {
        JWSHeader header = jwt.getHeader();
        JWSAlgorithm algorithm = header.getAlgorithm();
        if (header.getCriticalParams() != null) {
            throw refused("the token has critical extensions, which nobody here understands", null);
        }
        WatchedFile<byte[]> shared = secret;
        if (algorithm.equals(JWSAlgorithm.HS256) && shared != null) {
            if (!jwt.verify(new MACVerifier(shared.value()))) {
                throw refused("the token's signature is wrong", null);
            }
            return;
        }
        if (keys == null || !settings.algorithms().contains(algorithm.getName())) {
            throw refused(
                    "a token signed with '" + printable(algorithm.getName()) + "' is not taken here; sign it with "
                            + allowed(),
                    null);
        }
        List<JWK> candidates = keys.keys().stream()
                .filter(key -> header.getKeyID() == null || header.getKeyID().equals(key.getKeyID()))
                .filter(key -> key.getAlgorithm() == null || key.getAlgorithm().equals(algorithm))
                .filter(key -> fits(key, algorithm))
                .toList();
        if (candidates.isEmpty()) {
            throw new UnknownKey();
        }
        for (JWK key : candidates) {
            if (verifies(key, jwt)) {
                return;
            }
        }
        throw refused("the token's signature is wrong", null);
    }

    private String allowed() {
        return keys == null
                ? "HS256"
                : String.join(", ", settings.algorithms().stream().sorted().toList());
    }

    /** A token says which algorithm, a key says which it is for: what they say has to agree. */
    private static boolean fits(JWK key, JWSAlgorithm algorithm) {
        if (key instanceof ECKey ec) {
            return Curve.forJWSAlgorithm(algorithm) != null
                    && Curve.forJWSAlgorithm(algorithm).contains(ec.getCurve());
        } else if (key instanceof RSAKey) {
            return JWSAlgorithm.Family.RSA.contains(algorithm);
        }
        return key instanceof OctetKeyPair && algorithm.equals(JWSAlgorithm.EdDSA);
    }

    private static boolean verifies(JWK key, SignedJWT jwt) throws JOSEException, GeneralSecurityException {
        if (key instanceof RSAKey rsa) {
            return jwt.verify(new RSASSAVerifier(rsa));
        } else if (key instanceof ECKey ec) {
            return jwt.verify(new ECDSAVerifier(ec));
        }
        return Ed25519.verify(
                (OctetKeyPair) key, jwt.getSigningInput(), jwt.getSignature().decode());
    }

    private Principal principal(JWTClaimsSet claims) throws ParseException {
        if (!settings.issuer().equals(claims.getIssuer())) {
            throw refused("the token is of another issuer than " + settings.issuer(), null);
        } else if (!claims.getAudience().contains(settings.audience())) {
            throw refused("the token is for another audience than " + settings.audience(), null);
        }
        Date end = claims.getExpirationTime();
        if (end == null) {
            throw refused("the token has no 'exp'; only those that expire are taken", null);
        }
        Instant now = clock.instant();
        Date start = claims.getNotBeforeTime();
        if (start != null && now.isBefore(start.toInstant().minus(SKEW))) {
            throw refused("the token is not valid yet, but from " + start.toInstant(), null);
        }
        String name = claims.getStringClaim(settings.principalClaim());
        if (name == null || !Principal.isName(name)) {
            throw refused("the token's '" + settings.principalClaim() + "' is to name a principal", null);
        }
        Principal principal = new Principal(name, end.toInstant().plus(SKEW), () -> true);
        principal.check(now);
        return principal;
    }

    private static String printable(String text) {
        return text.length() <= 32 ? text : text.substring(0, 32) + "...";
    }

    private static LevadaException refused(String message, @Nullable Throwable cause) {
        return cause == null
                ? new LevadaException(ErrorCode.UNAUTHENTICATED, message)
                : new LevadaException(ErrorCode.UNAUTHENTICATED, message, Objects.requireNonNull(cause));
    }
}
