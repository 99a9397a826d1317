package io.levada.main;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.levada.main.Settings.Given;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A file of settings, read: YAML of one level, a value or a list of them for each name. For one thread. */
final class SettingsFile implements AutoCloseable {
    private final Path file;
    private final YAMLParser parser;
    private final Map<String, Given> found = new LinkedHashMap<>();

    /** The file cannot be read, or is not what it has to be; the message says where. */
    static final class Unusable extends Exception {
        private static final long serialVersionUID = 1;

        Unusable(String message, @Nullable Exception cause) {
            super(message, cause);
        }

        @Override
        public String getMessage() {
            return String.valueOf(super.getMessage());
        }
    }

    private SettingsFile(Path file, YAMLParser parser) {
        this.file = file;
        this.parser = parser;
    }

    /** All settings by name, in their order, each with its line; which names there are is not looked at. */
    static Map<String, Given> read(Path file) throws Unusable {
        try (BufferedReader text = Files.newBufferedReader(file)) {
            return read(file, text);
        } catch (NoSuchFileException e) {
            throw new Unusable("the settings file " + file + " is not there", e);
        } catch (IOException e) {
            throw new Unusable("the settings file " + file + " cannot be read: " + e, e);
        }
    }

    /** The same of what a file holds. */
    static Map<String, Given> read(Path file, Reader text) throws IOException, Unusable {
        try (SettingsFile reading = new SettingsFile(file, new YAMLFactory().createParser(text))) {
            reading.document();
            return reading.found;
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
            throw new Unusable(file + ":" + line + " is no YAML: " + firstLine(e.getOriginalMessage()), e);
        }
    }

    private static String firstLine(@Nullable String message) {
        return String.valueOf(message).lines().findFirst().orElse("");
    }

    private void document() throws IOException, Unusable {
        JsonToken token = parser.nextToken();
        if (token == null) {
            return; // nothing but comments
        } else if (token != JsonToken.START_OBJECT) {
            throw wrong("is no setting; write NAME: VALUE");
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            setting();
        }
        if (parser.nextToken() != null) {
            throw wrong("begins another document; there is to be one");
        }
    }

    private void setting() throws IOException, Unusable {
        String name = parser.currentName();
        String origin = place();
        Given before = found.get(name);
        if (before != null) {
            throw wrong("sets " + name + " again, after " + before.origin());
        }
        List<String> values = new ArrayList<>();
        if (parser.nextToken() == JsonToken.START_ARRAY) {
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                values.add(scalar(name));
            }
        } else {
            values.add(scalar(name));
        }
        if (!values.isEmpty()) { // an empty list says nothing, as it does on a command line
            found.put(name, new Given(origin, List.copyOf(values)));
        }
    }

    /** As it is written, so that each option reads it as it would on a command line. */
    private String scalar(String name) throws IOException, Unusable {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.VALUE_NULL) {
            throw wrong("gives " + name + " no value; give it one, or take the line out");
        } else if (!token.isScalarValue()) {
            throw wrong("gives " + name + " more levels; a setting takes a value or a list of them");
        } else if (parser.isCurrentAlias()) {
            throw wrong("gives " + name + " an alias; write the value out");
        }
        return parser.getText();
    }

    private String place() {
        return file + ":" + parser.currentTokenLocation().getLineNr();
    }

    private Unusable wrong(String what) {
        return new Unusable(place() + " " + what, null);
    }

    @Override
    public void close() throws IOException {
        parser.close();
    }
}
