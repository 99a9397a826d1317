package io.levada.env;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file of the machine. Java closes a file channel when a thread that reads it is interrupted, so reading has a channel
 * of its own, which is opened again then; writing keeps its channel, since a failed write-back is reported to the
 * descriptor that wrote.
 */
final class RealFile implements DiskFile {
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path path;
    private final boolean create;
    private @Nullable FileChannel writer;
    private @Nullable FileChannel reader;
    private boolean closed;

    RealFile(Path path, boolean create) throws IOException {
        this.path = path;
        this.create = create;
        if (create) {
            writer();
        } else {
            reader();
        }
    }

    private synchronized FileChannel writer() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        FileChannel channel = writer;
        if (channel == null) {
            channel = openToWrite(path, create);
            writer = channel;
        }
        return channel;
    }

    /** Opens, and makes if asked to, for the owner alone. */
    static FileChannel openToWrite(Path path, boolean create) throws IOException {
        if (!create) {
            return FileChannel.open(path, StandardOpenOption.WRITE);
        }
        Set<OpenOption> options = Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        return RealDisk.isPosix(path) ? FileChannel.open(path, options, OWNER_ONLY) : FileChannel.open(path, options);
    }

    private synchronized FileChannel reader() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        FileChannel channel = reader;
        if (channel == null || !channel.isOpen()) {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            reader = channel;
        }
        return channel;
    }

    @Override
    public void write(long position, ByteBuffer... buffers) throws IOException {
        try {
            FileChannel channel = writer();
            if (buffers.length == 1) {
                writeOne(channel, position, buffers[0]);
            } else {
                writeAll(channel, position, buffers);
            }
        } catch (IOException e) {
            throw RealDisk.typed(e);
        }
    }

    private static void writeOne(FileChannel channel, long position, ByteBuffer buffer) throws IOException {
        long at = position;
        while (buffer.hasRemaining()) {
            at += channel.write(buffer, at);
        }
    }

    /** Gathers; the system takes some thousand buffers at a time, hence the loop. */
    private static void writeAll(FileChannel channel, long position, ByteBuffer[] buffers) throws IOException {
        channel.position(position);
        int first = 0;
        while (true) {
            while (first < buffers.length && !buffers[first].hasRemaining()) {
                first++;
            }
            if (first == buffers.length) {
                return;
            }
            channel.write(buffers, first, buffers.length - first);
        }
    }

    @Override
    public int read(long position, ByteBuffer into) throws IOException {
        boolean interrupted = false;
        int start = into.position();
        try {
            while (true) {
                try {
                    FileChannel channel = reader();
                    int got = 0;
                    while (into.hasRemaining() && got >= 0) {
                        got = channel.read(into, position + into.position() - start);
                    }
                    return into.position() - start;
                } catch (ClosedChannelException e) {
                    interrupted |= Thread.interrupted();
                    failIfClosed(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private synchronized void failIfClosed(ClosedChannelException reason) throws ClosedChannelException {
        if (closed) {
            throw reason;
        }
    }

    @Override
    public long size() throws IOException {
        return Files.size(path);
    }

    @Override
    public void truncate(long size) throws IOException {
        try {
            writer().truncate(size);
        } catch (IOException e) {
            throw RealDisk.typed(e);
        }
    }

    @Override
    public void force() throws IOException {
        try {
            writer().force(false);
        } catch (IOException e) {
            throw RealDisk.typed(e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        try {
            close(reader);
        } finally {
            close(writer);
        }
    }

    private static void close(@Nullable FileChannel channel) throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
