package io.levada.connect;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.jspecify.annotations.Nullable;

/**
 * Keeps secrets out of answers: values of settings that a plugin says are passwords, or that are named like one, are shown as
 * {@code [hidden]}, unless they only say where the secret is. What comes back like that means what is stored. Safe for any thread.
 */
final class Secrets {
    private static final String HIDDEN = Password.HIDDEN;
    private static final Pattern NAMED_LIKE_ONE =
            Pattern.compile("(?i).*(password|passphrase|secret|token|credentials|api[._-]?key|jaas\\.config)$");
    private static final Pattern REFERENCE = Pattern.compile("\\$\\{[^}]+}");

    private final Function<String, Set<String>> passwordsOf;
    private final Map<String, Set<String>> known = new ConcurrentHashMap<>();

    /** @param passwordsOf the settings of a connector's class that are passwords by its definition */
    Secrets(Function<String, Set<String>> passwordsOf) {
        this.passwordsOf = passwordsOf;
    }

    private boolean isSecret(Set<String> passwords, String name, @Nullable String value) {
        return value != null
                && (passwords.contains(name) || NAMED_LIKE_ONE.matcher(name).matches())
                && !REFERENCE.matcher(value).matches();
    }

    /**
     * What may be shown of a configuration.
     *
     * @param connector the connector's, which names its class
     */
    Map<String, String> masked(Map<String, String> connector, Map<String, String> config) {
        String type = connector.getOrDefault(ConnectorConfig.CONNECTOR_CLASS_CONFIG, "");
        Set<String> passwords = known.computeIfAbsent(type, passwordsOf);
        Map<String, String> shown = new HashMap<>(config);
        shown.replaceAll((name, value) -> isSecret(passwords, name, value) ? HIDDEN : value);
        return shown;
    }

    /** A configuration that may have been shown before, with what was hidden then. */
    static Map<String, String> restored(Map<String, String> config, Map<String, String> stored) {
        Map<String, String> whole = new HashMap<>(config);
        whole.replaceAll((name, value) -> HIDDEN.equals(value) && stored.containsKey(name) ? stored.get(name) : value);
        return whole;
    }
}
