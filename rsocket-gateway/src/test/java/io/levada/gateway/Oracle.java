package io.levada.gateway;

import static java.util.Objects.requireNonNull;

import io.levada.gateway.Act.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Who may do what, worked out from a table by other means than the server's: everything allowed is written out, name by
 * name, and what is not among it is denied. The server's rules are made from the same table.
 */
final class Oracle {
    static final String TOPIC = "TOPIC_AUTHORIZATION_FAILED";
    static final String GROUP = "GROUP_AUTHORIZATION_FAILED";
    static final String CLUSTER = "CLUSTER_AUTHORIZATION_FAILED";

    /** Principals, and their rules: operations, then what is named under which field of the file. */
    private static final Map<String, List<String>> TABLE = new TreeMap<>(Map.of(
            "nobody", List.of(),
            "reader", List.of("read topics orders", "commit groups g"),
            "writer", List.of("publish topics orders", "publish producers p"),
            "keeper",
                    List.of(
                            "describe topics orders",
                            "create topics ghost",
                            "alter topics orders",
                            "delete topics secret",
                            "describe groups h",
                            "delete groups g"),
            "mover", List.of("alter groups g", "read topics orders"),
            "prefix",
                    List.of(
                            "publish,read,create,alter,delete topics orders-*",
                            "commit,alter,delete groups g-*",
                            "publish producers p-*"),
            "root", List.of("admin")));

    private static final List<String> NAMES = List.of(
            "orders",
            "orders-eu",
            "orders-ghost",
            "secret",
            "ghost",
            "orders-*",
            "orders*",
            "*",
            "g",
            "g-eu",
            "h",
            "p",
            "p-eu",
            "q");

    private Oracle() {}

    static Set<String> principals() {
        return TABLE.keySet();
    }

    /** The file for the server. */
    static String rules() {
        StringBuilder yaml = new StringBuilder("rules:\n");
        TABLE.forEach((principal, rules) -> rules.forEach(rule -> {
            List<String> words = List.of(rule.split(" ", -1));
            yaml.append("  - principals: [")
                    .append(principal)
                    .append("]\n    operations: [")
                    .append(words.get(0))
                    .append("]\n");
            if (words.size() > 1) {
                yaml.append("    ")
                        .append(words.get(1))
                        .append(": [\"")
                        .append(words.get(2))
                        .append("\"]\n");
            }
        }));
        return yaml.toString();
    }

    /** All that a principal is allowed, as "operation field name". */
    private static Set<String> allowed(String principal) {
        Set<String> allowed = new TreeSet<>();
        for (String rule : requireNonNull(TABLE.get(principal))) {
            List<String> words = List.of(rule.split(" ", -1));
            if (words.get(0).equals("admin")) {
                NAMES.forEach(name -> List.of("topics", "groups", "producers")
                        .forEach(field -> List.of("publish", "read", "commit", "describe", "create", "alter", "delete")
                                .forEach(operation -> allowed.add(operation + " " + field + " " + name))));
                return allowed;
            }
            String asked = words.get(2);
            for (String name : NAMES) {
                boolean named = asked.endsWith("*")
                        ? name.startsWith(asked.substring(0, asked.length() - 1))
                        : name.equals(asked);
                if (named) {
                    for (String operation : words.get(0).split(",", -1)) {
                        allowed.add(operation + " " + words.get(1) + " " + name);
                        if (!operation.equals("create") && !words.get(1).equals("producers")) {
                            allowed.add("describe " + words.get(1) + " " + name);
                        }
                    }
                }
            }
        }
        return allowed;
    }

    /** The codes that may be answered; none where it is to be done. */
    static Set<String> denials(String principal, Act act) {
        Set<String> allowed = allowed(principal);
        return needs(principal, act).stream()
                .filter(need -> !allowed.contains(need))
                .map(need -> need.contains(" topics ") ? TOPIC : need.contains(" groups ") ? GROUP : CLUSTER)
                .collect(Collectors.toSet());
    }

    /** Of some topics, those that a list shows. */
    static List<String> visible(String principal, List<String> topics) {
        Set<String> allowed = allowed(principal);
        return topics.stream()
                .filter(topic -> allowed.contains("describe topics " + topic))
                .sorted()
                .toList();
    }

    private static List<String> needs(String principal, Act act) {
        List<String> needs = new ArrayList<>();
        Kind kind = act.kind();
        switch (kind) {
            case LIST_TOPICS, LIST_GROUPS -> {}
            case DESCRIBE_TOPIC, FIND_OFFSETS -> needs.add("describe topics " + act.topic());
            case CREATE_TOPIC -> needs.add("create topics " + act.topic());
            case ALTER_TOPIC, ADD_PARTITIONS -> needs.add("alter topics " + act.topic());
            case DELETE_RECORDS, DELETE_TOPIC -> needs.add("delete topics " + act.topic());
            case DESCRIBE_GROUP -> needs.add("describe groups " + act.group());
            case DELETE_GROUP -> needs.add("delete groups " + act.group());
            case RESET_GROUP -> {
                needs.add("alter groups " + act.group());
                needs.add("read topics " + act.topic());
            }
            case OPEN_PRODUCER -> {
                if (allowed(principal).stream().noneMatch(each -> each.startsWith("publish topics "))) {
                    needs.add("publish producers of any topic");
                }
            }
            case OPEN_NAMED_PRODUCER -> needs.add("publish producers " + act.group());
            case PUBLISH, PUBLISH_AT, PUBLISH_BATCHES, PUBLISH_BATCHES_AT, PUBLISH_ENTRIES ->
                needs.add("publish topics " + act.topic());
            case READ, READ_BATCHES -> needs.add("read topics " + act.topic());
            case JOIN, CLAIM -> {
                needs.add("commit groups " + act.group());
                needs.add("read topics " + act.topic());
            }
        }
        return needs;
    }
}
