package io.levada.env;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A file as a list of chunks, which appear as they are first written; chunks not written read as zeroes. Readers see
 * what was written before they learned of it (the writer publishes chunks before the size).
 */
final class MemoryFile implements DiskFile {
    private static final int CHUNK_BYTES = 64 << 10;

    private volatile byte[][] chunks = new byte[0][];
    private volatile long size;

    @Override
    public synchronized void write(long position, ByteBuffer... buffers) {
        long at = position;
        for (ByteBuffer buffer : buffers) {
            while (buffer.hasRemaining()) {
                int offset = (int) (at % CHUNK_BYTES);
                int count = Math.min(buffer.remaining(), CHUNK_BYTES - offset);
                buffer.get(chunkToWrite((int) (at / CHUNK_BYTES)), offset, count);
                at += count;
            }
        }
        if (at > size) {
            size = at;
        }
    }

    private byte[] chunkToWrite(int index) {
        byte[][] now = chunks;
        if (index < now.length && now[index].length > 0) {
            return now[index];
        }
        int length = index < now.length ? now.length : Math.max(index + 1, now.length + (now.length >> 1));
        byte[][] grown = Arrays.copyOf(now, length);
        for (int i = now.length; i < length; i++) {
            grown[i] = new byte[0];
        }
        grown[index] = new byte[CHUNK_BYTES];
        chunks = grown;
        return grown[index];
    }

    @Override
    public int read(long position, ByteBuffer into) {
        int total = (int) Math.max(0, Math.min(into.remaining(), size - position));
        byte[][] now = chunks;
        int left = total;
        long at = position;
        while (left > 0) {
            int index = (int) (at / CHUNK_BYTES);
            int offset = (int) (at % CHUNK_BYTES);
            int count = Math.min(left, CHUNK_BYTES - offset);
            boolean written = index < now.length && now[index].length > 0;
            into.put(written ? now[index] : new byte[CHUNK_BYTES], offset, count);
            at += count;
            left -= count;
        }
        return total;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public synchronized void truncate(long newSize) {
        if (newSize >= size) {
            return;
        }
        byte[][] kept = Arrays.copyOf(chunks, (int) ((newSize + CHUNK_BYTES - 1) / CHUNK_BYTES));
        int tail = (int) (newSize % CHUNK_BYTES);
        if (tail > 0 && kept[kept.length - 1].length > 0) {
            byte[] last = kept[kept.length - 1].clone();
            Arrays.fill(last, tail, CHUNK_BYTES, (byte) 0);
            kept[kept.length - 1] = last;
        }
        size = newSize;
        chunks = kept;
    }

    @Override
    public void force() {
        // Nothing here outlives the process.
    }

    @Override
    public void close() {
        // The disk keeps the file.
    }
}
