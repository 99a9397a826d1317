package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Somebody who has shown who they are, and until when that counts. Immutable, safe for any thread. */
public final class Principal {
    /** Everybody, where nobody is asked. */
    public static final Principal ANONYMOUS = new Principal("anonymous", null, () -> true);

    static final int MAX_NAME_CHARS = 200;
    /** Nothing that is blank or does not print, so that a name is one word of a log. */
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}\\p{P}\\p{S}]{1," + MAX_NAME_CHARS + "}");

    private final String name;
    private final @Nullable Instant expiresAt;
    private final BooleanSupplier stands;

    /**
     * @param stands whether what was presented would still do, its time aside
     */
    Principal(String name, @Nullable Instant expiresAt, BooleanSupplier stands) {
        this.name = name;
        this.expiresAt = expiresAt;
        this.stands = stands;
    }

    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** What rules call it. */
    public String name() {
        return name;
    }

    /** When it has to show again who it is, or null for never. */
    public @Nullable Instant expiresAt() {
        return expiresAt;
    }

    /**
     * Whether it still is who it was.
     *
     * @throws LevadaException with {@link ErrorCode#TOKEN_EXPIRED} where its time is over, or what it presented counts no
     *     more
     */
    public void check(Instant now) {
        if (expiresAt != null && !now.isBefore(expiresAt)) {
            throw new LevadaException(
                    ErrorCode.TOKEN_EXPIRED, "what " + name + " presented expired; present something fresh");
        } else if (!stands.getAsBoolean()) {
            throw new LevadaException(
                    ErrorCode.TOKEN_EXPIRED, "what " + name + " presented was withdrawn; present something else");
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
