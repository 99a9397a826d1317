package io.levada.env;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReference;

/** A disk on the heap, which is gone with the process: forcing is free and promises nothing. */
public final class MemoryDisk implements Disk {
    private final ConcurrentSkipListMap<String, MemoryFile> files = new ConcurrentSkipListMap<>();
    private final AtomicReference<String> holder = new AtomicReference<>("");

    @Override
    public DiskFile open(String path, boolean create) throws IOException {
        MemoryFile file = create ? files.computeIfAbsent(path, name -> new MemoryFile()) : files.get(path);
        if (file == null) {
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
        MemoryFile file = files.get(path);
        return file == null ? -1 : file.size();
    }

    @Override
    public List<String> list(String directory) {
        String prefix = directory.isEmpty() ? "" : directory + "/";
        return files.tailMap(prefix).keySet().stream()
                .takeWhile(path -> path.startsWith(prefix))
                .map(path -> firstName(path.substring(prefix.length())))
                .distinct()
                .toList();
    }

    private static String firstName(String path) {
        int slash = path.indexOf('/');
        return slash < 0 ? path : path.substring(0, slash);
    }

    @Override
    public void makeDirectory(String path) {
        // Directories are what the names of files say.
    }

    @Override
    public void rename(String from, String to) throws IOException {
        MemoryFile file = files.remove(from);
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
    public void forceDirectory(String path) {
        // Nothing here outlives the process.
    }

    @Override
    public DiskLock lock(String path) throws IOException {
        if (!holder.compareAndSet("", path)) {
            throw new DiskInUseException("this memory is in use by another engine");
        }
        return () -> holder.set("");
    }
}
