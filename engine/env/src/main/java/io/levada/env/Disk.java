package io.levada.env;

import java.io.IOException;
import java.util.List;

/**
 * Files and directories under one root. Paths are relative, with {@code /}. Safe for any thread. What is written or made
 * is durable only once forced: a file's bytes by {@link DiskFile#force}, a name (made, renamed, deleted) by forcing its
 * directory.
 */
public interface Disk {
    /** Opens a file for reading and writing; {@code create} makes it if missing. */
    DiskFile open(String path, boolean create) throws IOException;

    boolean exists(String path) throws IOException;

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

    /** Takes the one lock of this root; fails when another process or engine has it. */
    AutoCloseable lock(String path) throws IOException;
}
