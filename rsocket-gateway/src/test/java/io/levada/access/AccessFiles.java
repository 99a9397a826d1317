package io.levada.access;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** The files of settings of one test, in a directory of its own. */
public final class AccessFiles {
    public static final String ISSUER = "https://issuer.example";
    public static final String AUDIENCE = "levada";

    private final Path directory;
    private final StringBuilder tokens = new StringBuilder();
    private @Nullable JwtSettings jwt;
    private @Nullable Path passwords;
    private @Nullable Path certificates;
    private boolean openMetrics;
    private Quota quota = Quota.DEFAULT;

    public AccessFiles(Path directory) {
        this.directory = directory;
        write("permissions.yaml", "rules: [{principals: [root], operations: [admin]}]\n");
    }

    /** Makes a token for a principal, and gives what its bearer presents. */
    public String token(String principal) {
        StaticTokens.Created created = StaticTokens.create(principal);
        tokens.append(created.line()).append('\n');
        write("tokens", tokens.toString());
        return created.secret();
    }

    public AccessFiles permissions(String yaml) {
        write("permissions.yaml", yaml);
        return this;
    }

    public AccessFiles passwords(String lines) {
        passwords = write("passwords", lines);
        return this;
    }

    public AccessFiles certificates(String lines) {
        certificates = write("certificates", lines);
        return this;
    }

    public AccessFiles jwks(String keySet) {
        jwt = new JwtSettings(
                write("jwks.json", keySet).toString(),
                null,
                ISSUER,
                AUDIENCE,
                JwtSettings.DEFAULT_ALGORITHMS,
                JwtSettings.DEFAULT_CLAIM);
        return this;
    }

    public AccessFiles jwt(JwtSettings settings) {
        jwt = settings;
        return this;
    }

    public AccessFiles openMetrics(boolean value) {
        openMetrics = value;
        return this;
    }

    public AccessFiles quota(Quota value) {
        quota = value;
        return this;
    }

    /** Writes a file anew, so that its time of change differs from before whatever the file system's clock is. */
    public Path write(String name, String text) {
        Path file = directory.resolve(name);
        try {
            Files.writeString(file, text);
            Files.setLastModifiedTime(file, FileTime.from(Instant.now().plusNanos(System.nanoTime() % 1_000_000)));
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public AccessSettings settings() {
        return new AccessSettings(
                jwt,
                tokens.isEmpty() ? null : directory.resolve("tokens"),
                passwords,
                certificates,
                directory.resolve("permissions.yaml"),
                openMetrics,
                quota);
    }

    public AccessControl start() {
        return AccessControl.start(settings());
    }

    /** In a time of its own. */
    public AccessControl start(InstantSource clock) {
        return AccessControl.start(settings(), clock);
    }
}
