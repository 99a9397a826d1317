package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of settings that is read again when it changes; what cannot be read changes nothing, and is logged once. Reading
 * is safe for any thread, {@link #look} for one at a time.
 */
final class WatchedFile<T> {
    /** What a file says; its message names the line that is wrong. */
    interface Parser<T> {
        T parse(String text);
    }

    private static final Logger LOG = LoggerFactory.getLogger(WatchedFile.class);
    private static final long MAX_BYTES = 16 << 20;
    /** Within this long a file may change again without its time of change showing it. */
    private static final Duration TICK = Duration.ofSeconds(2);

    private final String setting;
    private final Path path;
    private final Parser<T> parser;
    private final InstantSource clock;
    private final AtomicLong version = new AtomicLong();
    private byte[] read;
    private @Nullable Stamp stamp;
    private boolean missing;
    private volatile T value;

    private record Stamp(
            Instant changed, long bytes, @Nullable Object key) {}

    /**
     * Reads it for the first time.
     *
     * @param setting what names the file, such as {@code --permissions}
     * @throws LevadaException with {@link ErrorCode#INVALID_CONFIG} where it cannot be read
     */
    WatchedFile(String setting, Path path, Parser<T> parser, InstantSource clock) {
        this.setting = setting;
        this.path = path;
        this.parser = parser;
        this.clock = clock;
        try {
            stamp = stamp();
            read = bytes();
            value = parser.parse(text(read));
        } catch (IOException e) {
            throw refused("cannot be read: " + e, e);
        } catch (LevadaException e) {
            throw refused(String.valueOf(e.getMessage()), e);
        }
    }

    /** What it says. */
    T value() {
        return value;
    }

    /** Grows with each change of {@link #value}, once that is seen. */
    long version() {
        return version.get();
    }

    /** Reads it again if it has changed. */
    void look() {
        try {
            Stamp now = stamp();
            if (now.equals(stamp)) {
                return;
            }
            byte[] found = bytes();
            stamp = clock.instant().isBefore(now.changed().plus(TICK)) ? null : now;
            missing = false;
            if (!Arrays.equals(found, read)) {
                read = found;
                value = parser.parse(text(found));
                version.incrementAndGet();
                LOG.info("{} {} has changed, and is in force", setting, path);
            }
        } catch (IOException e) {
            stamp = null;
            if (!missing) {
                missing = true;
                LOG.error("{} {} cannot be read, so what it said stays in force: {}", setting, path, e.toString());
            }
        } catch (LevadaException e) {
            LOG.error("{} {}: {}; what it said before stays in force", setting, path, e.getMessage());
        }
    }

    private Stamp stamp() throws IOException {
        BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class);
        return new Stamp(file.lastModifiedTime().toInstant(), file.size(), file.fileKey());
    }

    private byte[] bytes() throws IOException {
        if (Files.size(path) > MAX_BYTES) {
            throw new LevadaException(ErrorCode.INVALID_CONFIG, "more than " + MAX_BYTES + " bytes");
        }
        return Files.readAllBytes(path);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private LevadaException refused(String why, Throwable cause) {
        return new LevadaException(ErrorCode.INVALID_CONFIG, setting + " " + path + ": " + why, cause);
    }
}
