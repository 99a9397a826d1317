package io.levada.access;

import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the file of permissions says: whatever no rule allows is denied. Immutable. */
record Rules(List<Rule> rules, List<Allowance> allowances) {
    Rules {
        rules = List.copyOf(rules);
        allowances = List.copyOf(allowances);
    }

    /** A name, or what it begins with. */
    record Name(String text, boolean prefix) {
        /** {@code orders}, or {@code orders-*}; a {@code *} elsewhere is refused. */
        static Name of(String spelled) {
            int star = spelled.indexOf('*');
            if (spelled.isEmpty() || (star >= 0 && star < spelled.length() - 1)) {
                throw Lines.wrong("'" + spelled + "' is to be a name, or what it begins with and a * behind that");
            }
            return star < 0 ? new Name(spelled, false) : new Name(spelled.substring(0, star), true);
        }

        /** Whether all that {@code wanted} stands for is meant: itself or, with a {@code *}, whatever may match it. */
        boolean covers(String wanted) {
            int star = wanted.indexOf('*');
            if (star >= 0) {
                return prefix && wanted.substring(0, star).startsWith(text);
            }
            return prefix ? wanted.startsWith(text) : wanted.equals(text);
        }
    }

    /** Who may do what with which. */
    record Rule(List<Name> principals, Set<Operation> operations, Map<ResourceType, List<Name>> resources) {
        Rule(List<Name> principals, Set<Operation> operations, Map<ResourceType, List<Name>> resources) {
            this.principals = List.copyOf(principals);
            this.operations = Collections.unmodifiableSet(EnumSet.copyOf(operations));
            this.resources = Collections.unmodifiableMap(new EnumMap<>(resources));
        }

        boolean isFor(String principal) {
            return covers(principals, principal);
        }

        boolean allows(Operation operation, ResourceType type, String name) {
            return operations.contains(Operation.ADMIN)
                    || (permits(operation, type) && covers(resources.getOrDefault(type, List.of()), name));
        }

        /** Whether it allows that with anything of the type. */
        boolean allowsSome(Operation operation, ResourceType type) {
            return operations.contains(Operation.ADMIN) || (permits(operation, type) && resources.containsKey(type));
        }

        private boolean permits(Operation operation, ResourceType type) {
            if (!type.operations().contains(operation)) {
                return false;
            }
            return operations.contains(operation)
                    || (operation == Operation.DESCRIBE && operations.stream().anyMatch(each -> implies(each, type)));
        }

        /** Whoever may do something with what is there may see it. */
        private static boolean implies(Operation operation, ResourceType type) {
            return operation != Operation.CREATE && type.operations().contains(operation);
        }
    }

    /** How much those may use. */
    record Allowance(
            List<Name> principals,
            @Nullable Long publishBytesPerSecond,
            @Nullable Integer connections,
            @Nullable Integer subscriptions) {
        Allowance(
                List<Name> principals,
                @Nullable Long publishBytesPerSecond,
                @Nullable Integer connections,
                @Nullable Integer subscriptions) {
            this.principals = List.copyOf(principals);
            this.publishBytesPerSecond = publishBytesPerSecond;
            this.connections = connections;
            this.subscriptions = subscriptions;
        }
    }

    private static boolean covers(List<Name> names, String wanted) {
        return names.stream().anyMatch(name -> name.covers(wanted));
    }

    boolean allows(String principal, Operation operation, ResourceType type, String name) {
        return rules.stream().anyMatch(rule -> rule.isFor(principal) && rule.allows(operation, type, name));
    }

    boolean allowsSome(String principal, Operation operation, ResourceType type) {
        return rules.stream().anyMatch(rule -> rule.isFor(principal) && rule.allowsSome(operation, type));
    }

    /** How much a principal may use: what the first that is for it says, else the default. */
    Quota quota(String principal, Quota otherwise) {
        for (Allowance each : allowances) {
            if (covers(each.principals, principal)) {
                return new Quota(
                        each.publishBytesPerSecond == null
                                ? otherwise.publishBytesPerSecond()
                                : each.publishBytesPerSecond,
                        each.connections == null ? otherwise.connections() : each.connections,
                        each.subscriptions == null ? otherwise.subscriptions() : each.subscriptions);
            }
        }
        return otherwise;
    }
}
