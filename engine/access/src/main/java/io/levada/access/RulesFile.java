package io.levada.access;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The file of permissions, in YAML; whatever is not understood is refused. Stateless. */
final class RulesFile {
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory())
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final Map<ResourceType, String> FIELDS = new EnumMap<>(Map.of(
            ResourceType.TOPIC, "topics",
            ResourceType.GROUP, "groups",
            ResourceType.CONNECTOR, "connectors",
            ResourceType.PRODUCER, "producers"));

    private RulesFile() {}

    /** The rules; fails with {@code INVALID_CONFIG}. */
    static Rules parse(String text) {
        JsonNode root;
        try {
            root = YAML.readTree(text);
        } catch (JsonProcessingException e) {
            throw Lines.wrong("it is no YAML: " + e.getOriginalMessage()
                    + (e.getLocation() == null
                            ? ""
                            : " (line " + e.getLocation().getLineNr() + ")"));
        }
        only(root, "the file", "rules", "quotas");
        List<Rules.Rule> rules = new ArrayList<>();
        for (JsonNode rule : list(root, "the file", "rules")) {
            rules.add(rule(rule, "rule " + (rules.size() + 1)));
        }
        if (rules.isEmpty()) {
            throw Lines.wrong("it has no rule, so that nobody could do anything");
        }
        List<Rules.Allowance> allowances = new ArrayList<>();
        if (root.has("quotas")) {
            for (JsonNode quota : list(root, "the file", "quotas")) {
                allowances.add(allowance(quota, "quota " + (allowances.size() + 1)));
            }
        }
        return new Rules(rules, allowances);
    }

    private static Rules.Rule rule(JsonNode rule, String where) {
        only(rule, where, "principals", "operations", "topics", "groups", "connectors", "producers");
        Set<Operation> operations = EnumSet.noneOf(Operation.class);
        for (String word : texts(rule, where, "operations")) {
            operations.add(operation(word, where));
        }
        Map<ResourceType, List<Rules.Name>> resources = new EnumMap<>(ResourceType.class);
        FIELDS.forEach((type, field) -> {
            if (rule.has(field)) {
                resources.put(type, names(rule, where, field));
            }
        });
        checkSense(operations, resources.keySet(), where);
        return new Rules.Rule(names(rule, where, "principals"), operations, resources);
    }

    /** A rule that allows less than its author thinks is worse than none. */
    private static void checkSense(Set<Operation> operations, Set<ResourceType> types, String where) {
        if (operations.contains(Operation.ADMIN)) {
            if (operations.size() > 1 || !types.isEmpty()) {
                throw Lines.wrong(where + ": admin is everything, so it stands alone, without resources");
            }
            return;
        }
        for (Operation operation : operations) {
            if (types.stream().noneMatch(type -> type.operations().contains(operation))) {
                throw Lines.wrong(where + ": " + operation.spelled() + " needs "
                        + FIELDS.entrySet().stream()
                                .filter(each -> each.getKey().operations().contains(operation))
                                .map(Map.Entry::getValue)
                                .collect(Collectors.joining(" or ")));
            }
        }
        for (ResourceType type : types) {
            if (operations.stream().noneMatch(type.operations()::contains)) {
                throw Lines.wrong(where + ": none of its operations is one of " + FIELDS.get(type));
            }
        }
    }

    private static Operation operation(String word, String where) {
        for (Operation operation : Operation.values()) {
            if (operation.spelled().equals(word)) {
                return operation;
            }
        }
        throw Lines.wrong(where + ": there is no operation '" + word + "'; there are "
                + Arrays.stream(Operation.values()).map(Operation::spelled).collect(Collectors.joining(", ")));
    }

    private static Rules.Allowance allowance(JsonNode quota, String where) {
        only(quota, where, "principals", "publishBytesPerSecond", "connections", "subscriptions");
        Long connections = number(quota, where, "connections", Integer.MAX_VALUE);
        Long subscriptions = number(quota, where, "subscriptions", Integer.MAX_VALUE);
        return new Rules.Allowance(
                names(quota, where, "principals"),
                number(quota, where, "publishBytesPerSecond", Long.MAX_VALUE),
                connections == null ? null : connections.intValue(),
                subscriptions == null ? null : subscriptions.intValue());
    }

    private static @Nullable Long number(JsonNode object, String where, String field, long most) {
        JsonNode value = object.get(field);
        if (value == null) {
            return null;
        } else if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.asLong() < 1
                || value.asLong() > most) {
            throw Lines.wrong(where + ": " + field + " is a whole number from 1, not " + value);
        }
        return value.asLong();
    }

    private static List<Rules.Name> names(JsonNode object, String where, String field) {
        return texts(object, where, field).stream().map(Rules.Name::of).toList();
    }

    private static List<String> texts(JsonNode object, String where, String field) {
        List<String> texts = new ArrayList<>();
        for (JsonNode each : list(object, where, field)) {
            if (!each.isTextual()) {
                throw Lines.wrong(where + ": " + field + " is a list of words; put \"\" around what is none");
            }
            texts.add(each.asText());
        }
        if (texts.isEmpty()) {
            throw Lines.wrong(where + ": " + field + " is empty");
        }
        return texts;
    }

    private static JsonNode list(JsonNode object, String where, String field) {
        JsonNode list = object.get(field);
        if (list == null || !list.isArray()) {
            throw Lines.wrong(where + " needs '" + field + "', a list");
        }
        return list;
    }

    private static void only(JsonNode object, String where, String... fields) {
        if (!object.isObject()) {
            throw Lines.wrong(where + " is to have the fields " + String.join(", ", fields));
        }
        for (Iterator<String> names = object.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!Arrays.asList(fields).contains(name)) {
                throw Lines.wrong(where + " has no '" + name + "'; it takes " + String.join(", ", fields));
            }
        }
    }
}
