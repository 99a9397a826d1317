package io.levada.access;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of every program that asks who they are of those who reach it, and what they may. */
public final class AuthOptions {
    @Option(
            names = "--auth-tokens",
            paramLabel = "FILE",
            description = "takes bearer tokens of this file; 'token create' makes its lines")
    private @Nullable Path tokens;

    @Option(
            names = "--auth-passwords",
            paramLabel = "FILE",
            description = "takes users and passwords of this file; 'token password' makes its lines")
    private @Nullable Path passwords;

    @Option(
            names = "--auth-jwks",
            paramLabel = "FILE|URL",
            description = "takes JSON Web Tokens that are signed with keys of this key set")
    private @Nullable String jwks;

    @Option(
            names = "--auth-jwt-secret",
            paramLabel = "FILE",
            description = "takes JSON Web Tokens signed with HS256 and this secret of 32 bytes or more")
    private @Nullable Path jwtSecret;

    @Option(names = "--auth-jwt-issuer", paramLabel = "ISS", description = "what 'iss' of JSON Web Tokens is to be")
    private @Nullable String issuer;

    @Option(
            names = "--auth-jwt-audience",
            paramLabel = "AUD",
            description = "what 'aud' of JSON Web Tokens is to be, or to hold")
    private @Nullable String audience;

    @Option(
            names = "--auth-jwt-algorithms",
            paramLabel = "ALG",
            split = ",",
            description = "what they may be signed with, by keys of the key set; RS256,ES256,EdDSA unless said")
    private List<String> algorithms = List.copyOf(new TreeSet<>(JwtSettings.DEFAULT_ALGORITHMS).descendingSet());

    @Option(
            names = "--auth-jwt-principal",
            paramLabel = "CLAIM",
            description = "which claim names the principal; sub unless said")
    private String principalClaim = JwtSettings.DEFAULT_CLAIM;

    @Option(
            names = "--permissions",
            paramLabel = "FILE",
            description = "who may do what, in YAML; needed with each of the above. All these files are read again as"
                    + " they change")
    private @Nullable Path permissions;

    @Option(names = "--open-metrics", description = "tells /metrics to everybody, not to administrators alone")
    private boolean openMetrics;

    /**
     * Reads the files; asks nobody where no means of asking is given.
     *
     * @param command whose options these are
     * @param certificates one more means, or null
     * @param quotas how much each may use, where the file of permissions says nothing else
     * @throws ParameterException where what is given does not fit together
     * @throws io.levada.LevadaException with {@code INVALID_CONFIG} where a file is wrong; its message names it
     */
    public AccessControl start(CommandSpec command, @Nullable Path certificates, Quota quotas) {
        JwtSettings jwt = jwt(command);
        boolean asks = jwt != null || tokens != null || passwords != null || certificates != null;
        if (!asks) {
            if (permissions != null) {
                throw wrong(
                        command,
                        "--permissions " + permissions + " says what principals may, so add how they show who they"
                                + " are: " + means(command));
            }
            return AccessControl.open();
        } else if (permissions == null) {
            throw wrong(
                    command,
                    "whoever is let in may do nothing without --permissions FILE; give one, if only with a rule"
                            + " for an admin");
        }
        return AccessControl.start(
                new AccessSettings(jwt, tokens, passwords, certificates, permissions, openMetrics, quotas));
    }

    /** Those that the command takes. */
    private static String means(CommandSpec command) {
        return Stream.of("--auth-tokens", "--auth-jwks", "--auth-passwords", "--auth-certificates")
                .filter(command.optionsMap()::containsKey)
                .collect(Collectors.joining(" or "));
    }

    private @Nullable JwtSettings jwt(CommandSpec command) {
        if (jwks == null && jwtSecret == null) {
            if (issuer != null || audience != null) {
                throw wrong(command, "--auth-jwt-issuer and --auth-jwt-audience need --auth-jwks or --auth-jwt-secret");
            }
            return null;
        } else if (issuer == null || audience == null) {
            throw wrong(
                    command,
                    "--auth-jwks and --auth-jwt-secret need --auth-jwt-issuer and --auth-jwt-audience: a token made"
                            + " for somebody else is none for this server");
        }
        for (String algorithm : algorithms) {
            if (!JwtSettings.SUPPORTED.contains(algorithm)) {
                throw wrong(
                        command,
                        "--auth-jwt-algorithms takes " + String.join(", ", new TreeSet<>(JwtSettings.SUPPORTED))
                                + ", not " + algorithm + "; HS256 comes with --auth-jwt-secret");
            }
        }
        return new JwtSettings(jwks, jwtSecret, issuer, audience, Set.copyOf(algorithms), principalClaim);
    }

    private static ParameterException wrong(CommandSpec command, String what) {
        return new ParameterException(command.commandLine(), what);
    }
}
