package io.levada.cli;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The options that all commands have, before or after the command's name. */
@Command(
        name = "levada",
        scope = ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        versionProvider = RootCommand.Version.class,
        sortOptions = false,
        description = "A durable, partitioned log whose partitions are streams, in your process or over RSocket.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:failed, with one line CODE: message on standard error", "2:wrong usage"})
final class RootCommand extends CommandGroup {
    private final CommandContext context;

    RootCommand(CommandContext context) {
        this.context = context;
    }

    @Option(
            names = "--server",
            paramLabel = "URI",
            scope = ScopeType.INHERIT,
            description =
                    "the log to work on: rsocket://HOST:PORT or ws://HOST:PORT/rsocket, over TLS rsockets://HOST:PORT or"
                            + " wss://HOST:PORT/rsocket, file:DIR or memory:; "
                            + CommandContext.DEFAULT_SERVER + " unless said")
    void server(String uri) {
        context.setServer(uri);
    }

    @Option(
            names = "--output",
            paramLabel = "text|json",
            scope = ScopeType.INHERIT,
            description = "how answers are printed; text unless said")
    void output(CommandContext.Output value) {
        context.setOutput(value);
    }

    @Option(
            names = "--token-file",
            paramLabel = "F",
            scope = ScopeType.INHERIT,
            description = "a file that holds the bearer token for a remote server")
    void tokenFile(String file) {
        context.setTokenFile(file);
    }

    @Option(
            names = "--tls-ca",
            paramLabel = "F",
            scope = ScopeType.INHERIT,
            description =
                    "a PEM file with the certificates that a remote server's is to be issued by, in place of those"
                            + " that Java trusts")
    void tlsCa(String file) {
        context.setTlsCa(file);
    }

    @Option(
            names = "--tls-certificate",
            paramLabel = "F",
            scope = ScopeType.INHERIT,
            description =
                    "a PEM file with the certificate to show, and behind it those that lead to one which is trusted:"
                            + " a client's to its server, that of 'serve' to its clients")
    void tlsCertificate(String file) {
        context.setTlsCertificate(file);
    }

    @Option(
            names = "--tls-key",
            paramLabel = "F",
            scope = ScopeType.INHERIT,
            description = "a PEM file with its private key, in PKCS#8 and not encrypted")
    void tlsKey(String file) {
        context.setTlsKey(file);
    }

    /** The version as the build wrote it; asked for by each command, so read once. */
    static final class Version implements IVersionProvider {
        private static String @Nullable [] known;

        @Override
        public String[] getVersion() throws IOException {
            String[] version = known;
            if (version == null) {
                version = read();
                known = version;
            }
            return version;
        }

        private static String[] read() throws IOException {
            try (InputStream text = RootCommand.class.getResourceAsStream("version.txt")) {
                if (text == null) {
                    throw new LevadaException(
                            ErrorCode.UNKNOWN_SERVER_ERROR, "version.txt is missing from the jar; build it anew");
                }
                return new String[] {new String(text.readAllBytes(), StandardCharsets.UTF_8).strip()};
            }
        }
    }
}
