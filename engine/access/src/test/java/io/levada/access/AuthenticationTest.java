package io.levada.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.testgate.TestGate;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tokens, passwords and certificates of files, as they are and as they change. */
final class AuthenticationTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Instant FAR = Instant.parse("2100-01-01T00:00:00Z");

    @TempDir
    private Path directory = Path.of("");

    private AccessFiles files = new AccessFiles(Path.of(""));
    private AccessControl access = AccessControl.open();

    @BeforeEach
    void begin() {
        files = new AccessFiles(directory);
    }

    @AfterEach
    void stop() {
        access.close();
    }

    private Principal principal(Credentials presented) {
        return access.authenticate(presented, "here").blockOptional(LIMIT).orElseThrow();
    }

    private void assertRefused(String part, Credentials presented) {
        LevadaException refused = assertThrows(LevadaException.class, () -> principal(presented));
        assertEquals(ErrorCode.UNAUTHENTICATED, refused.code(), refused.getMessage());
        assertTrue(String.valueOf(refused.getMessage()).contains(part), refused.getMessage());
    }

    private static Credentials bearer(String token) {
        return new Credentials.Bearer(token);
    }

    @Test
    void a_token_names_its_principal() {
        String alice = files.token("alice");
        String bob = files.token("system:serviceaccount:prod:bob");
        access = files.start();

        assertEquals("alice", principal(bearer(alice)).name());
        assertEquals("system:serviceaccount:prod:bob", principal(bearer(bob)).name());
        assertRefused("the token is not known", bearer(alice + "x"));
        assertRefused("the token is not known", bearer(""));
        assertRefused("at most 8192", bearer("x".repeat(8_193)));
        assertRefused("say who you are: a bearer token", Credentials.none());
        assertRefused("passwords are not taken here, but a bearer token", new Credentials.Simple("alice", alice));
    }

    @Test
    void no_two_tokens_are_the_same_and_none_stands_in_its_file() {
        StaticTokens.Created one = StaticTokens.create("alice");
        StaticTokens.Created two = StaticTokens.create("alice");

        assertTrue(one.secret().matches("lvd_[A-Za-z0-9_-]{43}"), one.secret());
        assertFalse(one.secret().equals(two.secret()));
        assertFalse(one.toString().contains(one.secret()));
        assertFalse(one.line().contains(one.secret()));
    }

    @Test
    void what_a_file_of_tokens_no_longer_holds_counts_no_more() {
        String alice = files.token("alice");
        access = files.start();
        Principal before = principal(bearer(alice));
        access.check(before);

        files.write("tokens", StaticTokens.create("bob").line());
        access.look();

        assertRefused("the token is not known", bearer(alice));
        assertEquals(
                ErrorCode.TOKEN_EXPIRED,
                assertThrows(LevadaException.class, () -> access.check(before)).code(),
                "nor does who was let in by it");
    }

    @Test
    void a_broken_edit_changes_nothing_and_is_told_once() {
        String alice = files.token("alice");
        access = files.start();

        for (String broken : new String[] {"alice:sha256:12", "", "# nobody yet"}) {
            files.write("tokens", broken);
            access.look();
            access.look();
            assertEquals("alice", principal(bearer(alice)).name());
            assertEquals(1, TestGate.expectError("stays in force"), broken);
        }
        files.token("carol");
        access.look();
        assertEquals("alice", principal(bearer(alice)).name());
    }

    @Test
    void a_file_that_goes_missing_changes_nothing() throws java.io.IOException {
        String alice = files.token("alice");
        access = files.start();

        java.nio.file.Files.delete(directory.resolve("tokens"));
        access.look();
        access.look();

        assertEquals(1, TestGate.expectError("cannot be read, so what it said stays in force"));
        assertEquals("alice", principal(bearer(alice)).name());
    }

    @ParameterizedTest
    @CsvSource({
        "tokens, alice:md5:1234, line 2: it is to be PRINCIPAL:sha256:HEX",
        "tokens, a b:sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef, line 2: a principal is",
        "passwords, alice:secret, line 2: it is to be USER:pbkdf2-sha256",
        "passwords, alice:pbkdf2-sha256:1:AAAAAAAAAAA=:AAAA, 'line 2: iterations are 10000 to 10000000, not 1'",
        "certificates, alice, line 2: it is to be SUBJECT_DN=PRINCIPAL",
        "certificates, XY!=1=alice, line 2: it is to be SUBJECT_DN=PRINCIPAL"
    })
    void a_wrong_line_is_refused_at_the_start_with_its_number(String file, String line, String told) {
        Path path = files.write(file, "# comment\n" + line + "\n");
        AccessSettings settings = new AccessSettings(
                null,
                file.equals("tokens") ? path : null,
                file.equals("passwords") ? path : null,
                file.equals("certificates") ? path : null,
                files.settings().permissions(),
                false,
                Quota.DEFAULT);
        LevadaException refused = assertThrows(LevadaException.class, () -> AccessControl.start(settings));
        assertEquals(ErrorCode.INVALID_CONFIG, refused.code());
        assertTrue(
                String.valueOf(refused.getMessage()).startsWith("--auth-" + file + " " + path), refused.getMessage());
        assertTrue(String.valueOf(refused.getMessage()).contains(told), refused.getMessage());
    }

    @Test
    void a_password_names_its_user() {
        access = files.passwords(Passwords.line("alice", "correct horse")).start();

        assertEquals(
                "alice",
                principal(new Credentials.Simple("alice", "correct horse")).name());
        assertEquals(
                "alice",
                principal(new Credentials.Simple("alice", "correct horse")).name(),
                "known again");
        assertRefused("user or password is wrong", new Credentials.Simple("alice", "correct hors"));
        assertRefused("user or password is wrong", new Credentials.Simple("bob", "correct horse"));
        assertRefused("user or password is wrong", new Credentials.Simple("alice", ""));
        assertRefused("tokens are not taken here, but a user and password", bearer("x"));
    }

    @Test
    void a_password_that_was_known_is_not_any_more_once_it_is_changed() {
        access = files.passwords(Passwords.line("alice", "old")).start();
        Principal before = principal(new Credentials.Simple("alice", "old"));

        files.passwords(Passwords.line("alice", "new"));
        access.look();

        assertRefused("user or password is wrong", new Credentials.Simple("alice", "old"));
        assertThrows(LevadaException.class, () -> access.check(before));
    }

    @Test
    void a_line_of_passwords_that_is_cut_short_is_refused_by_its_number() {
        String line = "bob:pbkdf2-sha256:600000:" + "A".repeat(22) + "==:AAAAA";
        LevadaException refused = assertThrows(LevadaException.class, () -> Passwords.parse("# users\n" + line));
        assertEquals(ErrorCode.INVALID_CONFIG, refused.code());
        assertTrue(String.valueOf(refused.getMessage()).startsWith("line 2: salt and hash are base64"), refused.line());
    }

    @Test
    void what_is_no_set_of_keys_is_refused_as_that() {
        for (String text : new String[] {"null", "[]", "{}", "{\"keys\":[null]}", "{\"keys\":[{\"kty\":null}]}", ""}) {
            LevadaException refused = assertThrows(LevadaException.class, () -> KeySet.parse(text), text);
            assertEquals(ErrorCode.INVALID_CONFIG, refused.code());
        }
    }

    @Test
    void a_certificates_subject_is_compared_whole() {
        access = files.certificates("CN=billing,OU=Prod,O=Example=billing").start();

        assertEquals(
                "billing",
                principal(new Credentials.Certificate("cn=billing, ou=prod, o=example", FAR))
                        .name());
        assertEquals(
                FAR,
                principal(new Credentials.Certificate("CN=billing,OU=Prod,O=Example", FAR))
                        .expiresAt());
        assertRefused("stands for nobody", new Credentials.Certificate("CN=billing,O=Example", FAR));
        assertRefused("stands for nobody", new Credentials.Certificate("CN=billing\\,OU=Prod\\,O=Example", FAR));
        assertRefused("stands for nobody", new Credentials.Certificate("CN=billing,OU=Prod,O=Example,C=PT", FAR));
        assertEquals(
                ErrorCode.TOKEN_EXPIRED,
                assertThrows(
                                LevadaException.class,
                                () -> principal(
                                        new Credentials.Certificate("CN=billing,OU=Prod,O=Example", Instant.EPOCH)))
                        .code());
    }

    @Test
    void credentials_do_not_print_what_they_hold() {
        for (Credentials each : new Credentials[] {
            bearer("s3cret"), new Credentials.Simple("s3cret", "s3cret"), new Credentials.Certificate("s3cret", FAR)
        }) {
            assertFalse(each.toString().contains("s3cret"), each.toString());
        }
    }
}
