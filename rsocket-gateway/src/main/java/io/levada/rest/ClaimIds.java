package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Names of claims: 128 bits that nobody guesses, and behind a dot, where several gateways serve the same groups, the address of
 * the one that issued it, so that the others can say where it is ended. The address is told to those who ask and used for
 * nothing else: who forges one is told what it wrote itself. Safe for any thread.
 */
final class ClaimIds {
    private static final int SECRET_BYTES = 16;
    private static final char MARK = '.';

    /** In the form of an id: a secret in 22 characters, and an address in at most so many that any host's name fits. */
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{1,360}");

    /** {@code HOST:PORT}, an address of IPv6 in brackets. */
    static final Pattern ADDRESS =
            Pattern.compile("(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\\[[0-9A-Fa-f:.]{2,45}]):[0-9]{1,5}");

    private final RandomGenerator random;
    private final Supplier<@Nullable String> issuer;

    /** Of a server whose claims are nobody else's business. */
    ClaimIds(RandomGenerator random) {
        this(random, () -> null);
    }

    /**
     * @param random what nobody is to guess: a {@link java.security.SecureRandom}
     * @param issuer where others reach this server over HTTP, {@code HOST:PORT}, or null where there is none but it
     */
    ClaimIds(RandomGenerator random, Supplier<@Nullable String> issuer) {
        this.random = random;
        this.issuer = issuer;
    }

    String next() {
        byte[] secret = new byte[SECRET_BYTES];
        random.nextBytes(secret);
        String address = issuer.get();
        String id = text(secret);
        return address == null ? id : id + MARK + text(address.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Why a claim that is not known here is to be ended elsewhere, or null where it is not. */
    @Nullable
    LevadaException elsewhere(String claim) {
        String address = addressIn(claim);
        return address == null || address.equals(issuer.get())
                ? null
                : new LevadaException(
                        ErrorCode.NOT_CLAIM_OWNER,
                        "claim " + claim + " was issued by the gateway at " + address + "; end it there");
    }

    private static @Nullable String addressIn(String claim) {
        if (!FORM.matcher(claim).matches()) {
            return null;
        }
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(claim.substring(claim.indexOf(MARK) + 1));
            String address = new String(bytes, StandardCharsets.ISO_8859_1);
            return ADDRESS.matcher(address).matches() ? address : null;
        } catch (IllegalArgumentException e) {
            return null; // four characters in a group, or two, or three: not one
        }
    }
}
