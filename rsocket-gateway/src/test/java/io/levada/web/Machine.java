package io.levada.web;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What this machine can be tried with. Tests of what it lacks are skipped, and said with a count. */
final class Machine {
    private static final AtomicInteger SKIPPED = new AtomicInteger();

    private Machine() {}

    /** Says that tests are skipped; gives what was said. */
    static String skipped(int tests, String missing) {
        String why = "SKIPPED, " + SKIPPED.addAndGet(tests) + " tests so far: this machine lacks " + missing;
        System.err.println(why);
        return why;
    }

    /** Where a program is: on the PATH, or where Debian puts it. */
    static Optional<Path> program(String name) {
        return Stream.concat(path(System.getenv("PATH")), Stream.of("/usr/bin", "/usr/lib/chromium"))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static Stream<String> path(@Nullable String path) {
        return path == null ? Stream.empty() : Stream.of(path.split(":", -1)).filter(part -> !part.isEmpty());
    }
}
