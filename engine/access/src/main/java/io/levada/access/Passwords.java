package io.levada.access;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * A file of users and their passwords, {@code USER:pbkdf2-sha256:ITERATIONS:SALT:HASH} a line, salt and hash in base64.
 * Looking costs what the iterations cost; a password that was right is known again for as long as the file stays the
 * same, by a digest whose key lives in this process alone, since HTTP presents it with each request. Safe for any thread.
 */
public final class Passwords {
    private static final String ALGORITHM = "PBKDF2WithHmacSHA256";
    /** As OWASP's Password Storage Cheat Sheet has it for PBKDF2 with HMAC-SHA-256, in its version of 2023. */
    private static final int ITERATIONS = 600_000;

    private static final int MIN_ITERATIONS = 10_000;
    private static final int MAX_ITERATIONS = 10_000_000;
    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    private static final int MAX_KNOWN = 1_000;
    private static final Pattern LINE =
            Pattern.compile("(.+):pbkdf2-sha256:([0-9]{1,8}):([A-Za-z0-9+/]+={0,2}):([A-Za-z0-9+/]+={0,2})");

    private final WatchedFile<Map<String, Entry>> file;
    private final byte[] key = random(HASH_BYTES);
    private final Map<String, Entry> known = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Entry> eldest) {
            return size() > MAX_KNOWN;
        }
    };

    /** What is kept of a password. */
    record Entry(String user, int iterations, byte[] salt, byte[] hash) {
        boolean isOf(String password) {
            return MessageDigest.isEqual(hash, Passwords.hash(password, iterations, salt));
        }
    }

    Passwords(WatchedFile<Map<String, Entry>> file) {
        this.file = file;
    }

    static Map<String, Entry> parse(String text) {
        Map<String, Entry> users = new HashMap<>();
        for (Entry entry : Lines.parse(text, Passwords::entry)) {
            if (users.put(entry.user, entry) != null) {
                throw Lines.wrong("there are two lines of " + entry.user);
            }
        }
        return Map.copyOf(users);
    }

    private static Entry entry(String line) {
        Matcher entry = LINE.matcher(line);
        if (!entry.matches()) {
            throw Lines.wrong(
                    "it is to be USER:pbkdf2-sha256:ITERATIONS:SALT:HASH, in base64; 'token password' makes one");
        }
        int iterations = Integer.parseInt(entry.group(2));
        if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
            throw Lines.wrong("iterations are " + MIN_ITERATIONS + " to " + MAX_ITERATIONS + ", not " + iterations);
        }
        byte[] salt = base64(entry.group(3));
        byte[] hash = base64(entry.group(4));
        if (salt.length < 8 || hash.length != HASH_BYTES) {
            throw Lines.wrong("a salt has 8 bytes or more, and a hash " + HASH_BYTES);
        }
        return new Entry(Lines.principal(entry.group(1)), iterations, salt, hash);
    }

    private static byte[] base64(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw Lines.wrong("salt and hash are base64, of which a part is missing: " + e.getMessage());
        }
    }

    /**
     * A line for the file.
     *
     * @throws io.levada.LevadaException with {@code INVALID_CONFIG} where no principal can be called that
     */
    public static String line(String user, String password) {
        byte[] salt = random(SALT_BYTES);
        Base64.Encoder base64 = Base64.getEncoder();
        return Lines.principal(user) + ":pbkdf2-sha256:" + ITERATIONS + ":" + base64.encodeToString(salt) + ":"
                + base64.encodeToString(hash(password, ITERATIONS, salt));
    }

    /** Whose it is, or null; takes long, for a user that is not there as well. */
    @Nullable
    Principal find(String user, String password) {
        Entry entry = file.value().get(user);
        String digest = digest(user, password);
        if (password.isEmpty()) {
            return null;
        } else if (entry == null) {
            hash(password, ITERATIONS, key);
            return null;
        }
        if (!isKnown(digest, entry)) {
            if (!entry.isOf(password)) {
                return null;
            }
            synchronized (known) {
                known.put(digest, entry);
            }
        }
        return new Principal(user, null, () -> isSame(entry, file.value().get(user)));
    }

    private boolean isKnown(String digest, Entry entry) {
        synchronized (known) {
            return isSame(entry, known.get(digest));
        }
    }

    private static boolean isSame(Entry entry, @Nullable Entry now) {
        return now != null && Arrays.equals(now.hash, entry.hash) && Arrays.equals(now.salt, entry.salt);
    }

    private static byte[] hash(String password, int iterations, byte[] salt) {
        PBEKeySpec spec = new PBEKeySpec(password.toCharArray(), salt, iterations, HASH_BYTES * 8);
        try {
            return SecretKeyFactory.getInstance(ALGORITHM).generateSecret(spec).getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + ALGORITHM, e);
        } finally {
            spec.clearPassword();
        }
    }

    private String digest(String user, String password) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update(user.getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            return Base64.getEncoder().encodeToString(mac.doFinal(password.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }

    private static byte[] random(int bytes) {
        byte[] random = new byte[bytes];
        new SecureRandom().nextBytes(random);
        return random;
    }
}
