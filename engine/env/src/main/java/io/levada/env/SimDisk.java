package io.levada.env;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that keeps its promises to the letter and nothing beyond: what was not forced may be lost at a crash,
 * sector by sector and name by name. Operations are counted; at a given one the machine crashes, or the operation fails.
 * Each is a step of the simulation, so that others may go on in between, and a force takes virtual time.
 *
 * <p>A sector of 4,096 bytes with an unforced write is found, after a crash, as before, as after, torn, zeroed or full of
 * garbage, also where it held forced bytes. A name that was made, renamed or deleted without its directory being forced
 * is found as before or as after, a rename as a whole, as file systems with a journal have it. After a failed force the
 * file reads as written, but no later force writes those bytes.
 */
public final class SimDisk implements Disk {
    private static final int MOST_FORCE_MICROS = 2_000;

    private final SimScheduler scheduler;
    private final SimRandomness random;
    private final SimDirectory root;
    private boolean locked;
    private long operations;
    private long crashAt = Long.MAX_VALUE;
    private long failFrom = Long.MAX_VALUE;
    private long failBefore = Long.MAX_VALUE;
    private Predicate<String> failing = path -> false;
    private @Nullable String failure;
    private long capacityBytes = Long.MAX_VALUE;
    private Runnable beforeOperation = () -> {};

    /** An empty disk. */
    public SimDisk(SimScheduler scheduler, SimRandomness random) {
        this(scheduler, random, new SimDirectory());
    }

    private SimDisk(SimScheduler scheduler, SimRandomness random, SimDirectory root) {
        this.scheduler = scheduler;
        this.random = random;
        this.root = root;
    }

    /** What a crash does with what was not forced. */
    public enum CrashStyle {
        /** All is as it was last forced, as if nothing had been written back by itself. */
        DROP,
        /** All is as it was last written, as when only the process was killed. */
        KEEP,
        /** Drawn anew for each sector and name. */
        MIX;

        /** One of them. */
        public static CrashStyle draw(SimRandomness random) {
            return switch (random.nextInt(4)) {
                case 0 -> DROP;
                case 1 -> KEEP;
                default -> MIX;
            };
        }

        boolean keeps(SimRandomness random) {
            return this == KEEP || (this == MIX && random.oneIn(2));
        }

        /** Draws what is found of one sector; {@code found} holds what was there before. */
        void resolve(SimRandomness random, byte[] found, byte[] written, int from, int to) {
            int fate = this == MIX ? random.nextInt(5) : -1;
            if (this == KEEP || fate == 0) {
                System.arraycopy(written, from, found, from, to - from);
            } else if (fate == 1) {
                System.arraycopy(written, from, found, from, random.nextInt(to - from));
            } else if (fate == 2) {
                Arrays.fill(found, from, to, (byte) 0);
            } else if (fate == 3) {
                for (int i = from; i < to; i++) {
                    found[i] = (byte) random.nextInt(256);
                }
            }
        }
    }

    /** Operations so far: those that change something, or make it durable. */
    public long operations() {
        return operations;
    }

    /** Crashes the machine when the count reaches a number, within that operation. */
    public void crashAt(long operation) {
        crashAt = operation;
    }

    /** Fails the operation with a number, once, by an input/output error with this text. */
    public void failAt(long operation, String text) {
        failAt(operation, 1, text);
    }

    /** Fails so many operations from the one with a number on. */
    public void failAt(long operation, int times, String text) {
        failFrom = operation;
        failBefore = operation + times;
        failure = text;
    }

    /** From now on fails every operation on files and directories of such paths; reading still succeeds. */
    public void failOn(Predicate<String> paths, String text) {
        failing = paths;
        failure = text;
    }

    /**
     * Has something run before each operation takes effect, on its thread: to look at the states that a crash there would
     * leave, by {@link #afterCrash}, which changes nothing here.
     */
    public void beforeOperation(Runnable look) {
        beforeOperation = look;
    }

    /** A digest of all names and bytes as programs see them; disks with different contents have different ones. */
    public String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            root.digest(digest);
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Bounds the bytes of all files. Writes that need more fail with {@link DiskFullException}. */
    public void setCapacity(long bytes) {
        capacityBytes = bytes;
    }

    @Override
    public long freeBytes() {
        return Math.max(0, capacityBytes - usedBytes());
    }

    /** Bytes of all files. */
    public long usedBytes() {
        return usedBytes(root);
    }

    private static long usedBytes(SimDirectory directory) {
        long bytes = 0;
        for (SimNode node : directory.seen.values()) {
            bytes += node instanceof SimDirectory inner ? usedBytes(inner) : ((SimInode) node).size();
        }
        return bytes;
    }

    /** The disk as it is found after a crash, for the next simulated process. */
    public SimDisk afterCrash(SimScheduler nextScheduler, SimRandomness nextRandom, CrashStyle style) {
        return new SimDisk(nextScheduler, nextRandom, root.afterCrash(nextRandom, style, new IdentityHashMap<>()));
    }

    /** Flips one bit of a file, also on the medium. */
    public void flipBit(String path, long bit) throws IOException {
        SimInode inode = file(path);
        byte[] one = new byte[1];
        int position = (int) (bit / 8);
        inode.read(position, one);
        one[0] ^= (byte) (1 << (bit % 8));
        inode.write(position, one, 1);
        inode.endForce(inode.beginForce());
    }

    /** Counts an operation; true when the machine is to crash within it, which the caller then does. */
    private boolean operation(String path) throws IOException {
        scheduler.step();
        beforeOperation.run();
        operations++;
        if ((operations >= failFrom && operations < failBefore) || failing.test(path)) {
            throw new IOException(String.valueOf(failure));
        }
        return operations >= crashAt;
    }

    /** Counts an operation that happens at once or, when the machine crashes, happens or not. */
    private void change(String path, Change change) throws IOException {
        boolean crash = operation(path);
        if (!crash || random.oneIn(2)) {
            change.run();
        }
        if (crash) {
            throw scheduler.crash();
        }
    }

    private interface Change {
        void run() throws IOException;
    }

    private record Place(SimDirectory directory, String name) {
        @Nullable
        SimNode node() {
            return directory.seen.get(name);
        }
    }

    private @Nullable Place placeOrNull(String path) {
        SimDirectory directory = root;
        String[] names = path.split("/", -1);
        for (int i = 0; i < names.length - 1; i++) {
            if (!(directory.seen.get(names[i]) instanceof SimDirectory inner)) {
                return null;
            }
            directory = inner;
        }
        return new Place(directory, names[names.length - 1]);
    }

    private Place place(String path) throws IOException {
        Place place = placeOrNull(path);
        if (place == null) {
            throw new NoSuchFileException(path);
        }
        return place;
    }

    private SimInode file(String path) throws IOException {
        if (place(path).node() instanceof SimInode inode) {
            return inode;
        }
        throw new NoSuchFileException(path);
    }

    private @Nullable SimDirectory directory(String path) {
        if (path.isEmpty()) {
            return root;
        }
        Place place = placeOrNull(path);
        return place != null && place.node() instanceof SimDirectory found ? found : null;
    }

    @Override
    public DiskFile open(String path, boolean create) throws IOException {
        Place place = place(path);
        if (create && place.node() == null) {
            change(path, () -> place.directory().seen.putIfAbsent(place.name(), new SimInode()));
        }
        return new SimFile(path, file(path));
    }

    @Override
    public boolean exists(String path) {
        Place place = placeOrNull(path);
        return path.isEmpty() || (place != null && place.node() != null);
    }

    @Override
    public long size(String path) {
        Place place = placeOrNull(path);
        return place != null && place.node() instanceof SimInode inode ? inode.size() : -1;
    }

    @Override
    public List<String> list(String path) {
        SimDirectory found = directory(path);
        return found == null ? List.of() : List.copyOf(found.seen.keySet());
    }

    @Override
    public void makeDirectory(String path) throws IOException {
        SimDirectory directory = root;
        for (String name : path.split("/", -1)) {
            SimDirectory parent = directory;
            if (!(parent.seen.get(name) instanceof SimDirectory)) {
                change(path, () -> parent.seen.putIfAbsent(name, new SimDirectory()));
            }
            if (!(parent.seen.get(name) instanceof SimDirectory inner)) {
                throw new IOException(path + " is no directory");
            }
            directory = inner;
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Place source = place(from);
        Place target = place(to);
        SimNode node = source.node();
        if (node == null) {
            throw new NoSuchFileException(from);
        }
        change(to, () -> {
            if (source.directory() == target.directory()) {
                source.directory().rename(source.name(), target.name(), node);
            } else {
                source.directory().seen.remove(source.name());
                target.directory().seen.put(target.name(), node);
            }
        });
    }

    @Override
    public void delete(String path) throws IOException {
        Place place = placeOrNull(path);
        if (place != null && place.node() != null) {
            if (place.node() instanceof SimDirectory directory && !directory.seen.isEmpty()) {
                throw new IOException(path + " is not empty");
            }
            change(path, () -> place.directory().seen.remove(place.name()));
        }
    }

    @Override
    public void forceDirectory(String path) throws IOException {
        SimDirectory found = directory(path);
        if (found == null) {
            throw new NoSuchFileException(path);
        }
        change(path, found::force);
    }

    @Override
    public DiskLock lock(String path) throws IOException {
        if (locked) {
            throw new DiskInUseException("the simulated disk is in use by another engine");
        }
        open(path, true).close();
        locked = true;
        return () -> locked = false;
    }

    private void claim(long growth) throws IOException {
        if (growth > 0 && capacityBytes < Long.MAX_VALUE && usedBytes() + growth > capacityBytes) {
            throw new DiskFullException("no space left on the simulated disk", null);
        }
    }

    private final class SimFile implements DiskFile {
        private final String path;
        private final SimInode inode;
        private boolean closed;

        SimFile(String path, SimInode inode) {
            this.path = path;
            this.inode = inode;
        }

        private void failIfClosed() throws IOException {
            if (closed) {
                throw new ClosedChannelException();
            }
        }

        @Override
        public void write(long position, ByteBuffer... buffers) throws IOException {
            failIfClosed();
            int length = 0;
            for (ByteBuffer buffer : buffers) {
                length += buffer.remaining();
            }
            byte[] bytes = new byte[length];
            int at = 0;
            for (ByteBuffer buffer : buffers) {
                int count = buffer.remaining();
                buffer.get(bytes, at, count);
                at += count;
            }
            int total = length;
            claim(position + total - inode.size());
            change(path, () -> inode.write((int) position, bytes, total));
        }

        @Override
        public int read(long position, ByteBuffer into) throws IOException {
            scheduler.step();
            failIfClosed();
            byte[] bytes = new byte[into.remaining()];
            int count = inode.read((int) position, bytes);
            into.put(bytes, 0, count);
            return count;
        }

        @Override
        public long size() throws IOException {
            failIfClosed();
            return inode.size();
        }

        @Override
        public void truncate(long size) throws IOException {
            failIfClosed();
            change(path, () -> inode.truncate((int) size));
        }

        @Override
        public void force() throws IOException {
            failIfClosed();
            boolean crash;
            try {
                crash = operation(path);
            } catch (IOException e) {
                inode.failForce();
                throw e;
            }
            SimInode.Forced forced = inode.beginForce();
            scheduler.pause(Duration.ofNanos(1_000L * (1 + random.nextInt(MOST_FORCE_MICROS))));
            if (crash) {
                throw scheduler.crash();
            }
            inode.endForce(forced);
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
