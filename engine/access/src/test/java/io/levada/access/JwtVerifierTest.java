package io.levada.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which JSON Web Tokens are believed, and above all which are not. */
final class JwtVerifierTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final RSAKey RSA = rsa("one");
    private static final RSAKey OTHER_RSA = rsa("one");
    private static final com.nimbusds.jose.jwk.ECKey EC = ec();

    @TempDir
    private Path directory = Path.of("");

    private final AtomicReference<Instant> now = new AtomicReference<>(NOW);
    private AccessControl access = AccessControl.open();

    @AfterEach
    void stop() {
        access.close();
    }

    private static RSAKey rsa(String id) {
        try {
            return new RSAKeyGenerator(2_048).keyID(id).generate();
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    private static com.nimbusds.jose.jwk.ECKey ec() {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID("two").generate();
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    private static String keySet(JWK... keys) {
        return new JWKSet(Arrays.asList(keys)).toString(true);
    }

    private void start(JWK... keys) {
        access = new AccessFiles(directory).jwks(keySet(keys)).start(now::get);
    }

    private static JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder()
                .issuer(AccessFiles.ISSUER)
                .audience(AccessFiles.AUDIENCE)
                .subject("alice")
                .expirationTime(Date.from(NOW.plusSeconds(60)));
    }

    private static String signed(JWSHeader header, JWTClaimsSet claims, JWSSigner signer) {
        try {
            SignedJWT jwt = new SignedJWT(header, claims);
            jwt.sign(signer);
            return jwt.serialize();
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    private static String byRsa(RSAKey key, JWTClaimsSet claims) {
        try {
            return signed(
                    new JWSHeader.Builder(JWSAlgorithm.RS256)
                            .keyID(key.getKeyID())
                            .build(),
                    claims,
                    new RSASSASigner(key));
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    private static String byRsa(UnaryOperator<JWTClaimsSet.Builder> change) {
        return byRsa(RSA, change.apply(claims()).build());
    }

    private Principal principal(String token) {
        return access.authenticate(new Credentials.Bearer(token), "here")
                .blockOptional(LIMIT)
                .orElseThrow();
    }

    private void assertRefused(ErrorCode code, String part, String token) {
        LevadaException refused = assertThrows(LevadaException.class, () -> principal(token));
        assertEquals(code, refused.code(), refused.getMessage());
        assertTrue(String.valueOf(refused.getMessage()).contains(part), refused.getMessage());
    }

    @Test
    void a_token_of_the_issuer_names_its_principal_until_it_expires() throws JOSEException {
        start(RSA, EC);
        assertEquals("alice", principal(byRsa(claims -> claims)).name());
        assertEquals(
                NOW.plusSeconds(60).plus(JwtVerifier.SKEW),
                principal(byRsa(claims -> claims)).expiresAt());
        assertEquals(
                "alice",
                principal(signed(
                                new JWSHeader.Builder(JWSAlgorithm.ES256).build(),
                                claims().build(),
                                new ECDSASigner(EC)))
                        .name(),
                "a key is found without its id");
    }

    @Test
    void ed25519_is_verified_by_the_jdk() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        byte[] encoded = pair.getPublic().getEncoded();
        OctetKeyPair key = new OctetKeyPair.Builder(
                        Curve.Ed25519,
                        Base64URL.encode(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length)))
                .keyID("three")
                .build();
        start(key);
        SignedJWT jwt = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.EdDSA).keyID("three").build(), claims().build());
        Signature signer = Signature.getInstance("Ed25519");
        signer.initSign(pair.getPrivate());
        signer.update(jwt.getSigningInput());
        String input = new String(jwt.getSigningInput(), StandardCharsets.US_ASCII);
        byte[] signature = signer.sign();

        assertEquals(
                "alice", principal(input + "." + Base64URL.encode(signature)).name());

        signature[3] ^= 1;
        assertRefused(ErrorCode.UNAUTHENTICATED, "signature", input + "." + Base64URL.encode(signature));
    }

    @Test
    void none_is_no_algorithm() {
        start(RSA);
        assertRefused(ErrorCode.UNAUTHENTICATED, "no signed JWT", new PlainJWT(claims().build()).serialize());
        String forged = Base64URL.encode("{\"alg\":\"none\"}") + "."
                + Base64URL.encode(claims().build().toString()) + ".";
        assertRefused(ErrorCode.UNAUTHENTICATED, "no signed JWT", forged);
    }

    @Test
    void a_public_key_is_no_shared_secret() throws JOSEException {
        start(RSA);
        byte[] published = RSA.toRSAPublicKey().getEncoded();
        assertRefused(
                ErrorCode.UNAUTHENTICATED,
                "'HS256' is not taken here",
                signed(new JWSHeader(JWSAlgorithm.HS256), claims().build(), new MACSigner(published)));
    }

    @Test
    void an_algorithm_that_is_not_allowed_is_refused_though_the_key_would_do() throws JOSEException {
        start(RSA);
        assertRefused(
                ErrorCode.UNAUTHENTICATED,
                "'RS512' is not taken here; sign it with ES256, EdDSA, RS256",
                signed(
                        new JWSHeader.Builder(JWSAlgorithm.RS512).keyID("one").build(),
                        claims().build(),
                        new RSASSASigner(RSA)));
    }

    @Test
    void another_key_of_the_same_id_is_not_believed() {
        start(RSA);
        assertRefused(ErrorCode.UNAUTHENTICATED, "signature is wrong", byRsa(OTHER_RSA, claims().build()));
    }

    @Test
    void what_was_changed_behind_the_signature_is_not_believed() {
        start(RSA);
        String[] parts = byRsa(claims -> claims).split("\\.", -1);
        String forged = parts[0] + "."
                + Base64URL.encode(claims().subject("root").build().toString()) + "." + parts[2];
        assertRefused(ErrorCode.UNAUTHENTICATED, "signature is wrong", forged);
    }

    @Test
    void issuer_audience_and_principal_are_held_to() {
        start(RSA);
        assertRefused(ErrorCode.UNAUTHENTICATED, "another audience", byRsa(claims -> claims.audience("other")));
        assertRefused(ErrorCode.UNAUTHENTICATED, "another audience", byRsa(claims -> claims.audience((String) null)));
        assertRefused(
                ErrorCode.UNAUTHENTICATED, "another issuer", byRsa(claims -> claims.issuer("https://evil.example")));
        assertRefused(ErrorCode.UNAUTHENTICATED, "another issuer", byRsa(claims -> claims.issuer(null)));
        assertRefused(ErrorCode.UNAUTHENTICATED, "is to name a principal", byRsa(claims -> claims.subject(null)));
        assertRefused(ErrorCode.UNAUTHENTICATED, "is to name a principal", byRsa(claims -> claims.subject("a\nb")));
    }

    @Test
    void time_is_held_to_but_for_what_clocks_are_off() {
        start(RSA);
        assertRefused(ErrorCode.UNAUTHENTICATED, "has no 'exp'", byRsa(claims -> claims.expirationTime(null)));
        assertRefused(
                ErrorCode.UNAUTHENTICATED,
                "not valid yet",
                byRsa(claims -> claims.notBeforeTime(Date.from(NOW.plusSeconds(31)))));
        assertEquals(
                "alice",
                principal(byRsa(claims -> claims.notBeforeTime(Date.from(NOW.plusSeconds(29)))))
                        .name());
        assertEquals(
                "alice",
                principal(byRsa(claims -> claims.expirationTime(Date.from(NOW.minusSeconds(29)))))
                        .name());
        assertRefused(
                ErrorCode.TOKEN_EXPIRED,
                "expired",
                byRsa(claims -> claims.expirationTime(Date.from(NOW.minusSeconds(30)))));
    }

    @Test
    void critical_extensions_are_not_passed_over() throws JOSEException {
        start(RSA);
        JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.RS256)
                .keyID("one")
                .criticalParams(Set.of("urn:example:must"))
                .customParam("urn:example:must", true)
                .build();
        assertRefused(ErrorCode.UNAUTHENTICATED, "critical", signed(header, claims().build(), new RSASSASigner(RSA)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.b.c", "..", "a..c", "eyJhbGciOiJSUzI1NiJ9..", "\u0000.\u0000.\u0000"})
    void what_is_no_token_is_refused(String text) {
        start(RSA);
        assertEquals(
                ErrorCode.UNAUTHENTICATED,
                assertThrows(LevadaException.class, () -> principal(text)).code());
    }

    @Test
    void a_shared_secret_is_taken_where_it_is_given() throws JOSEException {
        AccessFiles files = new AccessFiles(directory);
        String secret = "0123456789abcdef0123456789abcdef";
        access = files.jwt(new JwtSettings(
                        null,
                        files.write("secret", secret + "\n"),
                        AccessFiles.ISSUER,
                        AccessFiles.AUDIENCE,
                        JwtSettings.DEFAULT_ALGORITHMS,
                        "email"))
                .start(now::get);
        JWTClaimsSet claims = claims().claim("email", "alice@example.com").build();
        assertEquals(
                "alice@example.com",
                principal(signed(new JWSHeader(JWSAlgorithm.HS256), claims, new MACSigner(secret)))
                        .name());
        assertRefused(
                ErrorCode.UNAUTHENTICATED,
                "signature is wrong",
                signed(new JWSHeader(JWSAlgorithm.HS256), claims, new MACSigner(secret.replace('0', '1'))));
    }

    @Test
    void a_secret_that_can_be_tried_out_is_refused() {
        AccessFiles files = new AccessFiles(directory);
        files.jwt(
                new JwtSettings(null, files.write("secret", "short"), "i", "a", JwtSettings.DEFAULT_ALGORITHMS, "sub"));
        LevadaException refused = assertThrows(LevadaException.class, files::start);
        assertTrue(String.valueOf(refused.getMessage()).contains("--auth-jwt-secret"), refused.getMessage());
        assertTrue(String.valueOf(refused.getMessage()).contains("32 bytes or more, not 5"), refused.getMessage());
    }

    @Test
    void a_key_set_without_a_key_that_verifies_is_refused() throws JOSEException {
        AccessFiles files = new AccessFiles(directory)
                .jwks(keySet(new com.nimbusds.jose.jwk.OctetSequenceKey.Builder(new byte[32]).build()));
        LevadaException refused = assertThrows(LevadaException.class, files::start);
        assertTrue(String.valueOf(refused.getMessage()).contains("no key that verifies"), refused.getMessage());
    }

    @Test
    void a_key_set_at_a_url_is_fetched_anew_for_a_key_that_is_not_known_but_not_for_each_of_them() throws Exception {
        RSAKey next = rsa("next");
        AtomicReference<String> served = new AtomicReference<>(keySet(RSA));
        AtomicInteger fetched = new AtomicInteger();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/jwks", exchange -> {
            fetched.incrementAndGet();
            byte[] bytes = String.valueOf(served.get()).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, bytes.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(bytes);
            }
        });
        server.start();
        try {
            AtomicReference<Long> nanos = new AtomicReference<>(0L);
            RemoteKeys keys = new RemoteKeys(
                    java.net.URI.create(
                            "http://127.0.0.1:" + server.getAddress().getPort() + "/jwks"),
                    Runnable::run,
                    nanos::get);
            JwtSettings settings = new JwtSettings(
                    "", null, AccessFiles.ISSUER, AccessFiles.AUDIENCE, JwtSettings.DEFAULT_ALGORITHMS, "sub");
            JwtVerifier verifier = new JwtVerifier(settings, keys, null, now::get);

            String first = byRsa(RSA, claims().build());
            assertEquals(
                    "alice",
                    verifier.verify(first).blockOptional(LIMIT).orElseThrow().name());
            assertEquals(1, fetched.get());

            String second = byRsa(next, claims().build());
            served.set(keySet(RSA, next));
            assertThrows(LevadaException.class, () -> verifier.verify(second).block(LIMIT));
            assertThrows(LevadaException.class, () -> verifier.verify(second).block(LIMIT));
            assertEquals(1, fetched.get(), "within ten seconds nobody makes it fetch again");

            nanos.set(RemoteKeys.LEAST_INTERVAL.toNanos());
            assertEquals(
                    "alice",
                    verifier.verify(second).blockOptional(LIMIT).orElseThrow().name());
            assertEquals(2, fetched.get());

            served.set("no key set");
            nanos.set(3 * RemoteKeys.INTERVAL.toNanos());
            keys.look();
            assertEquals(3, fetched.get());
            assertEquals(
                    "alice",
                    verifier.verify(first).blockOptional(LIMIT).orElseThrow().name(),
                    "what was known stays");
        } finally {
            server.stop(0);
        }
    }
}
