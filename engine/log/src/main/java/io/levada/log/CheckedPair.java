package io.levada.log;

import io.levada.env.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A {@link CheckedFile} kept twice, so that either copy may be lost. For one thread at a time. */
final class CheckedPair {
    private static final Logger LOG = LoggerFactory.getLogger(CheckedPair.class);
    static final String COPY_SUFFIX = ".copy";

    private final Disk disk;
    private final String path;
    private final int magic;
    private long revision;

    CheckedPair(Disk disk, String path, int magic) {
        this.disk = disk;
        this.path = path;
        this.magic = magic;
    }

    /** Replaces both copies, durable on return. */
    void write(ByteBuffer body) throws IOException {
        revision++;
        CheckedFile.write(disk, path, magic, revision, body);
        CheckedFile.write(disk, path + COPY_SUFFIX, magic, revision, body);
    }

    /** The newer of the copies that are whole; null when there is none. A copy that is not up to date is mended. */
    @Nullable
    ByteBuffer read(boolean mend) throws IOException {
        CheckedFile first = CheckedFile.read(disk, path, magic);
        CheckedFile second = CheckedFile.read(disk, path + COPY_SUFFIX, magic);
        CheckedFile newest = newer(first, second);
        if (newest == null) {
            return null;
        }
        revision = newest.revision();
        boolean same = first != null && second != null && first.revision() == second.revision();
        if (!same && mend) {
            if (first == null || second == null) {
                LOG.warn("one copy of {} is missing or damaged; it is written again", path);
            } // else a crash came between the two
            write(newest.body());
        }
        return newest.body();
    }

    /** Of two copies, of which either may be lost, the one that counts. */
    static @Nullable CheckedFile newer(@Nullable CheckedFile first, @Nullable CheckedFile second) {
        return second == null || (first != null && first.revision() >= second.revision()) ? first : second;
    }

    /** Whether either copy's file is there, whole or not. */
    boolean exists() throws IOException {
        return disk.exists(path) || disk.exists(path + COPY_SUFFIX);
    }
}
