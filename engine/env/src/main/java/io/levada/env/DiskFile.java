package io.levada.env;

import java.io.IOException;
import java.nio.ByteBuffer;

/** An open file. Reading is safe for any thread; writing is for one thread at a time. */
public interface DiskFile extends AutoCloseable {
    /** Writes all bytes of all buffers, one behind the other, at a position; the buffers are consumed. */
    void write(long position, ByteBuffer... buffers) throws IOException;

    /** Reads until the buffer is full or the file ends; gives the bytes read, 0 at the end. */
    int read(long position, ByteBuffer into) throws IOException;

    long size() throws IOException;

    void truncate(long size) throws IOException;

    /** Makes what was written durable (data and size). After a failure nothing more may be forced on this file. */
    void force() throws IOException;

    @Override
    void close() throws IOException;
}
