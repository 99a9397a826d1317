package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.Disk.DiskLock;
import io.levada.env.DiskInUseException;
import io.levada.env.RealDisk;
import io.levada.log.Checkpoint.PartitionId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Checks every checksum of a store that is not in use, and whether all is there that its checkpoint says was forced, as
 * the next opening will find it; changes nothing. What a crash may leave behind is no damage: a torn tail of the journal,
 * segment bytes that were never forced, a last sector that the checkpoint mends. For one thread.
 */
public final class LogVerifier {
    private final Disk disk;
    private final Consumer<Finding> findings;
    private long files;
    private long bytes;
    private long batches;
    private long damaged;

    private LogVerifier(Disk disk, Consumer<Finding> findings) {
        this.disk = disk;
        this.findings = findings;
    }

    /**
     * A damaged range.
     *
     * @param topic null where that cannot be told, or the file is no segment
     * @param partition -1 where there is none
     * @param from first offset that is damaged; -1 where there are none, or they cannot be told
     * @param to the first offset behind; -1 likewise
     * @param file relative to the store's directory
     * @param position where in the file
     * @param bytes how many; 0 where nothing is there
     * @param what in a few words
     */
    public record Finding(
            @Nullable String topic,
            int partition,
            long from,
            long to,
            String file,
            long position,
            long bytes,
            String what) {}

    /**
     * What was looked at.
     *
     * @param files that were looked at
     * @param bytes in those, as far as they count
     * @param batches whole ones, in segments and in the journal as far as it is needed
     * @param damaged how many ranges were found
     */
    public record Summary(long files, long bytes, long batches, long damaged) {}

    /**
     * Checks a store's directory; tells each damaged range as it is found.
     *
     * @throws LevadaException INVALID_REQUEST where there is no store, or it is in use; UNSUPPORTED_VERSION;
     *     STORAGE_FAILED when files cannot be read
     */
    public static Summary verify(Path directory, Consumer<Finding> findings) {
        Path absolute = directory.toAbsolutePath().normalize();
        boolean any = Stream.of(Layout.STORE, Layout.CATALOG, Layout.CHECKPOINT, Layout.TOPICS)
                .anyMatch(name -> Files.exists(absolute.resolve(name)));
        if (!any) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, directory + " is not a store's directory");
        }
        try {
            Disk disk = RealDisk.at(absolute);
            if (!disk.exists(Layout.LOCK)) {
                return verify(disk, findings);
            }
            DiskLock lock = disk.lock(Layout.LOCK);
            try {
                return verify(disk, findings);
            } finally {
                lock.close();
            }
        } catch (DiskInUseException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    e.getMessage() + "; end that one first: what it is writing would look damaged",
                    e);
        } catch (IOException e) {
            throw Failures.storage("reading " + directory, e);
        }
    }

    static Summary verify(Disk disk, Consumer<Finding> findings) throws IOException {
        LogVerifier verifier = new LogVerifier(disk, findings);
        verifier.run();
        return new Summary(verifier.files, verifier.bytes, verifier.batches, verifier.damaged);
    }

    private void run() throws IOException {
        CheckedFile store = small(Layout.STORE, CheckedFile.STORE_MAGIC);
        UUID logId = store == null || store.body().remaining() < 16
                ? null
                : new UUID(store.body().getLong(0), store.body().getLong(8));
        Catalog catalog = pair(Layout.CATALOG, CheckedFile.CATALOG_MAGIC, logId, Catalog::decode);
        Checkpoint checkpoint = pair(Layout.CHECKPOINT, CheckedFile.CHECKPOINT_MAGIC, logId, Checkpoint::decode);
        Map<UUID, String> names = new HashMap<>();
        if (catalog != null) {
            catalog.topics().forEach(topic -> names.put(topic.id(), topic.name()));
        }
        boolean clean = true;
        if (logId != null && checkpoint != null) {
            clean = new VerifiedJournal(this, disk, logId, checkpoint, names).run();
        }
        VerifiedSegments segments = new VerifiedSegments(this, disk, clean);
        if (checkpoint == null) {
            withoutCheckpoint(segments, names);
            return;
        }
        for (Map.Entry<PartitionId, Checkpoint.Entry> partition :
                checkpoint.partitions().entrySet()) {
            String topic = names.get(partition.getKey().topicId());
            if (topic != null || catalog == null) { // else it was deleted
                segments.check(topic, partition.getKey(), partition.getValue());
            }
        }
    }

    /** Nothing tells then what was forced, so all that is there is looked at. */
    private void withoutCheckpoint(VerifiedSegments segments, Map<UUID, String> names) throws IOException {
        for (PartitionId id : Layout.partitions(disk)) {
            segments.checkAll(names.get(id.topicId()), id);
        }
    }

    /** Makes sense of a body; fails with CORRUPT_MESSAGE where there is none. */
    private interface Decoder<T> {
        T decode(ByteBuffer body);
    }

    private <T> @Nullable T pair(String path, int magic, @Nullable UUID logId, Decoder<T> decoder) throws IOException {
        CheckedFile first = own(path, magic, logId);
        CheckedFile second = own(path + CheckedPair.COPY_SUFFIX, magic, logId);
        CheckedFile newest = CheckedPair.newer(first, second);
        if (newest == null) {
            return null;
        }
        try {
            return decoder.decode(newest.body().duplicate());
        } catch (LevadaException e) {
            found(path, 0, newest.body().capacity(), String.valueOf(e.getMessage()));
            return null;
        }
    }

    private @Nullable CheckedFile own(String path, int magic, @Nullable UUID logId) throws IOException {
        CheckedFile any = small(path, magic);
        CheckedFile own = CheckedPair.own(any, logId);
        if (any != null && own == null) {
            found(path, 0, disk.size(path), "the file belongs to another log");
        }
        return own;
    }

    private @Nullable CheckedFile small(String path, int magic) throws IOException {
        long size = disk.size(path);
        if (size < 0) {
            found(path, 0, 0, "the file is missing");
            return null;
        }
        looked(size);
        CheckedFile file = CheckedFile.read(disk, path, magic);
        if (file == null) {
            found(path, 0, size, "the file's checksum is wrong");
        }
        return file;
    }

    /** A file was looked at. */
    void looked(long sizeBytes) {
        files++;
        bytes += sizeBytes;
    }

    /** A batch was found whole. */
    void whole() {
        batches++;
    }

    void found(String path, long position, long sizeBytes, String what) {
        found(new Finding(null, -1, -1, -1, path, position, sizeBytes, what));
    }

    void found(Finding finding) {
        damaged++;
        findings.accept(finding);
    }

    /** Whether anything was found so far. */
    long damaged() {
        return damaged;
    }
}
