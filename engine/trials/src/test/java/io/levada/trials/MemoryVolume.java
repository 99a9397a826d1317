package io.levada.trials;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file system in memory of a size that can be changed; unmounted whatever happens. */
final class MemoryVolume implements AutoCloseable {
    private final Path at;
    private final Thread atExit = new Thread(this::unmountQuietly);

    private MemoryVolume(Path at) {
        this.at = at;
    }

    static MemoryVolume make(Path at, int megabytes) throws IOException {
        MemoryVolume volume = new MemoryVolume(Files.createDirectories(at));
        Runtime.getRuntime().addShutdownHook(volume.atExit);
        Shell.run("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "tmpfs", at.toString());
        return volume;
    }

    Path at() {
        return at;
    }

    void resize(int megabytes) throws IOException {
        Shell.run("mount", "-o", "remount,size=" + megabytes + "m", at.toString());
    }

    /** Leaves so much space, in KiB, and no more. */
    void resizeToUsed(int spareKb) throws IOException {
        FileStore store = Files.getFileStore(at);
        long used = (store.getTotalSpace() - store.getUsableSpace()) >> 10;
        Shell.run("mount", "-o", "remount,size=" + (used + spareKb) + "k", at.toString());
    }

    private void unmountQuietly() {
        try {
            Shell.attempt("umount", "-l", at.toString());
        } catch (IOException e) {
            System.err.println("left mounted: " + at + ": " + e);
        }
    }

    @Override
    public void close() throws IOException {
        if (Shell.attempt("umount", at.toString()).code() != 0) {
            unmountQuietly();
        }
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
