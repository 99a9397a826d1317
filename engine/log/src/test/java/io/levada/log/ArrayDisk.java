package io.levada.log;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A disk of small files that begins as a copy of others, which costs nothing until a file is written: for tests that open very
 * many. What it holds is forced by being there. For one thread.
 */
final class ArrayDisk implements Disk {
    private final TreeMap<String, ArrayFile> files = new TreeMap<>();
    private boolean locked;

    /** Files that are copied as they are written. */
    ArrayDisk(Map<String, byte[]> contents) {
        contents.forEach((path, bytes) -> files.put(path, new ArrayFile(bytes)));
    }

    /** What there is now; of a file that was not written, the array that it began with. */
    Map<String, byte[]> contents() {
        Map<String, byte[]> contents = new TreeMap<>();
        files.forEach(
                (path, file) -> contents.put(path, file.shared ? file.bytes : Arrays.copyOf(file.bytes, file.size)));
        return contents;
    }

    private static final class ArrayFile implements DiskFile {
        private byte[] bytes;
        private int size;
        private boolean shared = true;

        ArrayFile(byte[] bytes) {
            this.bytes = bytes;
            this.size = bytes.length;
        }

        @Override
        public void write(long position, ByteBuffer... buffers) {
            int at = Math.toIntExact(position);
            for (ByteBuffer buffer : buffers) {
                int end = at + buffer.remaining();
                if (shared || end > bytes.length) {
                    bytes = Arrays.copyOf(bytes, end > bytes.length ? Math.max(end, 2 * size) : bytes.length);
                    shared = false;
                }
                buffer.get(bytes, at, buffer.remaining());
                size = Math.max(size, end);
                at = end;
            }
        }

        @Override
        public int read(long position, ByteBuffer into) {
            int count = (int) Math.max(0, Math.min(into.remaining(), size - position));
            if (count > 0) {
                into.put(bytes, (int) position, count);
            }
            return count;
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public void truncate(long newSize) {
            if (newSize < size) {
                bytes = Arrays.copyOf(bytes, (int) newSize);
                size = (int) newSize;
                shared = false;
            }
        }

        @Override
        public void force() {}

        @Override
        public void close() {}
    }

    @Override
    public DiskFile open(String path, boolean create) throws IOException {
        ArrayFile file = files.get(path);
        if (file == null && create) {
            file = new ArrayFile(new byte[0]);
            files.put(path, file);
        } else if (file == null) {
            throw new NoSuchFileException(path);
        }
        return file;
    }

    @Override
    public boolean exists(String path) {
        return files.containsKey(path) || !list(path).isEmpty();
    }

    @Override
    public long size(String path) {
        ArrayFile file = files.get(path);
        return file == null ? -1 : file.size;
    }

    @Override
    public List<String> list(String directory) {
        String prefix = directory.isEmpty() ? "" : directory + "/";
        Set<String> names = new LinkedHashSet<>();
        for (String path : files.tailMap(prefix).keySet()) {
            if (!path.startsWith(prefix)) {
                break;
            }
            int slash = path.indexOf('/', prefix.length());
            names.add(path.substring(prefix.length(), slash < 0 ? path.length() : slash));
        }
        return List.copyOf(names);
    }

    @Override
    public void makeDirectory(String path) {
        // Directories are what the names of files say.
    }

    @Override
    public void rename(String from, String to) throws IOException {
        ArrayFile file = files.remove(from);
        if (file == null) {
            throw new NoSuchFileException(from);
        }
        files.put(to, file);
    }

    @Override
    public void delete(String path) {
        files.remove(path);
    }

    @Override
    public void forceDirectory(String path) {}

    @Override
    public DiskLock lock(String path) {
        if (locked) {
            throw new IllegalStateException("opened twice");
        }
        locked = true;
        return () -> locked = false;
    }
}
