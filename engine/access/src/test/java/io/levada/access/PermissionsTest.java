package io.levada.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.testgate.TestGate;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What rules allow; and that whatever they do not is denied. */
final class PermissionsTest {
    @TempDir
    private Path directory = Path.of("");

    private static Rules rules(String yaml) {
        return RulesFile.parse(yaml);
    }

    private static void assertRefused(String told, String yaml) {
        LevadaException refused = assertThrows(LevadaException.class, () -> rules(yaml));
        assertEquals(ErrorCode.INVALID_CONFIG, refused.code());
        assertTrue(String.valueOf(refused.getMessage()).contains(told), refused.getMessage());
    }

    private static boolean may(Rules rules, String principal, Operation operation, String topic) {
        return rules.allows(principal, operation, ResourceType.TOPIC, topic);
    }

    @Test
    void a_rule_allows_what_it_names_and_nothing_else() {
        Rules rules = rules("""
                rules:
                  - principals: [billing]
                    operations: [read, commit]
                    topics: [orders]
                    groups: [billing]
                """);

        assertTrue(may(rules, "billing", Operation.READ, "orders"));
        assertTrue(rules.allows("billing", Operation.COMMIT, ResourceType.GROUP, "billing"));
        assertFalse(may(rules, "billing", Operation.READ, "orders2"));
        assertFalse(may(rules, "billing", Operation.READ, "Orders"));
        assertFalse(may(rules, "billing", Operation.PUBLISH, "orders"));
        assertFalse(may(rules, "billing2", Operation.READ, "orders"));
        assertFalse(rules.allows("billing", Operation.READ, ResourceType.GROUP, "billing"));
        assertFalse(rules.allows("billing", Operation.COMMIT, ResourceType.TOPIC, "orders"));
        assertFalse(rules.allows("billing", Operation.ADMIN, ResourceType.SERVER, "*"));
    }

    @Test
    void names_may_be_given_by_what_they_begin_with() {
        Rules rules = rules("rules: [{principals: ['team-*'], operations: [read], topics: ['orders-*', exact]}]");

        assertTrue(may(rules, "team-a", Operation.READ, "orders-eu"));
        assertTrue(may(rules, "team-", Operation.READ, "orders-"));
        assertFalse(may(rules, "tea", Operation.READ, "orders-eu"));
        assertFalse(may(rules, "team-a", Operation.READ, "orders"));
        assertFalse(may(rules, "team-a", Operation.READ, "exactly"));
    }

    @Test
    void a_pattern_is_allowed_where_all_that_it_may_match_is() {
        Rules rules = rules("rules: [{principals: [a], operations: [read], topics: ['orders-*', exact]}]");

        assertTrue(may(rules, "a", Operation.READ, "orders-*"));
        assertTrue(may(rules, "a", Operation.READ, "orders-eu-*"));
        assertTrue(may(rules, "a", Operation.READ, "orders-*-x"));
        assertFalse(may(rules, "a", Operation.READ, "orders*"));
        assertFalse(may(rules, "a", Operation.READ, "*orders-"));
        assertFalse(may(rules, "a", Operation.READ, "*"));
        assertFalse(may(rules, "a", Operation.READ, "exact*"));
    }

    @Test
    void whoever_may_do_something_with_what_is_there_may_see_it() {
        for (String operation : new String[] {"publish", "read", "alter", "delete"}) {
            Rules rules = rules("rules: [{principals: [a], operations: [" + operation + "], topics: [t]}]");
            assertTrue(may(rules, "a", Operation.DESCRIBE, "t"), operation);
            assertFalse(rules.allows("a", Operation.DESCRIBE, ResourceType.GROUP, "t"), operation);
        }
        assertFalse(may(
                rules("rules: [{principals: [a], operations: [create], topics: [t]}]"), "a", Operation.DESCRIBE, "t"));
        assertTrue(rules("rules: [{principals: [a], operations: [commit], groups: [g]}]")
                .allows("a", Operation.DESCRIBE, ResourceType.GROUP, "g"));
    }

    @Test
    void an_admin_may_do_everything() {
        Rules rules = rules("rules: [{principals: [root], operations: [admin]}]");
        for (ResourceType type : ResourceType.values()) {
            for (Operation operation : Operation.values()) {
                assertTrue(rules.allows("root", operation, type, "x"));
                assertFalse(rules.allows("boot", operation, type, "x"));
            }
        }
    }

    @Test
    void the_first_quota_that_is_for_a_principal_counts() {
        Rules rules = rules("""
                rules: [{principals: [root], operations: [admin]}]
                quotas:
                  - {principals: [a], publishBytesPerSecond: 1000}
                  - {principals: ["*"], connections: 3, subscriptions: 4}
                """);
        assertEquals(new Quota(1_000, 1_000, 10_000), rules.quota("a", Quota.DEFAULT));
        assertEquals(new Quota(Long.MAX_VALUE, 3, 4), rules.quota("b", Quota.DEFAULT));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "it is no YAML|rules: [",
                "the file is to have the fields|- a",
                "the file needs 'rules', a list|{}",
                "the file has no 'role'|role: []",
                "it has no rule|rules: []",
                "rule 1 needs 'principals', a list|rules: [{operations: [read], topics: [t]}]",
                "rule 1: operations is empty|rules: [{principals: [a], operations: [], topics: [t]}]",
                "rule 1: there is no operation 'write'|rules: [{principals: [a], operations: [write], topics: [t]}]",
                "rule 1 has no 'topic'|rules: [{principals: [a], operations: [read], topic: [t]}]",
                "'a*b' is to be a name|rules: [{principals: [a], operations: [read], topics: ['a*b']}]",
                "rule 1: read needs topics|rules: [{principals: [a], operations: [read], groups: [g]}]",
                "rule 1: none of its operations is one of groups|rules: [{principals: [a], operations: [read], topics: [t], groups: [g]}]",
                "admin is everything|rules: [{principals: [a], operations: [admin, read]}]",
                "rule 1: topics is a list of words|rules: [{principals: [a], operations: [read], topics: [1]}]",
                "Duplicate field|rules: [{principals: [a], principals: [b], operations: [admin]}]",
                "quota 1: connections is a whole number|{rules: [{principals: [a], operations: [admin]}], quotas: [{principals: [a], connections: 0}]}"
            })
    void what_is_not_understood_is_refused(String told, String yaml) {
        assertRefused(told, yaml);
    }

    @Test
    void rules_are_read_again_as_they_change_and_a_broken_edit_changes_nothing() {
        AccessFiles files = new AccessFiles(directory);
        files.permissions("rules: [{principals: [a], operations: [read], topics: [one]}]");
        Permissions permissions = new Permissions(directory.resolve("permissions.yaml"), InstantSource.system());
        Principal a = new Principal("a", null, () -> true);
        long version = permissions.version();
        assertTrue(permissions.allows(a, Operation.READ, ResourceType.TOPIC, "one"));

        files.permissions("rules: [{principals: [a], operations: [reed], topics: [one]}]");
        permissions.look();
        assertTrue(permissions.allows(a, Operation.READ, ResourceType.TOPIC, "one"));
        assertEquals(version, permissions.version());
        assertEquals(1, TestGate.expectError("there is no operation 'reed'"));

        files.permissions("rules: [{principals: [a], operations: [read], topics: [two]}]");
        permissions.look();
        assertFalse(permissions.allows(a, Operation.READ, ResourceType.TOPIC, "one"));
        assertTrue(permissions.allows(a, Operation.READ, ResourceType.TOPIC, "two"));
        assertTrue(permissions.version() > version);
    }
}
