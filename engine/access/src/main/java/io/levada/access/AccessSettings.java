package io.levada.access;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How peers show who they are, and what they may. Immutable.
 *
 * @param jwt which JSON Web Tokens are believed, or null for none
 * @param tokens the file of {@link StaticTokens}, or null
 * @param passwords the file of {@link Passwords}, or null
 * @param certificates the file of certificates' subjects, or null
 * @param permissions the file of rules
 * @param openMetrics whether metrics are told to everybody
 * @param quotas how much each may use, where the file of rules says nothing else
 */
public record AccessSettings(
        @Nullable JwtSettings jwt,
        @Nullable Path tokens,
        @Nullable Path passwords,
        @Nullable Path certificates,
        Path permissions,
        boolean openMetrics,
        Quota quotas) {}
