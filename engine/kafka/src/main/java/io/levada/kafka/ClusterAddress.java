package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a cluster is: {@code kafka://HOST:PORT[,HOST:PORT...][?properties=FILE]}. The file has settings of Kafka's clients, as
 * Kafka's own tools take them, TLS and SASL among them; secrets in it may be references to files of their own ({@code
 * config.providers}).
 *
 * @param servers what clients ask first, {@code HOST:PORT} with commas between
 * @param settings of all clients
 */
record ClusterAddress(String servers, Map<String, String> settings) {
    static final String SCHEME = "kafka";

    private static final Pattern FORM = Pattern.compile(
            "kafka://((?:[^,:/?#\\s\\[\\]]+|\\[[0-9a-fA-F:.]+]):\\d{1,5}(?:,(?:[^,:/?#\\s\\[\\]]+|\\[[0-9a-fA-F:.]+]):\\d{1,5})*)"
                    + "/?(?:\\?properties=(.+))?");

    ClusterAddress {
        settings = Map.copyOf(settings);
    }

    /** Fails with {@link ErrorCode#INVALID_REQUEST} for what is no such address, or a file that cannot be read. */
    static ClusterAddress parse(String address) {
        Matcher matcher = FORM.matcher(address);
        if (!matcher.matches()) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "'" + address + "' is no address of a cluster; use kafka://HOST:PORT,HOST:PORT, with"
                            + " ?properties=FILE behind it for settings of Kafka's clients");
        }
        String file = matcher.group(2);
        return new ClusterAddress(matcher.group(1), file == null ? Map.of() : read(file));
    }

    private static Map<String, String> read(String file) {
        Properties read = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of(file), StandardCharsets.UTF_8)) {
            read.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, "the settings of the cluster cannot be read from " + file + ": " + e, e);
        }
        Map<String, String> settings = new HashMap<>();
        read.stringPropertyNames().forEach(name -> settings.put(name, read.getProperty(name)));
        return settings;
    }
}
