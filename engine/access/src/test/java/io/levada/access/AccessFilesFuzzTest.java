package io.levada.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.testgate.FuzzGate;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Whatever stands in the files that say who is let in and what they may: it is refused with INVALID_CONFIG, or it says as much
 * as it seems to, and the same when it is written anew.
 *
 * <p>An input is a byte that says which file, then the file.
 */
class AccessFilesFuzzTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final FuzzGate gate = new FuzzGate();

    @FuzzTest
    void a_file_is_refused_or_says_as_much_as_it_seems_to(byte[] input) {
        if (input.length == 0) {
            return;
        }
        String text = new String(input, 1, input.length - 1, StandardCharsets.UTF_8);
        switch (input[0] & 0x07) {
            case 0 -> {
                List<StaticTokens.Entry> entries = orRefused(StaticTokens::parse, text);
                if (entries != null) {
                    assertFalse(entries.isEmpty());
                    entries.forEach(
                            entry -> assertTrue(Principal.isName(entry.principal()) && entry.digest().length == 32));
                }
            }
            case 1 -> {
                Map<String, Passwords.Entry> users = orRefused(Passwords::parse, text);
                if (users != null) {
                    users.forEach((user, entry) -> assertTrue(
                            Principal.isName(user) && entry.iterations() >= 10_000 && entry.hash().length == 32));
                }
            }
            case 2 -> {
                Map<?, String> names = orRefused(CertificateNames::parse, text);
                if (names != null) {
                    names.values().forEach(name -> assertTrue(Principal.isName(name), name));
                }
            }
            case 3 -> {
                List<?> keys = orRefused(KeySet::parse, text);
                assertTrue(keys == null || !keys.isEmpty());
            }
            default -> rules(text);
        }
        gate.settled();
    }

    private static <T> @Nullable T orRefused(Function<String, T> parser, String text) {
        try {
            return parser.apply(text);
        } catch (LevadaException e) {
            assertEquals(ErrorCode.INVALID_CONFIG, e.code(), e.line());
            return null;
        }
    }

    private static void rules(String text) {
        Rules rules = orRefused(RulesFile::parse, text);
        if (rules == null) {
            return;
        }
        assertFalse(rules.rules().isEmpty());
        assertEquals(rules, RulesFile.parse(written(rules)), "rules that were written anew");
        for (String principal : List.of("alice", "bob", "a*")) {
            assertTrue(rules.quota(principal, Quota.DEFAULT).connections() >= 1);
            for (ResourceType type : ResourceType.values()) {
                for (Operation operation : Operation.values()) {
                    boolean some = rules.allowsSome(principal, operation, type);
                    boolean one = rules.allows(principal, operation, type, "orders");
                    assertTrue(some || !one, "one is allowed, and none is");
                    assertTrue(
                            !rules.allows(principal, operation, type, "*") || one, "all are allowed, and one is not");
                }
            }
        }
    }

    /** As JSON, which is YAML. */
    private static String written(Rules rules) {
        ObjectNode file = JSON.createObjectNode();
        ArrayNode all = file.putArray("rules");
        for (Rules.Rule rule : rules.rules()) {
            ObjectNode object = all.addObject();
            put(object, "principals", rule.principals());
            rule.operations()
                    .forEach(operation -> object.withArray("operations").add(operation.spelled()));
            rule.resources().forEach((type, names) -> put(object, type.spelled() + "s", names));
        }
        if (!rules.allowances().isEmpty()) {
            ArrayNode quotas = file.putArray("quotas");
            for (Rules.Allowance allowance : rules.allowances()) {
                ObjectNode object = quotas.addObject();
                put(object, "principals", allowance.principals());
                if (allowance.publishBytesPerSecond() != null) {
                    object.put("publishBytesPerSecond", allowance.publishBytesPerSecond());
                }
                if (allowance.connections() != null) {
                    object.put("connections", allowance.connections());
                }
                if (allowance.subscriptions() != null) {
                    object.put("subscriptions", allowance.subscriptions());
                }
            }
        }
        return file.toString();
    }

    private static void put(ObjectNode object, String field, List<Rules.Name> names) {
        names.forEach(name -> object.withArray(field).add(name.text() + (name.prefix() ? "*" : "")));
    }
}
