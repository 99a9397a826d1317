package io.levada.connect.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.levada.access.AccessControl;
import io.levada.access.AccessFiles;
import io.levada.access.HandClock;
import io.levada.access.Passwords;
import io.levada.access.Tokens;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.errors.AlreadyExistsException;
import org.apache.kafka.connect.runtime.Herder.Created;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** How it is found out who asks, and what is noted of what they do; {@link AccessMatrixTest} asks for everything. */
@Timeout(60)
final class GuardTest {
    private static final ConnectorInfo INFO = new ConnectorInfo("lines", Map.of(), List.of(), ConnectorType.SOURCE);
    private static final String RULES = """
            rules:
              - {principals: [maker], operations: [create], connectors: [lines]}
              - {principals: [changer], operations: [alter], connectors: [lines]}
              - {principals: [root], operations: [admin]}
            """;

    @TempDir
    private Path directory = Path.of("");

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.levada.audit");
    private final ListAppender<ILoggingEvent> noted = new ListAppender<>();
    private final HandClock clock = new HandClock();
    private AccessFiles files = new AccessFiles(Path.of(""));
    private AccessControl access = AccessControl.open();
    private Served rest = new Served();

    @BeforeEach
    void begin() {
        noted.start();
        logger.addAppender(noted);
        files = new AccessFiles(directory).permissions(RULES).jwks(Tokens.KEY_SET);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(noted);
        rest.close();
        access.close();
    }

    private void serve() {
        rest.close();
        access = files.start(clock);
        rest = new Served(access);
        rest.herder.returns("connectors", List.of("lines"));
    }

    private HttpResponse<String> send(String method, String path, String body, @Nullable String authorization) {
        HttpRequest.Builder request = rest.request(path)
                .header("Content-Type", "application/json")
                .method(method, BodyPublishers.ofString(body));
        return rest.send(authorization == null ? request : request.header("Authorization", authorization));
    }

    private String jwt(String principal, Duration left) {
        return "Bearer " + Tokens.jwt(principal, clock.instant().plus(left));
    }

    private String jwt(String principal) {
        return jwt(principal, Duration.ofMinutes(1));
    }

    private static String basic(String pair) {
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    /** What was noted, without where it came from. */
    private List<String> lines() {
        return List.copyOf(noted.list).stream()
                .map(event -> event.getFormattedMessage().replaceFirst(" peer=\"HTTP /127\\.0\\.0\\.1:[0-9]+\"$", ""))
                .toList();
    }

    @Test
    void a_token_counts_until_it_expires() {
        serve();
        String token = jwt("changer", Duration.ofMinutes(1));
        assertEquals("[\"lines\"]", send("GET", "/connectors", "", token).body());

        clock.advance(Duration.ofMinutes(2));
        HttpResponse<String> expired = send("GET", "/connectors", "", token);

        assertEquals(401, expired.statusCode());
        assertEquals(
                List.of("Bearer realm=\"levada\", error=\"invalid_token\""),
                expired.headers().allValues("WWW-Authenticate"));
        assertEquals(
                401,
                send("GET", "/connectors?access_token=" + jwt("root").substring("Bearer ".length()), "", null)
                        .statusCode());
    }

    @Test
    void a_user_and_password_will_do() {
        files.passwords(Passwords.line("root", "a:b ü"));
        serve();

        assertEquals(200, send("GET", "/connectors", "", basic("root:a:b ü")).statusCode());
        HttpResponse<String> wrong = send("GET", "/connectors", "", basic("root:a"));
        assertEquals(401, wrong.statusCode());
        assertEquals(
                List.of("Bearer realm=\"levada\"", "Basic realm=\"levada\", charset=\"UTF-8\""),
                wrong.headers().allValues("WWW-Authenticate"));
    }

    @Test
    void a_page_of_another_origin_is_refused_whoever_it_says_it_is() {
        serve();
        HttpResponse<String> refused = rest.send(rest.request("/connectors")
                .header("Origin", "http://rebound.example")
                .header("Authorization", jwt("root")));

        assertEquals(403, refused.statusCode());
        assertEquals(List.of(), rest.herder.calls());
    }

    @Test
    void only_those_who_are_known_hear_what_is_not_there() {
        serve();
        for (String path : List.of("/nothing", "/connectors/lines/pause")) {
            assertEquals(401, send("GET", path, "", null).statusCode(), path);
        }
        assertEquals(404, send("GET", "/nothing", "", jwt("changer")).statusCode());
        HttpResponse<String> wrong = send("GET", "/connectors/lines/pause", "", jwt("changer"));
        assertEquals(405, wrong.statusCode());
        assertEquals("PUT", wrong.headers().firstValue("Allow").orElse(""));
    }

    @Test
    void a_head_needs_what_a_get_does() {
        serve();
        HttpRequest.Builder head = rest.request("/connectors/lines").method("HEAD", BodyPublishers.noBody());

        assertEquals(401, rest.send(head).statusCode());
        assertEquals(403, rest.send(head.header("Authorization", jwt("maker"))).statusCode());
    }

    @Test
    void a_body_is_not_read_for_those_who_are_not_known() {
        serve();
        String large = "{\"a\": \"" + "x".repeat(2 * RestServer.MAX_BODY_BYTES) + "\"}";

        assertEquals(401, send("PUT", "/connectors/lines/config", large, null).statusCode());
        assertEquals(
                413, send("PUT", "/connectors/lines/config", large, jwt("root")).statusCode());
    }

    @Test
    void whoever_may_only_make_one_does_not_change_what_somebody_else_has_made() {
        serve();
        String path = "/connectors/lines/config";
        assertEquals(403, send("PUT", path, "{}", jwt("maker")).statusCode());

        rest.herder.returns("connectors", List.of()).returns("putConnectorConfig", new Created<>(true, INFO));
        assertEquals(201, send("PUT", path, "{}", jwt("maker")).statusCode());
        rest.herder.fails("putConnectorConfig", new AlreadyExistsException("made meanwhile"));
        assertEquals(409, send("PUT", path, "{}", jwt("maker")).statusCode());
        assertEquals(403, send("PUT", path, "{}", jwt("changer")).statusCode());

        String asked = "putConnectorConfig[lines, {name=lines}, false]";
        assertEquals(
                List.of("connectors[]", "connectors[]", asked, "connectors[]", asked, "connectors[]"),
                rest.herder.calls());
    }

    @Test
    void a_connector_is_made_by_the_name_that_is_asked_about() {
        serve();
        String other = "{\"name\": \"%s\", \"config\": {\"name\": \"%s\"}}";

        assertEquals(
                403,
                send("POST", "/connectors", other.formatted("more", "lines"), jwt("maker"))
                        .statusCode());
        assertEquals(
                400,
                send("POST", "/connectors", other.formatted("lines", "more"), jwt("maker"))
                        .statusCode());
        assertEquals(400, send("POST", "/connectors", "{", jwt("maker")).statusCode());
        assertEquals(403, send("POST", "/connectors", "{", jwt("changer")).statusCode());
        assertEquals(
                403,
                send("POST", "/connectors", "{\"config\": {}}", jwt("maker")).statusCode());
        assertEquals(
                403, send("GET", "/connectors/%6Cines2", "", jwt("changer")).statusCode());
        assertEquals(List.of(), rest.herder.calls());
    }

    @Test
    void denials_and_changes_are_noted() {
        serve();
        rest.herder
                .returns("pauseConnector", null)
                .returns("putConnectorConfig", new Created<>(true, INFO))
                .returns("setWorkerLoggerLevel", List.of())
                .fails("patchConnectorConfig", new AlreadyExistsException("in conflict"));

        send("GET", "/connectors", "", null);
        send("PUT", "/connectors/lines/pause", "", jwt("maker"));
        send("PUT", "/connectors/lines/pause", "", jwt("changer"));
        send("PATCH", "/connectors/lines/config", "{}", jwt("changer"));
        send("POST", "/connectors", "{\"name\": \"lines\", \"config\": {}}", jwt("maker"));
        send("GET", "/connector-plugins", "", jwt("nobody"));
        send("PUT", "/admin/loggers/root", "{\"level\": \"INFO\"}", jwt("root"));
        send("GET", "/connectors", "", jwt("changer"));

        String failed = " outcome=CLUSTER_AUTHORIZATION_FAILED";
        assertEquals(
                List.of(
                        "event=unrecognised principal=\"-\" operation=authenticate resource=\"nothing\""
                                + " outcome=UNAUTHENTICATED",
                        "event=denied principal=\"maker\" operation=alter resource=\"connector:lines\"" + failed,
                        "event=administered principal=\"changer\" operation=alter resource=\"connector:lines\""
                                + " outcome=done",
                        "event=administered principal=\"changer\" operation=alter resource=\"connector:lines\""
                                + " outcome=HTTP_409",
                        "event=administered principal=\"maker\" operation=create resource=\"connector:lines\""
                                + " outcome=done",
                        "event=denied principal=\"nobody\" operation=describe resource=\"connector:of any name\""
                                + failed,
                        "event=administered principal=\"root\" operation=admin resource=\"server:loggers\""
                                + " outcome=done"),
                lines());
        assertTrue(noted.list.get(0).getFormattedMessage().contains(" peer=\"HTTP /127.0.0.1:"));
    }
}
