package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.env.RealDisk;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the segments of a store, or at one segment file, without opening the store and without changing anything; it
 * may be in use. What was appended last may be seen half written then. For one thread.
 */
public final class LogInspector {
    private static final int WINDOW_BYTES = 64 << 10;

    private final Disk disk;
    private final List<SegmentFile> segments;

    private LogInspector(Disk disk, List<SegmentFile> segments) {
        this.disk = disk;
        this.segments = List.copyOf(segments);
    }

    /**
     * One segment file.
     *
     * @param topic its topic's name; null where that cannot be told
     * @param topicId null where that cannot be told; then header checksums are not checked
     * @param partition -1 where that cannot be told
     * @param path relative to what is looked at
     */
    public record SegmentFile(
            @Nullable String topic, @Nullable UUID topicId, int partition, long baseOffset, String path, long bytes) {
        private @Nullable PartitionId id() {
            return topicId == null ? null : new PartitionId(topicId, partition);
        }
    }

    /** What is found in a segment, from its beginning to its end. */
    public interface Visitor {
        /**
         * A whole batch with all its checksums right.
         *
         * @param batch borrowed for the call
         */
        void batch(int position, ByteBuf batch);

        /**
         * Bytes that are no good batch.
         *
         * @param why in a few words
         */
        void damage(int position, int bytes, String why);
    }

    /**
     * Looks at a store's directory, or at one {@code .log} file, in a store or not.
     *
     * @throws LevadaException INVALID_REQUEST where there is neither; STORAGE_FAILED
     */
    public static LogInspector of(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        try {
            if (Files.exists(absolute.resolve(Layout.STORE))) {
                return ofStore(RealDisk.at(absolute));
            }
            if (Files.isRegularFile(absolute) && absolute.toString().endsWith(Layout.LOG_SUFFIX)) {
                return ofFile(absolute);
            }
        } catch (IOException e) {
            throw Failures.storage("reading " + path, e);
        }
        throw new LevadaException(
                ErrorCode.INVALID_REQUEST,
                path + " is neither a store's directory nor a segment file (" + Layout.LOG_SUFFIX + ")");
    }

    static LogInspector ofStore(Disk disk) throws IOException {
        Map<UUID, String> names = new HashMap<>();
        ByteBuffer catalog = new CheckedPair(disk, Layout.CATALOG, CheckedFile.CATALOG_MAGIC, null).read(false);
        if (catalog != null) {
            Catalog.decode(catalog).topics().forEach(topic -> names.put(topic.id(), topic.name()));
        }
        List<SegmentFile> found = new ArrayList<>();
        for (PartitionId id : Layout.partitions(disk)) {
            for (long base : Layout.segmentBases(disk, id)) {
                String path = Layout.partitionDirectory(id.topicId(), id.partition()) + "/" + Layout.segmentName(base)
                        + Layout.LOG_SUFFIX;
                String name = names.get(id.topicId());
                found.add(new SegmentFile(name, id.topicId(), id.partition(), base, path, disk.size(path)));
            }
        }
        return new LogInspector(disk, found);
    }

    /** A file that stands where a store would have it says by its path what it is. */
    private static LogInspector ofFile(Path file) throws IOException {
        Path partition = file.getParent();
        Path topic = partition == null ? null : partition.getParent();
        Path topics = topic == null ? null : topic.getParent();
        Path root = topics == null ? null : topics.getParent();
        if (root != null && Files.exists(root.resolve(Layout.STORE))) {
            LogInspector store = ofStore(RealDisk.at(root));
            List<SegmentFile> one = store.segments.stream()
                    .filter(segment -> root.resolve(segment.path()).equals(file))
                    .toList();
            if (!one.isEmpty()) {
                return new LogInspector(store.disk, one);
            }
        }
        if (partition == null) {
            throw new IOException(file + " has no directory");
        }
        String name = String.valueOf(file.getFileName());
        long base = Math.max(0, Layout.segmentBase(name, Layout.LOG_SUFFIX));
        SegmentFile alone = new SegmentFile(null, null, -1, base, name, Files.size(file));
        return new LogInspector(RealDisk.at(partition), List.of(alone));
    }

    /** The segments, by topic id, partition and base offset. */
    public List<SegmentFile> segments() {
        return segments;
    }

    /**
     * Shows a visitor what a segment holds.
     *
     * @throws LevadaException STORAGE_FAILED when it cannot be read
     */
    public void inspect(SegmentFile segment, Visitor visitor) {
        int size = (int) Math.min(segment.bytes(), Integer.MAX_VALUE);
        try (DiskFile file = disk.open(segment.path(), false)) {
            HeaderWindow window = new HeaderWindow(file::read, segment.id(), size, WINDOW_BYTES);
            int position = 0;
            while (position < size) {
                if (window.isBatch(position)) {
                    int bytes = RecordBatch.sizeInBytes(window.header());
                    show(file, position, bytes, visitor);
                    position += bytes;
                } else {
                    int next = window.nextBatch(position + 1);
                    visitor.damage(position, next - position, "no batch of this partition");
                    position = next;
                }
            }
        } catch (IOException e) {
            throw Failures.storage("reading " + segment.path(), e);
        }
    }

    private static void show(DiskFile file, int position, int bytes, Visitor visitor) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(bytes);
        file.read(position, read);
        ByteBuf batch = Unpooled.wrappedBuffer(read.flip());
        try {
            RecordBatch.verify(batch);
        } catch (LevadaException e) {
            visitor.damage(position, bytes, String.valueOf(e.getMessage()));
            return;
        }
        visitor.batch(position, batch);
    }
}
