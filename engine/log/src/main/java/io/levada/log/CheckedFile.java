package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A small file that is replaced as a whole and carries a checksum. All integers are big-endian.
 *
 * <pre>
 *   0         4          8             16        20        24
 *   +---------+----------+-------------+---------+---------+-------------
 *   |  magic  |  format  |  revision   | length  | CRC32C  |  body
 *   |   i32   |   i32    |    i64      |  i32    |  u32    |
 *   +---------+----------+-------------+---------+---------+-------------
 *   the CRC covers bytes 0 to 19 and the body
 * </pre>
 */
record CheckedFile(long revision, ByteBuffer body) {
    static final int STORE_MAGIC = 0x4c565354; // LVST
    static final int CATALOG_MAGIC = 0x4c564341; // LVCA
    static final int CHECKPOINT_MAGIC = 0x4c564350; // LVCP

    /** What this program writes, and the highest it reads. */
    static final int FORMAT = 1;

    private static final int HEADER_BYTES = 24;
    private static final int CRC_OFFSET = 20;
    private static final String TEMPORARY_SUFFIX = ".tmp";

    /** Writes a file beside the old one, forces it, and lets it take the old one's place, forced. */
    static void write(Disk disk, String path, int magic, long revision, ByteBuffer body) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES)
                .putInt(magic)
                .putInt(FORMAT)
                .putLong(revision)
                .putInt(body.remaining());
        header.putInt(crc(header, body)).flip();
        String temporary = path + TEMPORARY_SUFFIX;
        disk.delete(temporary);
        try (DiskFile file = disk.open(temporary, true)) {
            file.write(0, header, body.duplicate());
            file.force();
        }
        disk.rename(temporary, path);
        disk.forceDirectory("");
    }

    /**
     * Reads a file; null when it is missing or damaged.
     *
     * @throws LevadaException UNSUPPORTED_VERSION when it is whole, and of a format that this program does not know
     */
    static @Nullable CheckedFile read(Disk disk, String path, int magic) throws IOException {
        long size = disk.size(path);
        if (size < HEADER_BYTES || size > Integer.MAX_VALUE) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) size);
        try (DiskFile file = disk.open(path, false)) {
            file.read(0, bytes);
        }
        bytes.flip();
        if (bytes.remaining() != size || bytes.getInt(0) != magic || bytes.getInt(16) != size - HEADER_BYTES) {
            return null;
        }
        ByteBuffer body = bytes.slice(HEADER_BYTES, (int) size - HEADER_BYTES);
        if (crc(bytes, body) != bytes.getInt(CRC_OFFSET)) {
            return null;
        }
        int format = bytes.getInt(4);
        if (format != FORMAT) {
            throw new LevadaException(
                    ErrorCode.UNSUPPORTED_VERSION,
                    path + " has format " + format + ", this program knows " + FORMAT + "; nothing was changed");
        }
        return new CheckedFile(bytes.getLong(8), body);
    }

    private static int crc(ByteBuffer header, ByteBuffer body) {
        CRC32C crc = new CRC32C();
        crc.update(header.duplicate().position(0).limit(CRC_OFFSET));
        crc.update(body.duplicate());
        return (int) crc.getValue();
    }
}
