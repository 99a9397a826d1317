package io.levada.log;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A file of the journal, of a size given for good and filled in advance, so that forcing what is written into it changes
 * nothing but data. Used again and again.
 */
final class JournalFile {
    private static final int FILL_BYTES = 1 << 20;

    private final int number;
    private final DiskFile file;
    private final int size;

    /** The last block in it; the journal's to set. */
    long lastSequence;

    JournalFile(int number, DiskFile file, int size) {
        this.number = number;
        this.file = file;
        this.size = size;
    }

    /** Makes a file full of zeroes, durable with its name. Leaves none behind when it fails. */
    static JournalFile create(Disk disk, int number, int size) throws IOException {
        String path = Layout.journalFile(number);
        disk.delete(path); // what is left of a failed file may never be forced again
        DiskFile file = disk.open(path, true);
        try {
            fill(file, size);
            disk.forceDirectory(Layout.JOURNAL);
            return new JournalFile(number, file, size);
        } catch (IOException e) {
            file.close();
            disk.delete(path);
            throw e;
        }
    }

    /**
     * Fills the beginning of a file with zeroes, so that the space is there, and forces it: piece by piece, since whoever
     * forces another file meanwhile waits for what is on its way to the disk already.
     */
    static void fill(DiskFile file, int bytes) throws IOException {
        ByteBuffer zeroes = ByteBuffer.allocateDirect(Math.min(bytes, FILL_BYTES));
        for (int at = 0; at < bytes; at += zeroes.capacity()) {
            file.write(at, zeroes.clear().limit(Math.min(zeroes.capacity(), bytes - at)));
            file.force();
        }
    }

    int number() {
        return number;
    }

    int size() {
        return size;
    }

    DiskFile file() {
        return file;
    }
}
