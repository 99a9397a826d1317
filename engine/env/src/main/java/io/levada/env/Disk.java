package io.levada.env;

import java.io.IOException;
import java.util.List;

/**
 * Files and directories under one root. Paths are relative, with {@code /}; the empty path is the root. Safe for any
 * thread. What is written or made is durable only once forced: a file's bytes by {@link DiskFile#force}, a name (made,
 * renamed, deleted) by forcing its directory. Operations that fail for want of space throw {@link DiskFullException}.
 */
public interface Disk {
    /** Opens a file for reading and writing; {@code create} makes it if missing. */
    DiskFile open(String path, boolean create) throws IOException;

    boolean exists(String path) throws IOException;

    /** Bytes in a file; -1 when there is no such file. */
    long size(String path) throws IOException;

    /** Names in a directory, in order; empty when there is none. */
    List<String> list(String directory) throws IOException;

    /** Makes a directory and its parents. */
    void makeDirectory(String path) throws IOException;

    /** Renames a file or directory, replacing a file of that name. */
    void rename(String from, String to) throws IOException;

    /** Deletes a file or an empty directory, if it is there. */
    void delete(String path) throws IOException;

    /** Makes the names in a directory durable. */
    void forceDirectory(String path) throws IOException;

    /** Bytes that can still be written, as far as that is known. */
    default long freeBytes() {
        return Long.MAX_VALUE;
    }

    /** Takes the lock that a file stands for; throws {@link DiskInUseException} when another process or engine has it. */
    DiskLock lock(String path) throws IOException;

    /** A lock held. */
    interface DiskLock extends AutoCloseable {
        @Override
        void close() throws IOException;
    }
}
