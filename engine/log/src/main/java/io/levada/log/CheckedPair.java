package io.levada.log;

import io.levada.env.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link CheckedFile} kept twice, so that either copy may be lost. Its body begins with the id of the log that it belongs
 * to: what another log's says would have this one's segments deleted. For one thread at a time.
 */
final class CheckedPair {
    private static final Logger LOG = LoggerFactory.getLogger(CheckedPair.class);
    static final String COPY_SUFFIX = ".copy";
    private static final int LOG_ID_BYTES = 16;

    private final Disk disk;
    private final String path;
    private final int magic;
    private final @Nullable UUID logId;
    private long revision;

    /** @param logId null to read what belongs to any log */
    CheckedPair(Disk disk, String path, int magic, @Nullable UUID logId) {
        this.disk = disk;
        this.path = path;
        this.magic = magic;
        this.logId = logId;
    }

    /** Replaces both copies, durable on return. */
    void write(ByteBuffer body) throws IOException {
        UUID owner = Objects.requireNonNull(logId, "the log's id");
        ByteBuffer owned = ByteBuffer.allocate(LOG_ID_BYTES + body.remaining())
                .putLong(owner.getMostSignificantBits())
                .putLong(owner.getLeastSignificantBits())
                .put(body.duplicate())
                .flip();
        revision++;
        CheckedFile.write(disk, path, magic, revision, owned);
        CheckedFile.write(disk, path + COPY_SUFFIX, magic, revision, owned);
    }

    /** The newer of the copies that are whole; null when there is none. A copy that is not up to date is mended. */
    @Nullable
    ByteBuffer read(boolean mend) throws IOException {
        CheckedFile first = own(CheckedFile.read(disk, path, magic), logId);
        CheckedFile second = own(CheckedFile.read(disk, path + COPY_SUFFIX, magic), logId);
        CheckedFile newest = newer(first, second);
        if (newest == null) {
            return null;
        }
        revision = newest.revision();
        boolean same = first != null && second != null && first.revision() == second.revision();
        if (!same && mend) {
            if (first == null || second == null) {
                LOG.warn("one copy of {} is missing, damaged or another log's; it is written again", path);
            } // else a crash came between the two
            write(newest.body());
        }
        return newest.body();
    }

    /**
     * A file as it is behind the id of its log; null when there is none, or it belongs to another log.
     *
     * @param logId null for any
     */
    static @Nullable CheckedFile own(@Nullable CheckedFile file, @Nullable UUID logId) {
        if (file == null || file.body().remaining() < LOG_ID_BYTES) {
            return null;
        }
        ByteBuffer body = file.body();
        UUID owner = new UUID(body.getLong(0), body.getLong(8));
        boolean own = logId == null || logId.equals(owner);
        return own ? new CheckedFile(file.revision(), body.slice(LOG_ID_BYTES, body.limit() - LOG_ID_BYTES)) : null;
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
