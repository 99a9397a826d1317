package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.access.AccessControl;
import io.levada.access.AccessFiles;
import io.levada.access.Passwords;
import io.levada.access.Tokens;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who asks over HTTP: recognised as over RSocket, and told how to say who they are where they did not. */
final class HttpAccessTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @TempDir
    private Path directory = Path.of("");

    private AccessFiles files = new AccessFiles(Path.of(""));
    private AccessControl access = AccessControl.open();
    private GatewayServer server = Servers.start(new FakeEngine());

    @BeforeEach
    void begin() {
        files = new AccessFiles(directory)
                .permissions("rules: [{principals: [root], operations: [admin]}]")
                .jwks(Tokens.KEY_SET);
    }

    @AfterEach
    void stop() {
        server.close();
        access.close();
    }

    private void serve() {
        server.close();
        access = files.start();
        server = Servers.start(new FakeEngine(), access);
    }

    private HttpResponse<String> get(String path, @Nullable String authorization) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.httpAddress().getPort() + path));
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        try {
            return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String bearer(String principal, Instant end) {
        return "Bearer " + Tokens.jwt(principal, end);
    }

    private static String basic(String pair) {
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void metrics_are_an_administrators() {
        String root = files.token("root");
        serve();
        Instant later = Instant.now().plusSeconds(60);

        assertEquals(200, get("/metrics", "Bearer " + root).statusCode());
        assertEquals(200, get("/metrics", bearer("root", later)).statusCode());
        HttpResponse<String> denied = get("/metrics", bearer("alice", later));
        assertEquals(403, denied.statusCode());
        assertEquals("CLUSTER_AUTHORIZATION_FAILED", Asker.code(denied.body()));

        HttpResponse<String> unknown = get("/metrics", null);
        assertEquals(401, unknown.statusCode());
        assertEquals("UNAUTHENTICATED", Asker.code(unknown.body()));
        assertEquals(List.of("Bearer realm=\"levada\""), unknown.headers().allValues("WWW-Authenticate"));
        HttpResponse<String> expired = get("/metrics", bearer("root", Instant.EPOCH));
        assertEquals("TOKEN_EXPIRED", Asker.code(expired.body()));
        assertTrue(expired.headers().allValues("WWW-Authenticate").get(0).contains("invalid_token"));
        assertEquals(401, get("/metrics?token=" + root, null).statusCode(), "never in a URL");
    }

    @Test
    void a_user_and_password_will_do() {
        files.passwords(Passwords.line("root", "a:b ü"));
        serve();

        assertEquals(200, get("/metrics", basic("root:a:b ü")).statusCode());
        for (String wrong : List.of(basic("root:a"), basic("root"), "Basic %%%", "Digest x", "Basic")) {
            HttpResponse<String> refused = get("/metrics", wrong);
            assertEquals(401, refused.statusCode(), wrong);
            assertEquals("UNAUTHENTICATED", Asker.code(refused.body()), wrong);
            assertEquals(2, refused.headers().allValues("WWW-Authenticate").size(), wrong);
        }
    }

    @Test
    void metrics_are_everybodys_where_that_is_said() {
        files.openMetrics(true);
        serve();
        assertEquals(200, get("/metrics", null).statusCode());
    }

    @Test
    void health_and_pages_are_everybodys() {
        serve();
        for (String path : List.of("/healthz", "/readyz", "/", "/demo", "/levada.js")) {
            assertEquals(200, get(path, null).statusCode(), path);
        }
    }
}
