package io.levada.cli;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Lines of a stream as bytes, each without the line feed that ends it; nothing else is touched, so that what is not text
 * stays what it is. Holds one line at a time. One thread reads; any may ask how
 * far it is.
 */
final class LineReader {
    /** Beyond any record that a server may be set to take, so that a file without lines does not fill the memory. */
    static final int MAX_LINE_BYTES = 64 << 20;

    private static final int BUFFER_BYTES = 64 << 10;

    private final InputStream in;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong lines = new AtomicLong();

    LineReader(InputStream in) {
        this.in = in;
    }

    /** The next line, or null at the end; blocks until there is one. */
    byte @Nullable [] next() throws IOException {
        ByteArrayOutputStream start = new ByteArrayOutputStream(0);
        while (true) {
            int end = indexOfLineFeed();
            if (end >= 0) {
                byte[] line = join(start, end - position);
                position = end + 1;
                bytes.addAndGet(line.length + 1L);
                lines.incrementAndGet();
                return line;
            }
            start.write(buffer, position, limit - position);
            if (start.size() > MAX_LINE_BYTES) {
                throw new LevadaException(
                        ErrorCode.MESSAGE_TOO_LARGE,
                        "line " + (lines.get() + 1) + " is longer than " + MAX_LINE_BYTES
                                + " bytes; a record is one line of the input");
            }
            position = 0;
            limit = Math.max(0, in.read(buffer));
            if (limit == 0) {
                return last(start);
            }
        }
    }

    private byte @Nullable [] last(ByteArrayOutputStream start) {
        if (start.size() == 0) {
            return null;
        }
        bytes.addAndGet(start.size());
        lines.incrementAndGet();
        return start.toByteArray();
    }

    private byte[] join(ByteArrayOutputStream start, int length) {
        if (start.size() == 0) {
            return Arrays.copyOfRange(buffer, position, position + length);
        }
        start.write(buffer, position, length);
        return start.toByteArray();
    }

    private int indexOfLineFeed() {
        for (int i = position; i < limit; i++) {
            if (buffer[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    /** Bytes of the lines read so far, line feeds included. */
    long bytes() {
        return bytes.get();
    }

    /** Lines read so far. */
    long lines() {
        return lines.get();
    }
}
