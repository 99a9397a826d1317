package io.levada.trials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;

/** What this machine can be tried with. What it lacks is skipped, and said with a count. */
final class Machine {
    private static final AtomicInteger SKIPPED = new AtomicInteger();

    private Machine() {}

    /** Lets a trial go on where the machine has what it needs, else skips it and says so. */
    static void require(Need... needs) throws IOException {
        List<String> missing = new ArrayList<>();
        for (Need need : needs) {
            if (!need.isThere()) {
                missing.add(need.toString());
            }
        }
        if (!missing.isEmpty()) {
            String why = "SKIPPED, " + SKIPPED.incrementAndGet() + " so far: this machine lacks " + missing;
            System.err.println(why);
            Assumptions.abort(why);
        }
    }

    /** Something a trial needs. */
    enum Need {
        STRACE {
            @Override
            boolean isThere() throws IOException {
                return Shell.has("strace")
                        && Shell.attempt("strace", "-o", "/dev/null", "true").code() == 0;
            }
        },
        XFS {
            @Override
            boolean isThere() throws IOException {
                return LOOP.isThere() && Shell.has("mkfs.xfs") && Shell.has("xfs_io");
            }
        },
        EXT4 {
            @Override
            boolean isThere() throws IOException {
                return LOOP.isThere() && Shell.has("mkfs.ext4") && Shell.has("xfs_io");
            }
        },
        LOOP {
            @Override
            boolean isThere() throws IOException {
                return TMPFS.isThere() && Shell.attempt("losetup", "--find").code() == 0; // what is set up is mounted
            }
        },
        TMPFS {
            @Override
            boolean isThere() throws IOException {
                Path at = Files.createTempDirectory("levada-probe");
                try {
                    boolean mounted = isRoot()
                            && Shell.attempt("mount", "-t", "tmpfs", "tmpfs", at.toString())
                                            .code()
                                    == 0;
                    return mounted && Shell.attempt("umount", at.toString()).code() == 0;
                } finally {
                    Files.delete(at);
                }
            }
        },
        POSTGRES {
            @Override
            boolean isThere() throws IOException {
                return Postgres.program("initdb") != null && Postgres.program("psql") != null;
            }
        },
        DROP_CACHES {
            @Override
            boolean isThere() throws IOException {
                return isRoot() && Files.isWritable(Path.of("/proc/sys/vm/drop_caches"));
            }
        };

        abstract boolean isThere() throws IOException;

        static boolean isRoot() throws IOException {
            return Shell.attempt("id", "-u").text().trim().equals("0");
        }
    }
}
