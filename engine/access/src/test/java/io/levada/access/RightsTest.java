package io.levada.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What somebody may do with what is no engine's. */
final class RightsTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    @TempDir
    private Path directory = Path.of("");

    private AccessControl access = AccessControl.open();

    @AfterEach
    void stop() {
        access.close();
    }

    private Rights rights(String rule) {
        AccessFiles files = new AccessFiles(directory).permissions("rules: [{principals: [alice], " + rule + "}]");
        String token = files.token("alice");
        access = files.start();
        Principal alice = access.authenticate(new Credentials.Bearer(token), "here")
                .blockOptional(LIMIT)
                .orElseThrow();
        return access.rights(alice, "here");
    }

    private static void denied(String told, Runnable asking) {
        LevadaException denial = assertThrows(LevadaException.class, asking::run);
        assertEquals(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, denial.code());
        assertTrue(String.valueOf(denial.getMessage()).startsWith(told), denial.getMessage());
    }

    @Test
    void are_what_rules_allow_and_nothing_else() {
        Rights rights = rights("operations: [alter], connectors: [\"orders-*\"]");

        rights.require(Operation.ALTER, ResourceType.CONNECTOR, "orders-eu");
        rights.require(Operation.DESCRIBE, ResourceType.CONNECTOR, "orders-eu");
        assertTrue(rights.allow(Operation.ALTER, ResourceType.CONNECTOR, "orders-eu"));
        assertFalse(rights.allow(Operation.ALTER, ResourceType.TOPIC, "orders-eu"));
        denied(
                "alice may not delete connector orders-eu;",
                () -> rights.require(Operation.DELETE, ResourceType.CONNECTOR, "orders-eu"));
        denied(
                "alice may not alter connector secret;",
                () -> rights.require(Operation.ALTER, ResourceType.CONNECTOR, "secret"));
        denied(
                "alice may not admin server loggers;",
                () -> rights.require(Operation.ADMIN, ResourceType.SERVER, "loggers"));
    }

    @Test
    void to_some_of_a_type_are_those_to_one_by_any_of_the_operations() {
        Rights rights = rights("operations: [create], connectors: [\"orders-*\"]");

        rights.requireSome(ResourceType.CONNECTOR, Operation.DESCRIBE, Operation.CREATE);
        denied(
                "alice may not alter connector of any name;",
                () -> rights.requireSome(ResourceType.CONNECTOR, Operation.ALTER, Operation.DELETE));
    }

    @Test
    void are_everybodys_where_nobody_is_asked() {
        Rights rights = AccessControl.open().rights(Principal.ANONYMOUS, "here");

        assertTrue(rights.allow(Operation.DELETE, ResourceType.CONNECTOR, "orders-eu"));
        rights.require(Operation.ADMIN, ResourceType.SERVER, "loggers");
        rights.requireSome(ResourceType.CONNECTOR, Operation.CREATE);
        rights.note(Operation.DELETE, ResourceType.CONNECTOR, "orders-eu", "done");
    }
}
