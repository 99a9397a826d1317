package io.levada.wire;

import io.levada.Dropped;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What an engine gave for one stream and its peer has not been sent: batches wait as they are and become records one by one,
 * while the stream wants them and the connection's budget is open, so that a peer that does not read holds batches within its
 * share, not what they would be as text. For the connection's event loop alone.
 */
public final class RecordQueue {
    /** After so many the connection's other streams have their turn. */
    private static final int RECORDS_PER_TURN = 128;

    private final Queue<Item> items = new ArrayDeque<>();
    /** What was left out of a handle's partition and is told with its next record. */
    private final Map<Integer, Dropped> dropped = new HashMap<>();

    private final OutboundBudget budget;
    private final Stream stream;
    private boolean draining;
    private boolean waiting;
    private boolean closed;

    /** The stream that the queue feeds. */
    public interface Stream {
        /** Whether one record more is asked for. */
        boolean wants();

        /** Names a handle's partition. */
        String topic(int handle);

        /** Names a handle's partition. */
        int partition(int handle);

        /**
         * Sends a record.
         *
         * @param before what was left out before it, or null
         */
        void send(int handle, StoredRecord record, @Nullable Dropped before);

        /** All before this offset was sent or is not wanted. */
        default void passed(int handle, long offset) {}

        /** A batch of so many bytes waits no more. */
        void used(int bytes);

        /** Nothing follows; {@code null} for an end as it should be. */
        void ended(@Nullable Throwable error);

        /** Closes the connection. */
        void cutOff();

        /** Runs a task on the event loop behind what waits there. */
        void later(Runnable task);
    }

    /** What came from the engine and is not yet sent, in order. */
    private sealed interface Item {}

    private static final class Batch implements Item {
        private final int handle;
        private final int bytes;
        private final RecordCursor cursor;
        private int left;

        Batch(int handle, int bytes, RecordCursor cursor) {
            this.handle = handle;
            this.bytes = bytes;
            this.cursor = cursor;
            this.left = cursor.count();
        }
    }

    private record Left(int handle, long from, long to) implements Item {}

    private record Passed(int handle, long offset) implements Item {}

    private record Ended(@Nullable Throwable error) implements Item {}

    public RecordQueue(OutboundBudget budget, Stream stream) {
        this.budget = budget;
        this.stream = stream;
    }

    /** Whether all that came was sent. */
    public boolean isEmpty() {
        return items.isEmpty();
    }

    /** Takes a batch, and the buffer. */
    public void batch(int handle, ByteBuf batch, Limits limits) {
        int bytes = batch.readableBytes();
        try {
            if (!closed) {
                add(new Batch(handle, bytes, RecordCursor.open(batch, limits)));
            }
        } catch (LevadaException error) {
            add(new Ended(error));
        } finally {
            batch.release();
        }
    }

    /** Offsets were left out, as was asked for. */
    public void dropped(int handle, long from, long to) {
        add(new Left(handle, from, to));
    }

    /** Nothing wanted is left before an offset. */
    public void passed(int handle, long offset) {
        add(new Passed(handle, offset));
    }

    /** Nothing follows what came before; {@code null} for an end as it should be. */
    public void ended(@Nullable Throwable error) {
        add(new Ended(error));
    }

    private void add(Item item) {
        if (!closed) {
            items.add(item);
            drain();
        }
    }

    /** Sends what may be sent; to be called when more is asked for. */
    public void drain() {
        if (draining) {
            return;
        }
        draining = true;
        try {
            int turn = RECORDS_PER_TURN;
            while (!closed && !waiting) {
                Item item = items.peek();
                if (item == null) {
                    return;
                } else if (item instanceof Batch batch) {
                    if (!emit(batch, turn--)) {
                        return;
                    }
                    continue;
                }
                items.remove();
                tell(item);
            }
        } catch (RuntimeException error) {
            stream.ended(error);
        } catch (OutOfMemoryError error) {
            // Rather an end that the client sees, and comes back from, than a stream that goes silent.
            stream.cutOff();
            throw error;
        } finally {
            draining = false;
        }
    }

    private void tell(Item item) {
        if (item instanceof Left left) {
            Dropped out = new Dropped(stream.topic(left.handle), stream.partition(left.handle), left.from, left.to);
            dropped.merge(left.handle, out, RecordQueue::joined);
        } else if (item instanceof Passed passed) {
            stream.passed(passed.handle, passed.offset);
        } else if (item instanceof Ended ended) {
            stream.ended(ended.error);
        }
    }

    private static Dropped joined(Dropped one, Dropped next) {
        return new Dropped(one.topic(), one.partition(), one.from(), next.to());
    }

    /** Sends the next record of the batch, or ends it; false when this stream has to wait. */
    private boolean emit(Batch batch, int turn) {
        if (!stream.wants()) {
            return false;
        } else if (!budget.open()) {
            waiting = true;
            budget.whenOpen(this::resume);
            return false;
        } else if (turn == 0) {
            waiting = true;
            stream.later(this::resume);
            return false;
        }
        RecordCursor cursor = batch.cursor;
        if (cursor.next()) {
            stream.send(batch.handle, record(batch.handle, cursor), dropped.remove(batch.handle));
            batch.left--;
        } else {
            batch.left = 0;
        }
        // Not at the next turn: what stands behind the batch, such as the end, needs no demand.
        if (batch.left == 0 && !closed) {
            items.remove();
            cursor.close();
            stream.used(batch.bytes);
        }
        return true;
    }

    private StoredRecord record(int handle, RecordCursor cursor) {
        return new StoredRecord(
                stream.topic(handle),
                stream.partition(handle),
                cursor.offset(),
                cursor.timestampMs(),
                cursor.key(),
                cursor.value(),
                cursor.headers());
    }

    private void resume() {
        waiting = false;
        drain();
    }

    /** Drops what waits; nothing is sent from now on. */
    public void close() {
        closed = true;
        for (Item item = items.poll(); item != null; item = items.poll()) {
            if (item instanceof Batch batch) {
                batch.cursor.close();
            }
        }
    }
}
