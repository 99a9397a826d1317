package io.levada.benchmarks.peers;

import io.levada.benchmarks.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What Linux remembers of files. */
final class PageCache {
    private static final Path SWITCH = Path.of("/proc/sys/vm/drop_caches");
    private static final String ALL = "3";

    private PageCache() {}

    static boolean canBeDropped() {
        return Files.isWritable(SWITCH);
    }

    /** Has all files written out and forgotten. */
    static void drop() throws IOException, InterruptedException {
        Programs.any(List.of("sync"), ProcessBuilder.Redirect.DISCARD).waitFor();
        Files.writeString(SWITCH, ALL);
    }
}
