package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The options of serve that say who is let in, and the commands that make what their files hold. */
final class AccessOptionsTest {
    @TempDir
    private Path directory = Path.of("");

    private Program serve(String... options) {
        List<String> all = new ArrayList<>(
                List.of("serve", "--store", "file:" + directory.resolve("store"), "--port", "0", "--http-port", "0"));
        all.addAll(List.of(options));
        return Program.run(all.toArray(new String[0]));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--auth-tokens t|whoever is let in may do nothing without --permissions FILE",
                "--permissions p|--permissions p says what principals may, so add how they show who they are",
                "--auth-jwks j --permissions p|need --auth-jwt-issuer and --auth-jwt-audience",
                "--auth-jwt-issuer i|need --auth-jwks or --auth-jwt-secret",
                "--auth-jwks j --auth-jwt-issuer i --auth-jwt-audience a --auth-jwt-algorithms none --permissions p|takes ES256, ES384, ES512, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512, not none",
                "--auth-jwks j --auth-jwt-issuer i --auth-jwt-audience a --auth-jwt-algorithms RS256,HS256 --permissions p|not HS256; HS256 comes with --auth-jwt-secret",
                "--auth-tokens t --permissions p --quota-connections 0|1 to 1000000"
            })
    void what_makes_no_sense_is_wrong_usage(String options, String told) {
        Program refused = serve(options.split(" ", -1));
        assertEquals(2, refused.code(), refused.err());
        assertTrue(refused.err().contains(told), refused.err());
    }

    @Test
    void a_file_that_is_wrong_is_named_and_nothing_is_opened() throws IOException {
        Path tokens = Files.writeString(directory.resolve("tokens"), "alice:secret\n");
        Path permissions =
                Files.writeString(directory.resolve("rules"), "rules: [{principals: [a], operations: [admin]}]");

        Program refused = serve("--auth-tokens", tokens.toString(), "--permissions", permissions.toString());
        assertEquals(1, refused.code());
        assertTrue(refused.err().contains("INVALID_CONFIG: --auth-tokens " + tokens + ": line 1:"), refused.err());

        Program missing = serve("--auth-tokens", "/nowhere", "--permissions", permissions.toString());
        assertEquals(1, missing.code());
        assertTrue(missing.err().contains("--auth-tokens /nowhere: cannot be read"), missing.err());
        assertFalse(Files.exists(directory.resolve("store")));
    }

    @Test
    void a_token_is_told_once_and_its_line_is_what_a_server_takes() throws IOException {
        Path file = directory.resolve("tokens");
        Program created = Program.run("token", "create", "alice", "--file", file.toString());
        assertEquals(0, created.code(), created.err());
        assertTrue(created.out().matches("lvd_[A-Za-z0-9_-]{43}\n"), created.out());
        assertTrue(Files.readString(file).matches("alice:sha256:[0-9a-f]{64}\n"), Files.readString(file));
        if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            assertEquals(
                    "rw-------",
                    java.nio.file.attribute.PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        }

        Program shown = Program.run("token", "create", "bob");
        assertTrue(shown.err().matches("bob:sha256:[0-9a-f]{64}\n"), shown.err());
        assertFalse(shown.err().contains(shown.out().strip()));

        Program refused = Program.run("token", "create", "no body");
        assertEquals(1, refused.code());
        assertTrue(refused.err().startsWith("INVALID_CONFIG: a principal is"), refused.err());
    }

    @Test
    void a_password_is_read_from_standard_input() {
        Program line = Program.run("correct horse\n".getBytes(StandardCharsets.UTF_8), "token", "password", "alice");
        assertEquals(0, line.code(), line.err());
        assertTrue(
                line.out().matches("alice:pbkdf2-sha256:600000:[A-Za-z0-9+/=]{24}:[A-Za-z0-9+/=]{44}\n"), line.out());

        Program none = Program.run("token", "password", "alice");
        assertEquals(2, none.code());
        assertTrue(none.err().contains("standard input is to hold the password"), none.err());
    }
}
