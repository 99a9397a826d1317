package io.levada.connect.rest;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.access.AccessControl;
import io.levada.access.AccessFiles;
import java.lang.reflect.Method;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.rest.RestRequestTimeout;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every route, asked by everybody about connectors of all kinds: held against a table of its own. */
@Timeout(120)
final class AccessMatrixTest {
    private static final String ROOT = "root";
    private static final String RULES = """
            rules:
              - {principals: [seer], operations: [describe], connectors: ["orders-*"]}
              - {principals: [maker], operations: [create], connectors: ["orders-*"]}
              - {principals: [changer], operations: [alter], connectors: ["orders-*"]}
              - {principals: [remover], operations: [delete], connectors: ["orders-*"]}
              - {principals: [owner], operations: [create, alter, delete], connectors: ["orders-*"]}
              - {principals: [publisher], operations: [publish, create, alter, delete], topics: ["*"]}
              - {principals: [root], operations: [admin]}
            """;
    /** What each of them may do with connectors that are called orders-something, and with no others. */
    private static final Map<String, Set<String>> RIGHTS = Map.of(
            "seer", Set.of("describe"),
            "maker", Set.of("create"),
            "changer", Set.of("alter", "describe"),
            "remover", Set.of("delete", "describe"),
            "owner", Set.of("create", "alter", "delete", "describe"),
            "publisher", Set.of());

    private static final List<String> THERE = List.of("orders-eu", "hidden");
    private static final List<String> CONNECTORS = List.of("orders-eu", "orders-none", "hidden", "nowhere");

    /** What each route is for; one that is added to the API belongs here. */
    private static final Map<String, String> TABLE = Map.ofEntries(
            entry("GET /", "known"),
            entry("GET /health", "open"),
            entry("GET /metrics", "admin"),
            entry("GET /connectors", "known"),
            entry("POST /connectors", "create"),
            entry("GET /connectors/{connector}", "describe"),
            entry("DELETE /connectors/{connector}", "delete"),
            entry("GET /connectors/{connector}/config", "describe"),
            entry("PUT /connectors/{connector}/config", "create or alter"),
            entry("PATCH /connectors/{connector}/config", "alter"),
            entry("GET /connectors/{connector}/topics", "describe"),
            entry("PUT /connectors/{connector}/topics/reset", "alter"),
            entry("GET /connectors/{connector}/tasks", "describe"),
            entry("GET /connectors/{connector}/status", "describe"),
            entry("PUT /connectors/{connector}/pause", "alter"),
            entry("PUT /connectors/{connector}/resume", "alter"),
            entry("PUT /connectors/{connector}/stop", "alter"),
            entry("POST /connectors/{connector}/restart", "alter"),
            entry("GET /connectors/{connector}/tasks/{task}/status", "describe"),
            entry("POST /connectors/{connector}/tasks/{task}/restart", "alter"),
            entry("GET /connectors/{connector}/offsets", "describe"),
            entry("PATCH /connectors/{connector}/offsets", "alter"),
            entry("DELETE /connectors/{connector}/offsets", "alter"),
            entry("GET /connector-plugins", "some describe or create"),
            entry("GET /connector-plugins/{plugin}/config", "some describe or create"),
            entry("PUT /connector-plugins/{plugin}/config/validate", "some create or alter"),
            entry("GET /admin/loggers", "admin"),
            entry("GET /admin/loggers/{logger}", "admin"),
            entry("PUT /admin/loggers/{logger}", "admin"));

    private static final Map<String, String> BODIES = Map.of(
            "POST /connectors", "{\"name\": \" CONNECTOR \", \"config\": {\"a\": \"b\"}}",
            "PUT /connectors/{connector}/config", "{\"a\": \"b\"}",
            "PATCH /connectors/{connector}/config", "{\"a\": \"b\"}",
            "PATCH /connectors/{connector}/offsets",
                    "{\"offsets\": [{\"partition\": {\"a\": 1}, \"offset\": {\"b\": 1}}]}",
            "PUT /connector-plugins/{plugin}/config/validate", "{\"a\": \"b\"}",
            "PUT /admin/loggers/{logger}", "{\"level\": \"INFO\"}");

    @TempDir
    private Path directory = Path.of("");

    private final Map<String, String> tokens = new HashMap<>();
    private AccessControl access = AccessControl.open();
    private @Nullable Served served;

    /** One request, of a route and about a connector, empty where the route is about none. */
    private record Asked(String route, String connector) {
        static Stream<Asked> all() {
            return TABLE.keySet().stream()
                    .sorted()
                    .flatMap(route -> isAboutOne(route)
                            ? CONNECTORS.stream().map(connector -> new Asked(route, connector))
                            : Stream.of(new Asked(route, "")));
        }

        private static boolean isAboutOne(String route) {
            return route.contains("{connector}") || route.equals("POST /connectors");
        }

        String method() {
            return route.substring(0, route.indexOf(' '));
        }

        String path() {
            return route.substring(route.indexOf(' ') + 1)
                    .replace("{connector}", connector)
                    .replace("{task}", "0")
                    .replace("{plugin}", "FileStreamSource")
                    .replace("{logger}", "root");
        }

        String body() {
            return BODIES.getOrDefault(route, "").replace("CONNECTOR", connector);
        }

        /** Whether rules allow it, as this table has it. */
        boolean isAllowed(String principal) {
            if (principal.equals(ROOT)) {
                return true;
            }
            Set<String> rights = RIGHTS.getOrDefault(principal, Set.of());
            boolean named = connector.startsWith("orders-");
            String word = TABLE.getOrDefault(route, "");
            return switch (word) {
                case "open", "known" -> true;
                case "admin" -> false;
                case "create or alter" -> named && rights.contains(THERE.contains(connector) ? "alter" : "create");
                case "some describe or create" -> rights.contains("describe") || rights.contains("create");
                case "some create or alter" -> rights.contains("create") || rights.contains("alter");
                default -> named && rights.contains(word);
            };
        }
    }

    static Stream<String> everybody() {
        return Stream.concat(Stream.of(ROOT), RIGHTS.keySet().stream().sorted());
    }

    @AfterEach
    void stop() {
        if (served != null) {
            served.close();
        }
        access.close();
    }

    /** A worker whose herder knows what connectors there are, and of all else says that it was reached. */
    private Served serve(AccessControl rules) {
        access = rules;
        Served made = new Served(rules);
        served = made;
        for (Method method : Herder.class.getMethods()) {
            made.herder.fails(method.getName(), new NotFoundException("reached"));
        }
        made.herder.returns("connectors", THERE);
        return made;
    }

    private AccessFiles files() {
        AccessFiles files = new AccessFiles(directory).permissions(RULES);
        everybody().forEach(principal -> tokens.put(principal, files.token(principal)));
        return files;
    }

    private String bearer(String principal) {
        return "Bearer " + tokens.get(principal);
    }

    private static HttpResponse<String> send(Served rest, Asked asked, @Nullable String authorization) {
        HttpRequest.Builder request =
                rest.request(asked.path()).method(asked.method(), BodyPublishers.ofString(asked.body()));
        if (!asked.body().isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        return rest.send(request);
    }

    /** What was answered otherwise than the table has it. */
    private List<String> violations(Served rest, String principal) {
        List<String> violations = new ArrayList<>();
        Asked.all().forEach(asked -> {
            int before = rest.herder.calls().size();
            HttpResponse<String> answer = send(rest, asked, bearer(principal));
            List<String> calls =
                    rest.herder.calls().subList(before, rest.herder.calls().size());
            boolean right = asked.isAllowed(principal)
                    ? isReached(answer)
                    : isDenied(answer, principal) && Set.of("connectors[]").containsAll(calls);
            if (!right) {
                violations.add(principal + ": " + asked + ": " + answer.statusCode() + " " + answer.body() + " behind "
                        + calls);
            }
        });
        return violations;
    }

    private static boolean isReached(HttpResponse<String> answer) {
        return answer.statusCode() == 200
                || (answer.statusCode() == 404 && answer.body().contains("\"reached\""));
    }

    private static boolean isDenied(HttpResponse<String> answer, String principal) {
        return answer.statusCode() == 403
                && answer.body().startsWith("{\"error_code\":403,\"message\":\"" + principal + " may not ");
    }

    @Test
    void every_route_is_in_the_table() {
        Set<String> routes = new Routes(new ScriptedHerder().herder(), () -> "", RestRequestTimeout.constant(1, 1))
                .table().stream()
                        .map(route -> route.method() + " " + route.template())
                        .collect(Collectors.toCollection(TreeSet::new));

        assertEquals(new TreeSet<>(TABLE.keySet()), routes);
    }

    @ParameterizedTest
    @MethodSource("everybody")
    void everybody_may_do_what_rules_allow_and_nothing_else(String principal) {
        assertEquals(List.of(), violations(serve(files().start()), principal));
    }

    /** The control: a worker that asks nobody lets everybody do what the table denies. */
    @Test
    void a_worker_that_does_not_ask_is_found_out() {
        files();
        Served open = serve(AccessControl.open());

        long denied = Asked.all().filter(asked -> !asked.isAllowed("seer")).count();
        assertEquals(denied, violations(open, "seer").size());
        assertEquals(List.of(), violations(open, ROOT));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Bearer lvd_nobodys", "Bearer", "Basic bm8=", "Basic cm9vdDpyb290", "Digest x", "root"})
    void nobody_without_credentials_that_do_is_let_in(String presented) {
        Served rest = serve(files().start());
        Asked.all().forEach(asked -> {
            HttpResponse<String> answer = send(rest, asked, presented.isEmpty() ? null : presented);
            if (asked.route().equals("GET /health")) {
                assertTrue(isReached(answer), answer.body());
                return;
            }
            assertEquals(401, answer.statusCode(), asked.toString());
            assertTrue(answer.body().startsWith("{\"error_code\":401,\"message\":\""), answer.body());
            assertEquals(
                    List.of("Bearer realm=\"levada\""),
                    answer.headers().allValues("WWW-Authenticate"),
                    asked.toString());
        });
        assertEquals(List.of("healthCheck[]"), rest.herder.calls());
    }

    @Test
    void what_may_not_be_seen_is_answered_like_what_is_not_there() {
        Served rest = serve(files().start());
        for (String principal : RIGHTS.keySet()) {
            Asked.all().filter(asked -> asked.connector().equals("hidden")).forEach(hidden -> {
                HttpResponse<String> there = send(rest, hidden, bearer(principal));
                HttpResponse<String> nowhere = send(rest, new Asked(hidden.route(), "nowhere"), bearer(principal));
                assertEquals(nowhere.statusCode(), there.statusCode(), hidden.toString());
                assertEquals(nowhere.body().replace("nowhere", "hidden"), there.body());
            });
        }
        assertEquals(List.of(), rest.herder.calls());
    }

    @Test
    void lists_hold_what_may_be_seen() {
        Served rest = serve(files().start());
        Asked list = new Asked("GET /connectors", "");

        assertEquals(
                "[\"orders-eu\",\"hidden\"]", send(rest, list, bearer(ROOT)).body());
        assertEquals("[\"orders-eu\"]", send(rest, list, bearer("seer")).body());
        assertEquals("[\"orders-eu\"]", send(rest, list, bearer("changer")).body());
        assertEquals("[]", send(rest, list, bearer("maker")).body());
        assertEquals("[]", send(rest, list, bearer("publisher")).body());
        HttpResponse<String> expanded = rest.send(rest.request("/connectors?expand=info&expand=status")
                .header("Authorization", bearer("publisher"))
                .GET());
        assertEquals("{}", expanded.body());
    }

    @Test
    void metrics_are_everybodys_where_that_is_said() {
        Served rest = serve(files().openMetrics(true).start());

        assertEquals(200, send(rest, new Asked("GET /metrics", ""), null).statusCode());
        assertEquals(401, send(rest, new Asked("GET /connectors", ""), null).statusCode());
    }
}
