package io.levada.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.levada.BlockingLevada;
import io.levada.Compression;
import io.levada.Levada;
import io.levada.LevadaOptions;
import java.io.IOException;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What all commands of one run share: the streams, the global options, and how to open a log. Not thread-safe. */
public final class CommandContext {
    /** How {@code --output} prints what is not a stream of records. */
    enum Output {
        TEXT,
        JSON
    }

    public static final String DEFAULT_SERVER = "rsocket://127.0.0.1:7878";

    /** Made when first used: most commands print no JSON, and it takes a while. */
    private static final class Json {
        private static final JsonMapper MAPPER = JsonMapper.builder()
                .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                .defaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, null))
                .build();
    }

    private final Terminal terminal;
    private final Shutdown shutdown;
    private final BiFunction<String, LevadaOptions, Levada> opener;
    private String server = DEFAULT_SERVER;
    private Output output = Output.TEXT;
    private @Nullable String tokenFile;
    private @Nullable String tlsCa;
    private @Nullable String tlsCertificate;
    private @Nullable String tlsKey;

    /** Opens logs by the providers on the class path. */
    public CommandContext(Terminal terminal, Shutdown shutdown) {
        this(terminal, shutdown, Levada::open);
    }

    CommandContext(Terminal terminal, Shutdown shutdown, BiFunction<String, LevadaOptions, Levada> opener) {
        this.terminal = terminal;
        this.shutdown = shutdown;
        this.opener = opener;
    }

    public Terminal terminal() {
        return terminal;
    }

    public Shutdown shutdown() {
        return shutdown;
    }

    /** The address that the commands work on. */
    String server() {
        return server;
    }

    /** The file with the certificate to show, null for none. */
    public @Nullable String tlsCertificate() {
        return tlsCertificate;
    }

    /** The file with its key, null for none. */
    public @Nullable String tlsKey() {
        return tlsKey;
    }

    /** Whether answers are to be JSON. */
    public boolean wantsJson() {
        return output == Output.JSON;
    }

    Levada open() {
        return open(Compression.NONE);
    }

    Levada open(Compression compression) {
        return open(LevadaOptions.defaults().withCompression(compression));
    }

    Levada open(LevadaOptions options) {
        return open(server, options, null);
    }

    /**
     * Opens another log than that of {@code --server}.
     *
     * @param otherTokenFile in place of {@code --token-file}; null for that one
     */
    Levada open(String address, LevadaOptions options, @Nullable String otherTokenFile) {
        return opener.apply(
                address,
                options.withTokenFile(otherTokenFile == null ? tokenFile : otherTokenFile)
                        .withTrustedCertificates(tlsCa)
                        .withClientCertificate(tlsCertificate, tlsKey));
    }

    /** Opens the log, waits for one answer, and closes it. */
    <T> T ask(Function<BlockingLevada, T> question) {
        try (Levada levada = open()) {
            return question.apply(levada.blocking());
        }
    }

    /** The same for what has no answer. */
    void tell(Consumer<BlockingLevada> request) {
        try (Levada levada = open()) {
            request.accept(levada.blocking());
        }
    }

    void setServer(String address) {
        server = address;
    }

    void setOutput(Output value) {
        output = value;
    }

    void setTokenFile(@Nullable String file) {
        tokenFile = file;
    }

    void setTlsCa(@Nullable String file) {
        tlsCa = file;
    }

    void setTlsCertificate(@Nullable String file) {
        tlsCertificate = file;
    }

    void setTlsKey(@Nullable String file) {
        tlsKey = file;
    }

    void print(String line) throws IOException {
        terminal.line(line);
    }

    void printLines(List<String> lines) throws IOException {
        for (String line : lines) {
            print(line);
        }
    }

    /** Prints a value as one line of JSON; records give their components in order. */
    void printJson(Object value) throws IOException {
        print(Json.MAPPER.writeValueAsString(value));
    }

    /** {@code 1 partition}, {@code 2 partitions}. */
    static String count(long number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }
}
