package io.levada.trials;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** A file system of its own in an image, made, cut off and mounted again; unmounted whatever happens. */
final class Volume implements AutoCloseable {
    private static final long BYTES = 1L << 30;

    private final Kind kind;
    private final Path image;
    private final Path at;
    private final Thread atExit = new Thread(this::unmountQuietly);
    private boolean mounted;

    enum Kind {
        XFS,
        EXT4;

        String label() {
            return this == XFS ? "XFS" : "ext4";
        }
    }

    private Volume(Kind kind, Path image, Path at) {
        this.kind = kind;
        this.image = image;
        this.at = at;
    }

    /** Makes one, empty, in a directory, and mounts it. */
    static Volume make(Kind kind, Path in) throws IOException {
        String name = kind.name().toLowerCase(Locale.ROOT);
        Path image = in.resolve(name + ".img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(0);
            file.setLength(BYTES);
        }
        Shell.run("mkfs." + name, kind == Kind.XFS ? "-f" : "-F", "-q", image.toString());
        Volume volume = new Volume(kind, image, Files.createDirectories(in.resolve(name)));
        Runtime.getRuntime().addShutdownHook(volume.atExit);
        volume.mount();
        return volume;
    }

    Path at() {
        return at;
    }

    /** Takes the power away: what the file system had not been told to keep, it forgets. The server is killed before. */
    void cut() throws IOException {
        if (kind == Kind.XFS) {
            Shell.run("xfs_io", "-x", "-c", "shutdown", at.toString());
        } else {
            Shell.run("xfs_io", "-F", "-x", "-c", "shutdown", at.toString());
        }
        unmount();
        mount();
    }

    void mount() throws IOException {
        Shell.run("mount", "-o", "loop", image.toString(), at.toString());
        mounted = true;
    }

    void unmount() throws IOException {
        if (mounted) {
            Shell.run("umount", at.toString());
            mounted = false;
        }
    }

    private void unmountQuietly() {
        try {
            if (mounted) {
                Shell.attempt("umount", "-l", at.toString());
            }
        } catch (IOException e) {
            System.err.println("left mounted: " + at + ": " + e);
        }
    }

    @Override
    public void close() throws IOException {
        if (mounted && Shell.attempt("umount", at.toString()).code() != 0) {
            unmountQuietly();
        }
        mounted = false;
        Runtime.getRuntime().removeShutdownHook(atExit);
        Files.deleteIfExists(image);
    }
}
