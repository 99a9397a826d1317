package io.levada.trials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What strace saw of a server's forces: how many failed, and whether a file was forced again after a failure. A file that
 * was made anew by the same name is another file; directories cannot be made anew and do not count.
 */
final class Forces {
    /** Words before {@code java} that have strace write down what is needed here; to be followed by what it injects. */
    private static final String CALLS = "fdatasync,fsync,rename,unlink";

    private static final Pattern LINE = Pattern.compile("^(\\d+)\\s+(.*)$");
    private static final Pattern FORCE = Pattern.compile("f(?:data)?sync\\(\\d+<([^>]*)>(.*)$");
    private static final Pattern UNFINISHED = Pattern.compile("^(.*) <unfinished \\.\\.\\.>$");
    private static final Pattern RESUMED = Pattern.compile("^<\\.\\.\\. \\w+ resumed>(.*)$");
    private static final Pattern RENAME = Pattern.compile("rename\\(\"([^\"]*)\", \"([^\"]*)\"\\).* = 0$");
    private static final Pattern UNLINK = Pattern.compile("unlink\\(\"([^\"]*)\"\\).* = 0$");

    private final Set<String> failed = new HashSet<>();
    private final Map<String, String> pending = new HashMap<>();
    private final List<String> repeated = new ArrayList<>();
    private int failures;

    private Forces() {}

    /** What to write before {@code java}: strace, into a file, with what it is to inject, if anything. */
    static String[] traced(Path into, String... inject) {
        List<String> words = new ArrayList<>(
                List.of("strace", "-f", "-y", "-s", "4096", "-o", into.toString(), "-e", "trace=" + CALLS));
        for (String each : inject) {
            words.add("-e");
            words.add("inject=" + each);
        }
        return words.toArray(String[]::new);
    }

    static Forces read(Path trace) throws IOException {
        Forces forces = new Forces();
        for (String line : Files.readAllLines(trace)) {
            forces.take(line);
        }
        return forces;
    }

    static Forces of(List<String> lines) {
        Forces forces = new Forces();
        lines.forEach(forces::take);
        return forces;
    }

    private void take(String line) {
        Matcher split = LINE.matcher(line);
        if (!split.matches()) {
            return;
        }
        String thread = split.group(1);
        String call = split.group(2);
        Matcher unfinished = UNFINISHED.matcher(call);
        Matcher resumed = RESUMED.matcher(call);
        if (unfinished.matches()) {
            pending.put(thread, unfinished.group(1));
            began(unfinished.group(1));
        } else if (resumed.matches()) {
            ended(pending.getOrDefault(thread, "") + resumed.group(1));
            pending.remove(thread);
        } else {
            began(call);
            ended(call);
        }
    }

    private void began(String call) {
        Matcher force = FORCE.matcher(call);
        if (force.find() && failed.contains(force.group(1)) && !Files.isDirectory(Path.of(force.group(1)))) {
            repeated.add(force.group(1));
        }
    }

    /** A whole call with its result. */
    private void ended(String call) {
        Matcher force = FORCE.matcher(call);
        Matcher rename = RENAME.matcher(call);
        Matcher unlink = UNLINK.matcher(call);
        if (force.find() && force.group(2).contains("= -1 E")) {
            failures++;
            failed.add(force.group(1));
        } else if (rename.find()) {
            boolean moved = failed.remove(rename.group(1));
            failed.remove(rename.group(2));
            if (moved) {
                failed.add(rename.group(2));
            }
        } else if (unlink.find()) {
            failed.remove(unlink.group(1));
        }
    }

    int failures() {
        return failures;
    }

    /** Files that were forced although a force of them had failed. */
    List<String> repeated() {
        return repeated;
    }
}
