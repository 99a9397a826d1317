package io.levada.access;

import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which JSON Web Tokens are believed. Immutable.
 *
 * @param keys a file or an http(s) URL with a JSON Web Key Set, or null
 * @param secret a file whose bytes, 32 or more, are the key of HS256, or null; of both at least one
 * @param issuer what {@code iss} is to be
 * @param audience what {@code aud} is to be, or to hold
 * @param algorithms of {@link #SUPPORTED}, for the key set; HS256 is for the secret alone
 * @param principalClaim which claim names the principal
 */
public record JwtSettings(
        @Nullable String keys,
        @Nullable Path secret,
        String issuer,
        String audience,
        Set<String> algorithms,
        String principalClaim) {
    /** With keys that only the issuer has; {@code none} is no algorithm. */
    public static final Set<String> SUPPORTED =
            Set.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA");

    public static final Set<String> DEFAULT_ALGORITHMS = Set.of("RS256", "ES256", "EdDSA");
    public static final String DEFAULT_CLAIM = "sub";

    public JwtSettings(
            @Nullable String keys,
            @Nullable Path secret,
            String issuer,
            String audience,
            Set<String> algorithms,
            String principalClaim) {
        this.keys = keys;
        this.secret = secret;
        this.issuer = issuer;
        this.audience = audience;
        this.algorithms = Set.copyOf(algorithms);
        this.principalClaim = principalClaim;
    }
}
