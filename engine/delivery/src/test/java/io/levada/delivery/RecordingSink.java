package io.levada.delivery;

import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.facade.BatchSink;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes down what it hears, and checks what must hold of every batch. */
final class RecordingSink implements BatchSink {
    final List<String> events = new ArrayList<>();
    final Map<Integer, List<Long>> offsets = new HashMap<>();
    final Map<Integer, Long> passed = new HashMap<>();
    final List<Integer> handles = new ArrayList<>();
    final List<ByteBuf> kept = new ArrayList<>();
    Set<Compression> accepted = EnumSet.allOf(Compression.class);
    boolean keep;
    int records;
    long bytes;
    long lastRecordBytes;
    volatile boolean ended;
    Runnable onBatch = () -> {};

    /** One that takes these codecs, and none. */
    static RecordingSink accepting(Set<Compression> codecs) {
        RecordingSink sink = new RecordingSink();
        sink.accepted = codecs;
        return sink;
    }

    @Override
    public boolean accepts(Compression codec) {
        return accepted.contains(codec);
    }

    @Override
    public void onBatch(int handle, int count, ByteBuf batch) {
        check(!ended, "nothing follows the end");
        RecordBatch.verify(batch);
        Compression codec = RecordBatch.compression(batch);
        check(codec == Compression.NONE || accepted.contains(codec), "the codec is accepted");
        check(count == RecordBatch.recordCount(batch) && count > 0, "the count is the batch's");
        List<Long> seen = offsets.computeIfAbsent(handle, key -> new ArrayList<>());
        try (RecordCursor cursor = RecordCursor.open(batch, Limits.DEFAULT)) {
            while (cursor.next()) {
                check(seen.isEmpty() || seen.get(seen.size() - 1) < cursor.offset(), "offsets ascend");
                check(cursor.timestampMs() == cursor.offset(), "the record is the one published there");
                seen.add(cursor.offset());
                lastRecordBytes = (long) cursor.sizeInBytes() + RecordBatch.HEADER_BYTES;
            }
        }
        handles.add(handle);
        records += count;
        bytes += batch.readableBytes();
        if (keep) {
            kept.add(batch);
        } else {
            batch.release();
        }
        onBatch.run();
    }

    @Override
    public void onGap(int handle, long from, long to) {
        events.add("gap " + handle + " " + from + " " + to);
    }

    @Override
    public void onDropped(int handle, long from, long to) {
        events.add("dropped " + handle + " " + from + " " + to);
    }

    @Override
    public void onPassed(int handle, long offset) {
        check(offset > passed.getOrDefault(handle, -1L), "what is passed ascends");
        passed.put(handle, offset);
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException error) {
        events.add("end " + handle + (error == null ? "" : " " + error.code()));
    }

    @Override
    public void onComplete() {
        check(!ended, "one end");
        ended = true;
        events.add("complete");
    }

    @Override
    public void onError(Throwable error) {
        check(!ended, "one end");
        ended = true;
        events.add("error " + LevadaException.of(error).code());
    }

    void releaseKept() {
        kept.forEach(ByteBuf::release);
        kept.clear();
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
