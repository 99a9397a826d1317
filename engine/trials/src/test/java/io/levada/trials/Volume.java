package io.levada.trials;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A file system of its own in an image, made, cut off and mounted again; unmounted whatever happens. */
final class Volume implements AutoCloseable {
    private static final long BYTES = 1L << 30;
    private static final long FULL_BYTES = 320L << 20;
    /** What fiemap says of an extent: from and to in the file, then on the device, in sectors. */
    private static final Pattern EXTENT = Pattern.compile("\\d+: \\[(\\d+)\\.\\.(\\d+)]:\\s+(\\d+)\\.\\.(\\d+)");

    private static final int SECTOR_BYTES = 512;
    /** A page, so that no write of a block touches two: see {@link #writePageByPage}. By itself ext4 takes 1,024 for so little. */
    private static final String BLOCK_BYTES = "4096";

    private final Kind kind;
    private final Path image;
    private final Path at;
    private final boolean full;
    private final Thread atExit = new Thread(this::unmountQuietly);
    private boolean mounted;

    enum Kind {
        XFS,
        EXT4;

        String label() {
            return this == XFS ? "XFS" : "ext4";
        }
    }

    private Volume(Kind kind, Path image, Path at, boolean full) {
        this.kind = kind;
        this.image = image;
        this.at = at;
        this.full = full;
    }

    /** Makes one, empty, in a directory, and mounts it. */
    static Volume make(Kind kind, Path in) throws IOException {
        Path image = in.resolve(kind.name() + ".img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(0);
            file.setLength(BYTES);
        }
        return make(kind, in, image, false);
    }

    /** Makes one of 320 MiB whose image has all its blocks, until some are taken out of it. */
    static Volume makeFull(Kind kind, Path in) throws IOException {
        Path image = in.resolve(kind.name() + ".img");
        Shell.run("fallocate", "-l", Long.toString(FULL_BYTES), image.toString());
        return make(kind, in, image, true);
    }

    private static Volume make(Kind kind, Path in, Path image, boolean full) throws IOException {
        String name = kind.name().toLowerCase(Locale.ROOT);
        if (kind == Kind.XFS) {
            Shell.run("mkfs.xfs", "-f", "-K", "-q", image.toString());
        } else {
            Shell.run("mkfs.ext4", "-F", "-b", BLOCK_BYTES, "-E", "nodiscard", "-q", image.toString());
        }
        Volume volume = new Volume(kind, image, Files.createDirectories(in.resolve(name)), full);
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

    /**
     * Takes blocks out of the image that hold the zeroes of a file from an offset on: the file system believes that it has
     * them, and can write there only as long as the image can grow.
     */
    void thin(Path file, long fromBytes) throws IOException {
        Matcher extent = EXTENT.matcher(Shell.run("xfs_io", "-r", "-c", "fiemap", file.toString()));
        while (extent.find()) {
            long inFile = Long.parseLong(extent.group(1)) * SECTOR_BYTES;
            long onDevice = Long.parseLong(extent.group(3)) * SECTOR_BYTES;
            long end = (Long.parseLong(extent.group(4)) + 1) * SECTOR_BYTES;
            long from = onDevice + Math.max(0, fromBytes - inFile);
            if (from < end) {
                Shell.run("fallocate", "-p", "-o", "" + from, "-l", "" + (end - from), image.toString());
            }
        }
    }

    /** Takes all blocks out of the image that no file has. XFS does so behind the command's back: waits until it is done. */
    void thinFreeSpace() throws IOException, InterruptedException {
        Shell.run("fstrim", at.toString());
        String last = "";
        for (String blocks = blocks(); !blocks.equals(last); blocks = blocks()) {
            last = blocks;
            TimeUnit.MILLISECONDS.sleep(300);
        }
    }

    private String blocks() throws IOException {
        return Shell.run("stat", "-c", "%b", image.toString());
    }

    void mount() throws IOException {
        Shell.run("mount", "-o", "loop", image.toString(), at.toString());
        mounted = true;
        if (full) {
            writePageByPage();
        }
    }

    /**
     * A loop device takes a write of which only the beginning had room for a success, and drops the rest (Linux 6.18): it
     * would lie about forces. A page has room or has none.
     */
    private void writePageByPage() throws IOException {
        Path device = Path.of(
                Shell.run("losetup", "-n", "-O", "NAME", "-j", image.toString()).trim());
        Files.writeString(Path.of("/sys/block/" + device.getFileName() + "/queue/max_sectors_kb"), "4");
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
