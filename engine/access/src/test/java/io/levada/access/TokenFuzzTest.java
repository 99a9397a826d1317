package io.levada.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.testgate.FuzzGate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Whatever is presented as a token: it is refused as one that is wrong or expired, or it is signed with the server's secret, for
 * this server, by who may, and ends.
 *
 * <p>An input is a byte that says how, then the token: as it is or, if {@link #SIGNED} is said, its header and its claims, parted
 * by a line's end, to be signed here.
 */
class TokenFuzzTest {
    private static final int SIGNED = 0x01;
    private static final byte[] SECRET = "a secret of thirty-two bytes, or more".getBytes(StandardCharsets.UTF_8);
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
    private static final StaticTokens.Created KNOWN = StaticTokens.create("alice");

    private final FuzzGate gate = new FuzzGate();
    private final JwtVerifier verifier;
    private final StaticTokens tokens;
    private final Mac mac;

    TokenFuzzTest() throws IOException, GeneralSecurityException {
        mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
        Path file = Files.createTempFile("levada", ".tokens");
        try {
            Files.write(file, SECRET);
            WatchedFile<byte[]> secret = new WatchedFile<>(
                    "--auth-jwt-secret", file, text -> text.getBytes(StandardCharsets.UTF_8), () -> NOW);
            verifier = new JwtVerifier(
                    new JwtSettings(null, file, "https://issuer", "levada", Set.of(), "sub"), null, secret, () -> NOW);
            Files.writeString(file, KNOWN.line());
            tokens = new StaticTokens(new WatchedFile<>("--auth-tokens", file, StaticTokens::parse, () -> NOW));
        } finally {
            Files.delete(file);
        }
        assertNotNull(tokens.find(KNOWN.secret()));
    }

    @FuzzTest
    void only_what_was_signed_for_this_server_is_believed(byte[] input) {
        if (input.length == 0) {
            return;
        }
        String text = new String(input, 1, input.length - 1, StandardCharsets.UTF_8);
        if ((input[0] & SIGNED) != 0) {
            signed(text);
        } else {
            Principal believed = JwtVerifier.isJwt(text) ? verified(text) : null;
            if (believed != null) {
                int last = text.lastIndexOf('.');
                String signature = text.substring(last + 1);
                assertTrue(
                        signature.startsWith(BASE64.encodeToString(mac(text.substring(0, last)))
                                .substring(0, 42)),
                        text);
            }
            assertEquals(text.equals(KNOWN.secret()), tokens.find(text) != null);
        }
        gate.settled();
    }

    private byte[] mac(String signed) {
        return mac.doFinal(signed.getBytes(StandardCharsets.UTF_8));
    }

    /** Signed as it should be, and as it should not be, which differs by a bit. */
    private void signed(String text) {
        int end = text.indexOf('\n');
        String header = end < 0 ? "{\"alg\":\"HS256\"}" : text.substring(0, end);
        String claims = text.substring(end + 1);
        String signing = BASE64.encodeToString(header.getBytes(StandardCharsets.UTF_8)) + "."
                + BASE64.encodeToString(claims.getBytes(StandardCharsets.UTF_8));
        byte[] signature = mac(signing);
        Principal believed = verified(signing + "." + BASE64.encodeToString(signature));
        signature[header.length() % signature.length] ^= 0x10;
        String forged = signing + "." + BASE64.encodeToString(signature);
        assertNull(verified(forged), forged);
        if (believed != null) {
            assertTrue(Principal.isName(believed.name()), believed.name());
            Instant until = Objects.requireNonNull(believed.expiresAt());
            assertTrue(until.isAfter(NOW), () -> "until " + until);
            assertTrue(claims.contains("\"iss\"") || claims.contains("\\u"), claims);
            assertFalse(header.contains("\"none\""), header);
        }
    }

    /** Whose it is, or null where it is refused. */
    private @Nullable Principal verified(String token) {
        Principal[] found = new Principal[1];
        Throwable[] failed = new Throwable[1];
        verifier.verify(token).subscribe(principal -> found[0] = principal, error -> failed[0] = error);
        if (failed[0] != null) {
            if (!(failed[0] instanceof LevadaException refused)) {
                throw new AssertionError("neither believed nor refused", failed[0]);
            }
            assertTrue(
                    List.of(ErrorCode.UNAUTHENTICATED, ErrorCode.TOKEN_EXPIRED).contains(refused.code()),
                    refused.line());
            return null;
        }
        return found[0];
    }
}
