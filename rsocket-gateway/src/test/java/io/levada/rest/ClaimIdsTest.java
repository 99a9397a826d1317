package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a claim is called, and what is read out of it. */
final class ClaimIdsTest {
    private static ClaimIds at(@Nullable String address) {
        return new ClaimIds(new SecureRandom(), () -> address);
    }

    private static String forged(String address) {
        return "5T3rmMnTQvKpJ0dXl0bYcw."
                + Base64.getUrlEncoder().withoutPadding().encodeToString(address.getBytes(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:7880", "gateway-1.levada.example:80", "[2001:db8::1]:65535", "a:1"})
    void another_gateway_says_who_issued_it_and_the_issuer_does_not(String address) {
        String id = at(address).next();
        assertNull(at(address).elsewhere(id));
        for (ClaimIds other : new ClaimIds[] {at("127.0.0.1:1"), at(null)}) {
            LevadaException error = Objects.requireNonNull(other.elsewhere(id));
            assertEquals(ErrorCode.NOT_CLAIM_OWNER, error.code());
            assertTrue(error.line().contains(" at " + address + ";"), error.line());
        }
    }

    @Test
    void a_server_that_is_the_only_one_names_none() {
        String id = at(null).next();
        assertEquals(22, id.length());
        assertNull(at("127.0.0.1:1").elsewhere(id));
    }

    /** Whoever knows the address knows nothing of the rest. */
    @Test
    void what_nobody_guesses_stays_in_front() {
        Set<String> secrets = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            secrets.add(at("127.0.0.1:7880").next().substring(0, 22));
        }
        assertEquals(1_000, secrets.size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "127.0.0.1",
                "http://evil.example:80",
                "evil.example:80/path",
                "user@evil.example:80",
                "evil.example:80\r\nSet-Cookie: a=b",
                "evil.example:123456",
                ":80",
                "-a:80",
                "[::1:80",
                "<script>:80",
                "\u00e4:80",
                "a b:80"
            })
    void what_is_no_address_is_told_nobody(String address) {
        assertNull(at("127.0.0.1:1").elsewhere(forged(address)));
    }

    @Test
    void what_is_no_id_has_no_issuer() {
        for (String id : new String[] {
            "",
            ".",
            "none",
            "5T3rmMnTQvKpJ0dXl0bYcw",
            "5T3rmMnTQvKpJ0dXl0bYcw.",
            "short.YToxCg",
            forged("a:1") + "=",
            "5T3rmMnTQvKpJ0dXl0bYcw.A",
            forged("a".repeat(300) + ":1"),
            forged("a:1") + "." + forged("a:1")
        }) {
            assertNull(at("127.0.0.1:1").elsewhere(id), id);
        }
        assertTrue(at("127.0.0.1:1").elsewhere(forged("a:1")) != null);
    }
}
