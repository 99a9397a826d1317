package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.TopicSpec;
import io.levada.access.AccessControl;
import io.levada.access.AccessFiles;
import io.levada.access.HandClock;
import io.levada.access.Passwords;
import io.levada.access.Quota;
import io.levada.access.Tokens;
import io.levada.engine.EmbeddedEngine;
import io.levada.protocol.Message;
import io.levada.wire.Json;
import io.netty.buffer.Unpooled;
import io.rsocket.Payload;
import io.rsocket.util.DefaultPayload;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who is at the other end of a connection: when it is let in, while it is there, and when its time is over. */
final class LoginTest {
    private static final String RULES = """
            rules:
              - {principals: [alice, bob], operations: [read, publish], topics: [t]}
              - {principals: [alice], operations: [commit], groups: [g]}
              - {principals: [root], operations: [admin]}
            """;
    private static final String READ = "{\"topic\":\"t\",\"from\":\"earliest\"}";
    private static final Duration A_MINUTE = Duration.ofMinutes(1);
    /** A minute, and more than clocks may be off by. */
    private static final Duration A_MINUTE_AND_MORE = Duration.ofSeconds(91);

    @TempDir
    private Path directory = Path.of("");

    private final HandClock clock = new HandClock();
    private final EmbeddedEngine engine = EmbeddedEngine.open("memory:");
    private AccessFiles files = new AccessFiles(Path.of(""));
    private AccessControl access = AccessControl.open();
    private GatewayServer server = Servers.start(engine);

    @BeforeEach
    void begin() {
        files = new AccessFiles(directory).permissions(RULES).jwks(Tokens.KEY_SET);
        engine.topics().create(TopicSpec.of("t")).block(Await.LIMIT);
    }

    @AfterEach
    void stop() {
        server.close();
        access.close();
        engine.close();
    }

    private void serve(Duration patience) {
        server.close();
        access = files.start(clock);
        server = GatewayServer.start(
                new Doors(access, engine) {
                    @Override
                    Duration lookInterval() {
                        return Duration.ofMillis(50);
                    }
                },
                Servers.config().withLimits(GatewayLimits.defaults().withSetupTimeout(patience)));
    }

    private RawClient client(Payload setup) {
        return RawClient.connect(RawClient.overTcp(server), setup);
    }

    private String jwt(String principal, Duration left) {
        return Tokens.jwt(principal, clock.instant().plus(left));
    }

    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError(text, e);
        }
    }

    private static String describes(RawClient client) {
        return client.answer("topics.describe", "{\"name\":\"t\"}");
    }

    @Test
    void a_token_that_expires_ends_every_stream_and_is_refreshed_in_band() {
        serve(Duration.ofSeconds(5));
        try (RawClient client = client(RawClient.bearer(jwt("alice", A_MINUTE)))) {
            RawClient.Stream read = client.stream("read", READ, 10);
            RawClient.Channel batches = client.channel("read.batched", new Message.Open(READ), 10);
            RawClient.Channel publish = client.channel("publish", new Message.Open("{\"topic\":\"t\"}"), 10);
            RawClient.Channel group =
                    client.jsonChannel("group", "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"]}", 10);

            assertNull(batches.down.end.peek());
            describes(client);
            clock.advance(A_MINUTE_AND_MORE);

            for (RawClient.Stream each : new RawClient.Stream[] {read, batches.down, publish.down, group.down}) {
                assertEquals("TOKEN_EXPIRED", Asker.code(each.end()));
            }
            assertEquals("TOKEN_EXPIRED", Asker.code(client.error("topics.describe", "{\"name\":\"t\"}")));

            client.push(RawClient.bearer(jwt("alice", Duration.ofMinutes(5))));
            Await.until(
                    "refreshed", () -> asked(client, Act.Kind.DESCRIBE_TOPIC).equals(Asker.DONE));
        }
    }

    @Test
    void a_token_that_was_refreshed_in_time_ends_nothing() {
        serve(Duration.ofSeconds(2));
        try (RawClient client = client(RawClient.bearer(jwt("alice", A_MINUTE)))) {
            RawClient.Stream read = client.stream("read", READ, 10);
            client.push(RawClient.bearer(jwt("alice", Duration.ofMinutes(5))));
            describes(client);
            // A second of looking at it is long for one of tokens.
            RawClient.Stream stats = client.stream("stats", "{\"intervalMs\":100}", Long.MAX_VALUE);
            for (int told = 0; told < 10; told++) {
                stats.text();
            }
            clock.advance(A_MINUTE_AND_MORE);
            for (int told = 0; told < 10; told++) {
                stats.text();
            }
            assertTrue(read.end.isEmpty());
            describes(client);
        }
    }

    @Test
    void a_session_is_told_until_when_its_token_counts_and_that_it_does_no_more() {
        serve(Duration.ofSeconds(2));
        try (RawClient client = client(RawClient.bearer(jwt("alice", A_MINUTE)))) {
            RawClient.Stream session = client.stream("session", "{}", Long.MAX_VALUE);
            String first = session.text();
            assertTrue(first.startsWith("{\"principal\":\"alice\",\"expires\":"), first);

            client.push(RawClient.bearer(jwt("alice", Duration.ofMinutes(5))));
            String refreshed = session.text();
            assertTrue(
                    expires(refreshed) - expires(first) >= Duration.ofMinutes(3).toMillis(), refreshed);
            clock.advance(Duration.ofMinutes(6));
            assertEquals("TOKEN_EXPIRED", Asker.code(session.end()));
        }
    }

    private static long expires(String told) {
        return Json.tree("a session", told).path("expires").asLong();
    }

    @Test
    void a_connection_that_is_not_refreshed_is_closed() {
        serve(Duration.ofSeconds(2));
        try (RawClient client = client(RawClient.bearer(jwt("alice", A_MINUTE)))) {
            describes(client);
            clock.advance(A_MINUTE_AND_MORE);
            client.rsocket.onClose().onErrorComplete().block(Await.LIMIT);
            assertTrue(client.rsocket.isDisposed());
        }
    }

    @Test
    void nobody_becomes_somebody_else() {
        serve(Duration.ofSeconds(2));
        try (RawClient client = client(RawClient.bearer(jwt("alice", A_MINUTE)))) {
            describes(client);
            client.push(RawClient.bearer(jwt("root", Duration.ofMinutes(5))));
            client.push(RawClient.bearer("wrong"));
            client.push(RawClient.authentication(Unpooled.wrappedBuffer(new byte[] {0x01})));
            client.push(DefaultPayload.create(new byte[0], new byte[] {1, 2, 3}));
            assertEquals(
                    "TOPIC_AUTHORIZATION_FAILED", Asker.code(client.error("topics.create", "{\"name\":\"other\"}")));
            clock.advance(A_MINUTE_AND_MORE);
            client.rsocket.onClose().onErrorComplete().block(Await.LIMIT);
        }
    }

    @Test
    void a_token_that_was_withdrawn_ends_what_was_opened_with_it() {
        String token = files.token("alice");
        serve(Duration.ofSeconds(5));
        try (RawClient client = client(RawClient.bearer(token))) {
            RawClient.Stream read = client.stream("read", READ, 10);
            describes(client);
            files.token("bob");
            files.write("tokens", Tokens.line("bob"));
            assertEquals("TOKEN_EXPIRED", Asker.code(read.end()));
        }
    }

    @Test
    void a_user_and_password_will_do() {
        files.passwords(Passwords.line("alice", "correct horse"));
        serve(Duration.ofSeconds(5));
        try (RawClient client = client(RawClient.simple("alice", "correct horse"))) {
            describes(client);
        }
        try (RawClient client = client(RawClient.simple("alice", "wrong"))) {
            assertEquals("UNAUTHENTICATED", Asker.code(client.error("topics.list", "{}")));
        }
    }

    enum Wrong {
        OF_AN_UNKNOWN_TYPE(RawClient.authentication(Unpooled.wrappedBuffer(new byte[] {(byte) 0x82, 1}))),
        EMPTY(RawClient.authentication(Unpooled.EMPTY_BUFFER)),
        CUT_OFF(RawClient.authentication(Unpooled.wrappedBuffer(new byte[] {(byte) 0x80, 0, 9, 1}))),
        NO_METADATA(DefaultPayload.create(new byte[0], new byte[] {1, 2, 3}));

        @SuppressWarnings("ImmutableEnumChecker") // on the heap, and not changed
        private final Payload setup;

        Wrong(Payload setup) {
            this.setup = setup;
        }
    }

    @ParameterizedTest
    @EnumSource
    void what_is_none_of_the_forms_is_refused(Wrong wrong) {
        serve(Duration.ofSeconds(5));
        try (RawClient client = client(wrong.setup)) {
            assertEquals("UNAUTHENTICATED", Asker.code(client.error("topics.list", "{}")));
        }
    }

    @Test
    void a_right_that_is_taken_away_ends_what_lives_by_it() {
        serve(Duration.ofSeconds(5));
        try (RawClient client = client(RawClient.bearer(jwt("alice", Duration.ofMinutes(5))))) {
            RawClient.Stream read = client.stream("read", READ, 10);
            client.answer("publish", "{\"topic\":\"t\",\"records\":[{\"value\":\"one\"}]}");
            assertTrue(read.text().contains("\"value\":\"one\""));

            files.permissions("rules: [{principals: [alice], operations: [publish], topics: [t]}]");
            Await.until("the rules are in force", () -> !read(client).equals(Asker.DONE));
            client.answer("publish", "{\"topic\":\"t\",\"records\":[{\"value\":\"two\"}]}");

            assertEquals("TOPIC_AUTHORIZATION_FAILED", Asker.code(read.end()));
            assertTrue(read.payloads.isEmpty(), "and what came behind is not told");
        }
    }

    @Test
    void of_others_an_administrator_alone_is_told() throws IOException {
        serve(Duration.ofSeconds(5));
        try (RawClient alice = client(RawClient.bearer(jwt("alice", Duration.ofMinutes(5))));
                RawClient bob = client(RawClient.bearer(jwt("bob", Duration.ofMinutes(5))));
                RawClient root = client(RawClient.bearer(jwt("root", Duration.ofMinutes(5))));
                InputStream bobsToo = httpStream(jwt("bob", Duration.ofMinutes(5)))) {
            alice.stream("read", READ.replace("}", ",\"label\":\"alice's\"}"), 1);
            bob.stream("read", READ.replace("}", ",\"label\":\"bob's\"}"), 1);
            RawClient.Stream all = root.stream("stats", "{\"intervalMs\":100}", Long.MAX_VALUE);
            Await.until("all are there", () -> json(all.text()).path("count").asInt() == 3);

            JsonNode own = json(alice.stream("stats", "{}", 1).text());
            assertEquals(1, own.path("count").asInt());
            assertEquals(
                    "alice's", own.path("subscriptions").path(0).path("label").asText());
            assertFalse(own.has("connections"), own.toString());
            assertFalse(own.has("heapBytes"), own.toString());
            assertEquals(3, json(all.text()).path("connections").asInt());
            assertEquals('r', bobsToo.read());
        }
    }

    private InputStream httpStream(String token) {
        URI uri =
                URI.create("http://127.0.0.1:" + server.httpAddress().getPort() + "/v1/topics/t/stream?from=earliest");
        HttpRequest request = HttpRequest.newBuilder(uri)
                .header("Authorization", "Bearer " + token)
                .build();
        return HttpClient.newHttpClient()
                .sendAsync(request, HttpResponse.BodyHandlers.ofInputStream())
                .orTimeout(Await.LIMIT.toSeconds(), TimeUnit.SECONDS)
                .join()
                .body();
    }

    @Test
    void connections_and_subscriptions_are_held_to_their_quota() {
        files.quota(new Quota(Long.MAX_VALUE, 2, 2));
        serve(Duration.ofSeconds(5));
        Payload setup = RawClient.bearer(jwt("alice", Duration.ofMinutes(5)));
        try (RawClient one = client(setup);
                RawClient two = client(setup)) {
            describes(one);
            describes(two);
            try (RawClient three = client(setup)) {
                assertEquals("THROTTLED", Asker.code(three.error("topics.list", "{}")));
            }
            try (RawClient bob = client(RawClient.bearer(jwt("bob", Duration.ofMinutes(5))))) {
                describes(bob);
            }
            one.answer("publish", "{\"topic\":\"t\",\"records\":[{\"value\":\"one\"}]}");
            RawClient.Stream first = one.stream("read", READ, 1);
            assertNull(first.endBeforeAnything());
            assertNull(two.stream("read", READ, 1).endBeforeAnything());
            assertEquals("THROTTLED", read(one));
            first.cancel();
            Await.until("one has gone", () -> read(two).equals(Asker.DONE));
        }
        Await.until("both are gone", () -> {
            try (RawClient again = client(setup)) {
                return asked(again, Act.Kind.DESCRIBE_TOPIC).equals(Asker.DONE);
            }
        });
    }

    private static String read(RawClient client) {
        return asked(client, Act.Kind.READ);
    }

    private static String asked(RawClient client, Act.Kind kind) {
        return String.valueOf(new RSocketAsker(client).ask(new Act(kind, "t", null)));
    }
}
