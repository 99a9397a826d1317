package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.TopicSpec;
import io.levada.access.AccessControl;
import io.levada.access.AccessFiles;
import io.levada.access.Principal;
import io.levada.engine.EmbeddedEngine;
import io.levada.facade.Engine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Everything that can be asked, over every transport, by everybody: held against what an oracle of its own says. */
final class AccessMatrixTest {
    private static final Set<String> DENIALS = Set.of(
            Oracle.TOPIC, Oracle.GROUP, Oracle.CLUSTER, "UNAUTHENTICATED", "TOKEN_EXPIRED", "UNKNOWN_SERVER_ERROR");

    @TempDir
    private Path directory = Path.of("");

    private final EmbeddedEngine engine = EmbeddedEngine.open("memory:");
    private final Map<String, String> tokens = new TreeMap<>();
    private AccessControl access = AccessControl.open();
    private @Nullable GatewayServer server;

    /** To have another one take part, add it here. */
    enum Over {
        TCP(RSocketAsker.over(RawClient::overTcp)),
        WEB_SOCKET(RSocketAsker.over(RawClient::overWebSocket)),
        HTTP(HttpAsker::connect);

        @SuppressWarnings("ImmutableEnumChecker") // functions without state
        private final Asker.Transport transport;

        Over(Asker.Transport transport) {
            this.transport = transport;
        }
    }

    static Stream<Arguments> everybodyOverEverything() {
        return Stream.of(Over.values())
                .flatMap(over -> Oracle.principals().stream().map(principal -> Arguments.of(over, principal)));
    }

    static List<String> calls() {
        return Forgetful.calls();
    }

    @BeforeEach
    void begin() {
        AccessFiles files = new AccessFiles(directory).permissions(Oracle.rules());
        Oracle.principals().forEach(principal -> tokens.put(principal, files.token(principal)));
        access = files.start();
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
        access.close();
        engine.close();
    }

    /** Topics are as they were, whatever was done to them. */
    private void restore() {
        List<String> there =
                engine.topics().list().collectList().blockOptional(Await.LIMIT).orElseThrow();
        for (String topic : there) {
            if (!Act.TOPICS.contains(topic)) {
                engine.topics().delete(topic).block(Await.LIMIT);
            }
        }
        for (String topic : Act.TOPICS) {
            if (!there.contains(topic)) {
                engine.topics().create(TopicSpec.of(topic)).block(Await.LIMIT);
            }
        }
    }

    /** What was answered otherwise than the oracle has it. */
    private List<String> violations(GatewayServer served, Over over, String principal) {
        List<String> violations = new ArrayList<>();
        try (Asker asker = over.transport.connect(served, tokens.get(principal))) {
            for (Act act : Act.all()) {
                restore();
                String answer = asker.ask(act);
                if (answer != null && !isRight(principal, act, answer)) {
                    violations.add(principal + " " + act + ": " + answer + ", not " + Oracle.denials(principal, act));
                }
            }
        }
        return violations;
    }

    private static boolean isRight(String principal, Act act, String answer) {
        Set<String> denials = Oracle.denials(principal, act);
        return switch (act.kind()) {
            case LIST_TOPICS ->
                answer.equals("{\"topics\":["
                        + String.join(
                                ",",
                                Oracle.visible(principal, Act.TOPICS).stream()
                                        .map(topic -> "\"" + topic + "\"")
                                        .toList())
                        + "]}");
            case LIST_GROUPS ->
                answer.startsWith("{\"groups\":[") && !answer.contains(principal.equals("root") ? "?" : "\"hidden\"");
            default -> denials.isEmpty() ? !DENIALS.contains(answer) : denials.contains(answer);
        };
    }

    @ParameterizedTest
    @MethodSource("everybodyOverEverything")
    void everybody_may_do_what_rules_allow_and_nothing_else(Over over, String principal) {
        GatewayServer served = Servers.start(engine, access);
        server = served;
        hideAGroup();

        assertEquals(List.of(), violations(served, over, principal));
    }

    /** A group that only an admin may see. */
    private void hideAGroup() {
        restore();
        try (Asker root = Over.TCP.transport.connect(Objects.requireNonNull(server), tokens.get("root"))) {
            assertEquals(Asker.DONE, root.ask(new Act(Act.Kind.JOIN, "secret", "hidden")));
        }
    }

    @ParameterizedTest
    @EnumSource
    void nobody_without_credentials_that_do_is_let_in(Over over) {
        GatewayServer served = Servers.start(engine, access);
        server = served;
        for (String token : new @Nullable String[] {null, "", "wrong", tokens.get("root") + "x", "a.b.c"}) {
            for (Act act : Act.all()) {
                try (Asker asker = over.transport.connect(served, token)) {
                    String answer = asker.ask(act);
                    assertTrue(answer == null || answer.equals("UNAUTHENTICATED"), act + ": " + answer);
                }
            }
        }
    }

    /** Without this the matrix could be content with anything. */
    @ParameterizedTest
    @MethodSource("calls")
    void a_check_that_is_forgotten_is_found(String forgotten) {
        GatewayServer leaking = GatewayServer.start(
                new Doors(access, engine) {
                    @Override
                    Engine engineFor(Principal principal, String peer) {
                        return Forgetful.of(super.engineFor(principal, peer), engine(), forgotten);
                    }
                },
                Servers.config());
        server = leaking;
        hideAGroup();

        assertFalse(violations(leaking, Over.TCP, "nobody").isEmpty(), forgotten);
    }
}
