package io.levada.delivery;

import io.levada.protocol.BatchCutter;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordCursor;
import io.levada.protocol.RecordTest;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Of the records that wait for a reader, the last of each key, found by a walk ahead of it; as a test, it wants these. It
 * keeps the keys, and nothing of the records.
 */
final class Conflation implements RecordTest {
    /** What an entry takes besides the bytes of its key, about. */
    private static final int ENTRY_BYTES = 128;

    private static final ByteBuffer NO_KEY = ByteBuffer.allocate(0);

    private final @Nullable RecordTest wanted;
    private final boolean byKey;

    /** The offset of the last record of each key, in the order of offsets. */
    private final Map<ByteBuffer, Long> last = new LinkedHashMap<>();

    private long bytes;
    private long scanned;

    /**
     * @param wanted which records count, or null for all
     * @param byKey false to find the last record of all
     * @param from where the walk begins
     */
    Conflation(@Nullable RecordTest wanted, boolean byKey, long from) {
        this.wanted = wanted;
        this.byKey = byKey;
        this.scanned = from;
    }

    /** Walks over a batch that holds the offset reached, up to an end. */
    void scan(ByteBuf batch, long end, long nextOffset, Limits limits) {
        BatchCutter.open(batch, scanned, end, this::note, null, limits).close();
        scanned = Math.min(nextOffset, end);
    }

    /** There is nothing up to an offset. */
    void scanned(long offset) {
        scanned = Math.max(scanned, offset);
    }

    /** Up to where it has walked. */
    long scanned() {
        return scanned;
    }

    private boolean note(RecordCursor record) {
        if (record.offset() >= scanned && (wanted == null || wanted.test(record))) {
            ByteBuffer key = key(record);
            if (last.remove(key) == null) {
                bytes += key.capacity() + ENTRY_BYTES;
            }
            last.put(key, record.offset());
        }
        return false;
    }

    @Override
    public boolean test(RecordCursor record) {
        Long offset = last.get(key(record));
        return offset != null && offset == record.offset();
    }

    private ByteBuffer key(RecordCursor record) {
        byte[] key = byKey ? record.key() : null;
        return key == null ? NO_KEY : ByteBuffer.wrap(key);
    }

    /** All below an offset is delivered, or gone. */
    void delivered(long offset) {
        Iterator<Map.Entry<ByteBuffer, Long>> first = last.entrySet().iterator();
        while (first.hasNext()) {
            Map.Entry<ByteBuffer, Long> entry = first.next();
            if (entry.getValue() >= offset) {
                return;
            }
            bytes -= entry.getKey().capacity() + ENTRY_BYTES;
            first.remove();
        }
    }

    /** The next record to deliver; where there is none, the place reached by the walk. */
    long next() {
        return last.isEmpty() ? scanned : last.values().iterator().next();
    }

    boolean isEmpty() {
        return last.isEmpty();
    }

    /** What it keeps in memory, about. */
    long bytes() {
        return bytes;
    }
}
