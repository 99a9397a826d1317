package io.levada.cli;

import io.levada.Header;
import io.levada.StoredRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** A checksum (CRC-32C) of records one behind the other: of all that a record is but its place. Not thread-safe. */
final class RecordDigest {
    private final CRC32C checksum = new CRC32C();
    private final ByteBuffer number = ByteBuffer.allocate(Long.BYTES);

    void add(StoredRecord record) {
        add(record.timestampMs());
        add(record.key());
        add(record.value());
        add(record.headers().size());
        for (Header header : record.headers()) {
            add(header.key().getBytes(StandardCharsets.UTF_8));
            add(header.value());
        }
    }

    private void add(long value) {
        checksum.update(number.clear().putLong(value).flip());
    }

    private void add(byte @Nullable [] bytes) {
        add(bytes == null ? -1 : bytes.length);
        if (bytes != null) {
            checksum.update(bytes);
        }
    }

    /** Eight digits of hexadecimal. */
    String checksum() {
        return "%08x".formatted(checksum.getValue());
    }
}
