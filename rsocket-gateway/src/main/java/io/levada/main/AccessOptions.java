package io.levada.main;

import io.levada.access.AccessControl;
import io.levada.access.AccessSettings;
import io.levada.access.JwtSettings;
import io.levada.access.Quota;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that say who is let in, what they may, and how much. */
final class AccessOptions {
    @Spec(Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

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
            names = "--auth-certificates",
            paramLabel = "FILE",
            description = "takes client certificates, by lines SUBJECT_DN=PRINCIPAL of this file")
    private @Nullable Path certificates;

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

    @Option(
            names = "--quota-publish-bytes",
            paramLabel = "SIZE",
            converter = RateBytes.class,
            description = "how many bytes a second a principal may publish; without bound unless said")
    private @Nullable Long publishBytes;

    @Option(
            names = "--quota-connections",
            paramLabel = "N",
            converter = Many.class,
            description = "how many connections a principal may have; 1000 unless said")
    private int connections = Quota.DEFAULT.connections();

    @Option(
            names = "--quota-subscriptions",
            paramLabel = "N",
            converter = Many.class,
            description = "how many readings a principal may have open; 10000 unless said")
    private int subscriptions = Quota.DEFAULT.subscriptions();

    /** Reads the files; asks nobody where no means of asking is given. */
    AccessControl start() {
        JwtSettings jwt = jwt();
        boolean asks = jwt != null || tokens != null || passwords != null || certificates != null;
        if (!asks) {
            if (permissions != null) {
                throw wrong("--permissions " + permissions + " says what principals may, so add how they show who they"
                        + " are: --auth-tokens, --auth-jwks, --auth-passwords or --auth-certificates");
            }
            return AccessControl.open();
        } else if (permissions == null) {
            throw wrong("whoever is let in may do nothing without --permissions FILE; give one, if only with a rule"
                    + " for an admin");
        }
        return AccessControl.start(new AccessSettings(
                jwt,
                tokens,
                passwords,
                certificates,
                permissions,
                openMetrics,
                new Quota(
                        publishBytes == null ? Quota.DEFAULT.publishBytesPerSecond() : publishBytes,
                        connections,
                        subscriptions)));
    }

    private @Nullable JwtSettings jwt() {
        if (jwks == null && jwtSecret == null) {
            if (issuer != null || audience != null) {
                throw wrong("--auth-jwt-issuer and --auth-jwt-audience need --auth-jwks or --auth-jwt-secret");
            }
            return null;
        } else if (issuer == null || audience == null) {
            throw wrong("--auth-jwks and --auth-jwt-secret need --auth-jwt-issuer and --auth-jwt-audience: a token made"
                    + " for somebody else is none for this server");
        }
        for (String algorithm : algorithms) {
            if (!JwtSettings.SUPPORTED.contains(algorithm)) {
                throw wrong("--auth-jwt-algorithms takes "
                        + String.join(", ", new TreeSet<>(JwtSettings.SUPPORTED)) + ", not " + algorithm
                        + "; HS256 comes with --auth-jwt-secret");
            }
        }
        return new JwtSettings(jwks, jwtSecret, issuer, audience, Set.copyOf(algorithms), principalClaim);
    }

    private ParameterException wrong(String what) {
        return new ParameterException(spec.commandLine(), what);
    }

    static final class RateBytes extends ValueKind.Size {
        RateBytes() {
            super(1 << 10, 1L << 40);
        }
    }

    static final class Many extends ValueKind.Count {
        Many() {
            super(1, 1_000_000);
        }
    }
}
