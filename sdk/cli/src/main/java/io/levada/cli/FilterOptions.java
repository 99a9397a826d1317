package io.levada.cli;

import io.levada.Filter;
import io.levada.Match;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options that say which records are wanted; the server leaves out the others. */
final class FilterOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--key", paramLabel = "KEY", description = "only records of this key; may be said more than once")
    private List<String> keys = List.of();

    @Option(names = "--key-prefix", paramLabel = "TEXT", description = "only records whose key begins so")
    private @Nullable String keyPrefix;

    @Option(
            names = "--header",
            paramLabel = "NAME=VALUE",
            description =
                    "only records with this header; of the values said for one name any will do, of the names all")
    private List<String> headers = List.of();

    @Option(
            names = "--header-prefix",
            paramLabel = "NAME=TEXT",
            description = "only records with a header of that name whose value begins so")
    private List<String> headerPrefixes = List.of();

    /** What was asked for, or null for all records. */
    @Nullable
    Filter filter() {
        Map<String, Match> named = new LinkedHashMap<>();
        Map<String, Set<String>> values = new LinkedHashMap<>();
        for (String header : headers) {
            values.computeIfAbsent(name("--header", header), any -> new LinkedHashSet<>())
                    .add(value(header));
        }
        values.forEach((name, any) -> named.put(name, new Match.AnyOf(any)));
        for (String header : headerPrefixes) {
            String name = name("--header-prefix", header);
            refuse(
                    named.put(name, Match.prefix(value(header))) != null,
                    "header '" + name + "' is asked for in two ways; say --header or --header-prefix, once");
        }
        refuse(keyPrefix != null && !keys.isEmpty(), "--key and --key-prefix ask for the key in two ways; say one");
        Match key = keyPrefix == null ? null : Match.prefix(keyPrefix);
        if (!keys.isEmpty()) {
            key = new Match.AnyOf(new LinkedHashSet<>(keys));
        }
        return key == null && named.isEmpty() ? null : new Filter(key, named);
    }

    private String name(String option, String header) {
        refuse(header.indexOf('=') < 1, option + " takes NAME=VALUE, not '" + header + "'");
        return header.substring(0, header.indexOf('='));
    }

    private static String value(String header) {
        return header.substring(header.indexOf('=') + 1);
    }

    private void refuse(boolean wrong, String why) {
        if (wrong) {
            throw new ParameterException(spec.commandLine(), why);
        }
    }
}
