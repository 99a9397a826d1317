package io.levada.env;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Files and directories of the machine under one root. */
public final class RealDisk implements Disk {
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path root;

    private RealDisk(Path root) {
        this.root = root;
    }

    /** Whether files have owners here, so that others can be kept out. */
    static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static FileAttribute<?>[] attributes(Path directory) {
        return isPosix(directory) ? new FileAttribute<?>[] {OWNER_ONLY} : new FileAttribute<?>[0];
    }

    /** A disk rooted at a directory, which is made, durably, if missing. */
    public static RealDisk at(Path root) throws IOException {
        Path absolute = root.toAbsolutePath().normalize();
        makeDirectories(absolute);
        Path parent = absolute.getParent();
        if (parent != null && Files.isReadable(parent)) {
            forceDirectory(parent); // who made it may not have come to that
        }
        return new RealDisk(absolute);
    }

    /** Makes a directory, and forces the parents of what was made. */
    private static void makeDirectories(Path directory) throws IOException {
        Path parent = directory.getParent();
        if (Files.isDirectory(directory) || parent == null) {
            return;
        }
        makeDirectories(parent);
        Files.createDirectory(directory, attributes(directory));
        forceDirectory(parent);
    }

    @Override
    public DiskFile open(String path, boolean create) throws IOException {
        try {
            return new RealFile(root.resolve(path), create);
        } catch (IOException e) {
            throw typed(e);
        }
    }

    @Override
    public boolean exists(String path) {
        return Files.exists(root.resolve(path));
    }

    @Override
    public long size(String path) throws IOException {
        try {
            return Files.size(root.resolve(path));
        } catch (NoSuchFileException e) {
            return -1;
        }
    }

    @Override
    public List<String> list(String directory) throws IOException {
        try (Stream<Path> entries = Files.list(root.resolve(directory))) {
            return entries.map(entry -> String.valueOf(entry.getFileName()))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    @Override
    public void makeDirectory(String path) throws IOException {
        try {
            Files.createDirectories(root.resolve(path), attributes(root));
        } catch (IOException e) {
            throw typed(e);
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        try {
            Files.move(root.resolve(from), root.resolve(to), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw typed(e);
        }
    }

    @Override
    public void delete(String path) throws IOException {
        Files.deleteIfExists(root.resolve(path));
    }

    @Override
    public void forceDirectory(String path) throws IOException {
        forceDirectory(root.resolve(path));
    }

    private static void forceDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            throw typed(e);
        }
    }

    @Override
    public long freeBytes() {
        try {
            return Files.getFileStore(root).getUsableSpace();
        } catch (IOException e) {
            return Long.MAX_VALUE; // not known: then a write will tell
        }
    }

    @Override
    public DiskLock lock(String path) throws IOException {
        Path file = root.resolve(path);
        FileChannel channel = RealFile.openToWrite(file, true);
        FileLock lock = tryLock(channel);
        if (lock == null) {
            channel.close();
            throw new DiskInUseException(root + " is in use by another process or engine");
        }
        return channel::close;
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by this process
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** The same failure, as {@link DiskFullException} if it is one; the platform tells by the message alone. */
    static IOException typed(IOException failure) {
        String text = String.valueOf(
                failure instanceof FileSystemException detailed ? detailed.getReason() : failure.getMessage());
        boolean full = text.contains("No space left") || text.contains("quota exceeded");
        return full ? new DiskFullException(text, failure) : failure;
    }

    @Override
    public String toString() {
        return root.toString();
    }
}
