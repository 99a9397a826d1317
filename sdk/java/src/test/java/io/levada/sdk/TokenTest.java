package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.LevadaOptions.Security;
import io.levada.ReadSpec;
import io.levada.sdk.FakeServer.Transport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/** A token from its file to the server, which is one that the test scripts. */
class TokenTest {
    private static final String EXPIRED =
            "{\"error\":{\"code\":\"TOKEN_EXPIRED\",\"message\":\"the token has ended\",\"retriable\":false}}";

    private final Path directory;
    private final Path file;

    TokenTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        this.file = directory.resolve("token");
        write("one\n");
    }

    private void write(String text) throws IOException {
        Path whole = Files.writeString(directory.resolve("token.new"), text, StandardCharsets.ISO_8859_1);
        Files.move(whole, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private RemoteEngine engine(FakeServer server, LinkLimits limits) {
        server.answer("topics.list", request -> Mono.just("{\"topics\":[]}"));
        Security security =
                LevadaOptions.defaults().withTokenFile(file.toString()).security();
        Address address = Address.parse(server.address());
        return new RemoteEngine(new Link(address, limits, Credentials.of(address, security)));
    }

    private static void use(RemoteEngine engine) {
        Await.value(engine.topics().list().collectList());
    }

    private static String nextToken(FakeServer server) {
        return Await.next(server.tokens, "a token");
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void it_goes_in_setup_and_is_read_again_for_each_connection(Transport transport) throws IOException {
        try (FakeServer server = new FakeServer(transport);
                RemoteEngine engine = engine(server, LinkLimits.of(Await.LIMIT))) {
            use(engine);
            assertEquals("SETUP one", nextToken(server));

            write("two");
            server.dropConnections();
            Await.until("another connection", () -> {
                engine.topics().list().collectList().onErrorComplete().block(Await.LIMIT);
                return !server.tokens.isEmpty();
            });
            assertEquals("SETUP two", nextToken(server));
        }
    }

    @Test
    void whoever_opens_an_address_with_a_token_file_sends_it() {
        try (FakeServer server = new FakeServer(Transport.TCP)) {
            LevadaOptions options = LevadaOptions.defaults().withTokenFile(file.toString());
            Levada.open(server.address(), options).close();
            assertEquals("SETUP one", nextToken(server));
        }
    }

    @Test
    void a_token_that_changes_is_pushed_over_the_same_connection() throws IOException {
        LinkLimits limits = LinkLimits.of(Await.LIMIT).withTokenInterval(Duration.ofMillis(10));
        try (FakeServer server = new FakeServer(Transport.TCP);
                RemoteEngine engine = engine(server, limits)) {
            use(engine);
            assertEquals("SETUP one", nextToken(server));
            write("two");
            assertEquals("METADATA_PUSH two", nextToken(server));
            write("not\na token");
            write("three");
            assertEquals("METADATA_PUSH three", nextToken(server));
            assertEquals(1, server.setups.size());
        }
    }

    @Test
    void a_file_that_is_gone_leaves_the_token_of_before() throws IOException {
        LinkLimits limits = LinkLimits.of(Await.LIMIT).withReconnectTimeout(Await.LIMIT);
        try (FakeServer server = new FakeServer(Transport.TCP);
                RemoteEngine engine = engine(server, limits)) {
            use(engine);
            assertEquals("SETUP one", nextToken(server));
            Files.delete(file);
            server.stop();
            server.restart();
            use(engine);
            assertEquals("SETUP one", nextToken(server));
        }
    }

    @Test
    void a_setup_that_is_rejected_for_good_is_told_and_not_tried_again() {
        LinkLimits limits = LinkLimits.of(Await.LIMIT).withReconnectTimeout(Duration.ofMinutes(2));
        try (FakeServer server = new FakeServer(Transport.TCP);
                RemoteEngine engine = engine(server, limits)) {
            server.rejectSetup(EXPIRED);
            LevadaException refused =
                    Await.failure(() -> engine.topics().list().collectList().block(Await.LIMIT));
            assertEquals("TOKEN_EXPIRED: the token has ended", refused.line());
            assertEquals(1, server.rejections.get());

            Journal reader = new Journal();
            engine.read(ReadSpec.of("t"), reader.batches());
            assertEquals("error TOKEN_EXPIRED: the token has ended", reader.next());
            Journal writer = new Journal();
            engine.write("t", writer.writer());
            assertEquals("error TOKEN_EXPIRED: the token has ended", writer.next());
            assertEquals(3, server.rejections.get());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " \n", "two tokens", "one\ntwo", "t\u00f6ken"})
    void what_is_no_token_is_refused(String text) throws IOException {
        write(text);
        LevadaException refused = Await.failure(() -> Token.read(file.toString()));
        assertEquals(ErrorCode.INVALID_REQUEST, refused.code());
        assertTrue(refused.line().contains(file + " is to hold one token"), refused.line());
    }

    @Test
    void a_file_that_is_far_too_large_is_no_token() throws IOException {
        write("t".repeat(8 << 10));
        assertEquals(8 << 10, Token.read(file.toString()).text().length());
        write("t".repeat((8 << 10) + 1));
        assertEquals(
                ErrorCode.INVALID_REQUEST,
                Await.failure(() -> Token.read(file.toString())).code());
    }

    private static String jwt(String claims) {
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        return base64.encodeToString("{}".getBytes(StandardCharsets.UTF_8)) + "."
                + base64.encodeToString(claims.getBytes(StandardCharsets.UTF_8)) + ".c2lnbmF0dXJl";
    }

    @Test
    void a_json_web_token_tells_when_it_ends_and_nobody_is_told_the_token() throws IOException {
        write(jwt("{\"exp\":1700000000}"));
        Token token = Token.read(file.toString());
        assertEquals(Instant.ofEpochSecond(1_700_000_000), token.expiry());
        assertFalse(token.toString().contains(token.text()), token.toString());

        for (String other : new String[] {jwt("{}"), jwt("no JSON"), "a.b.c", "a.%%.c", "opaque"}) {
            write(other);
            assertNull(Token.read(file.toString()).expiry(), other);
        }
    }

    @ParameterizedTest
    @CsvSource({"3600000, 5000", "4000, 2000", "1000, 500", "100, 200", "-1000, 5000"})
    void the_file_is_looked_at_well_before_the_token_ends(long leftMs, long waitMs) {
        Instant now = Instant.ofEpochSecond(1_700_000_000);
        Token token = new Token("t", now.plusMillis(leftMs));
        assertEquals(Duration.ofMillis(waitMs), TokenWatch.wait(token, now, Duration.ofSeconds(5)));
        assertEquals(Duration.ofSeconds(5), TokenWatch.wait(new Token("t", null), now, Duration.ofSeconds(5)));
    }
}
