package io.levada.main;

import io.levada.cli.CommandContext;
import io.levada.gateway.TlsConfig;
import io.levada.gateway.TlsConfig.ClientAuth;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The options of a command whose server speaks TLS, beside the global ones for the certificate to show and its key.
 */
final class TlsOptions {
    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--tls-client-ca",
            paramLabel = "F",
            description = "a PEM file with the certificates that those of clients are to be issued by")
    private @Nullable String clientCa;

    @Option(
            names = "--tls-client-auth",
            paramLabel = "none|request|require",
            description = "whether clients are to show a certificate; require unless said, with --tls-client-ca")
    private @Nullable ClientAuth clientAuth;

    /** Null for plain text. */
    @Nullable
    TlsConfig config(CommandContext context) {
        String certificate = context.tlsCertificate();
        String key = context.tlsKey();
        if (certificate == null && key == null) {
            if (clientCa != null || clientAuth != null) {
                throw wrong("--tls-client-ca and --tls-client-auth are of no use without TLS; add --tls-certificate"
                        + " F and --tls-key F");
            }
            return null;
        } else if (certificate == null || key == null) {
            throw wrong("--tls-certificate and --tls-key go together");
        } else if (clientCa == null && clientAuth != null && clientAuth != ClientAuth.NONE) {
            throw wrong("--tls-client-auth needs --tls-client-ca F");
        }
        ClientAuth unlessSaid = clientCa == null ? ClientAuth.NONE : ClientAuth.REQUIRE;
        return TlsConfig.of(certificate, key).withClientAuth(clientAuth == null ? unlessSaid : clientAuth, clientCa);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
