package io.levada.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file of tokens that stand for a principal, {@code PRINCIPAL:sha256:HEX} a line. They are kept as plain SHA-256: a token
 * is 256 random bits, so nobody tries all that there are, and neither salt nor slowness adds to that.
 */
public final class StaticTokens {
    /** What tokens made here begin with, so that those who look for secrets in the wrong place find them. */
    private static final String PREFIX = "lvd_";

    private static final int TOKEN_BYTES = 32;
    private static final Pattern LINE = Pattern.compile("(.+):sha256:([0-9a-fA-F]{64})");

    private final WatchedFile<List<Entry>> file;

    /** What is kept of a token. */
    record Entry(String principal, byte[] digest) {}

    /**
     * A token just made.
     *
     * @param secret what its bearer presents
     * @param line what the file is to hold
     */
    public record Created(String secret, String line) {
        @Override
        public String toString() {
            return line;
        }
    }

    StaticTokens(WatchedFile<List<Entry>> file) {
        this.file = file;
    }

    static List<Entry> parse(String text) {
        return Lines.parse(text, line -> {
            Matcher entry = LINE.matcher(line);
            if (!entry.matches()) {
                throw Lines.wrong("it is to be PRINCIPAL:sha256:HEX, with 64 digits; 'token create' makes one");
            }
            return new Entry(
                    Lines.principal(entry.group(1)),
                    HexFormat.of().parseHex(entry.group(2).toLowerCase(Locale.ROOT)));
        });
    }

    /**
     * Makes a token for a principal.
     *
     * @throws io.levada.LevadaException with {@code INVALID_CONFIG} where no principal can be called that
     */
    public static Created create(String principal) {
        byte[] random = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(random);
        String secret = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        return new Created(
                secret, Lines.principal(principal) + ":sha256:" + HexFormat.of().formatHex(digest(secret)));
    }

    /** Whose token it is, or null. All entries are compared, each in constant time. */
    @Nullable
    Principal find(String token) {
        byte[] digest = digest(token);
        String found = nameOf(digest);
        return found == null ? null : new Principal(found, null, () -> found.equals(nameOf(digest)));
    }

    private @Nullable String nameOf(byte[] digest) {
        String found = null;
        for (Entry entry : file.value()) {
            if (MessageDigest.isEqual(entry.digest, digest)) {
                found = entry.principal;
            }
        }
        return found;
    }

    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
