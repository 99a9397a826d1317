package io.levada.gateway;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.levada.Dropped;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.RecordJson;
import io.levada.StoredRecord;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.GroupSession.AssignedReader;
import io.levada.facade.WaitReason;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufOutputStream;
import io.rsocket.Payload;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;

/**
 * {@code read} and {@code group.partition}: one payload, one record, one unit of request(n). Batches wait as they are and
 * become JSON record by record while the connection's budget is open, so that a peer that does not read holds batches
 * within its share, not what they would be as JSON.
 */
final class PlainRead extends ClientStream implements BatchSink, Subscribed {
    private static final JsonFactory JSON = new JsonFactory();
    /** After so many the connection's other streams have their turn. */
    private static final int RECORDS_PER_TURN = 128;

    private final Queue<Item> items = new ArrayDeque<>();
    /** What was left out of a handle's partition and is told with its next record. */
    private final Map<Integer, Dropped> dropped = new HashMap<>();

    private String topic = "";
    /** Partition of a group's handle; a reader's handles are partitions. */
    private int groupPartition = -1;

    private @Nullable BatchReader reader;
    private OutboundBudget.@Nullable Share share;
    private Subject subject = Subject.NONE;
    private boolean draining;
    private boolean waiting;

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

    private record Left(int handle, Dropped dropped) implements Item {}

    private record Failed(Throwable error) implements Item {}

    private record Completed() implements Item {}

    PlainRead(ClientSession session, FluxSink<Payload> sink) {
        super(session, sink);
    }

    /** Begins; what fails fails the stream. */
    void open(Route route, Json wanted) {
        try {
            BatchReader opened = route == Route.READ ? readTopic(wanted) : readAssignment(wanted);
            reader = opened;
            OutboundBudget.Share bytes = session.connection().budget().share(granted -> opened.credit(0, granted));
            share = bytes;
            bytes.want(Long.MAX_VALUE);
            outlet.onDemand(records -> {
                opened.credit(records, 0);
                drain();
            });
        } catch (RuntimeException error) {
            fail(error);
        }
    }

    private BatchReader readTopic(Json wanted) {
        ReadSpec spec =
                BatchedRead.topic(wanted.only("topic", "partition", "from", "to", "filter", "overflow", "label"));
        topic = spec.topic();
        subject = Subject.topic(Route.READ, topic, BatchedRead.label(wanted));
        return session.engine().read(spec, this);
    }

    private BatchReader readAssignment(Json wanted) {
        wanted.only("member", "handle", "offset");
        GroupChannel member = session.member(wanted.text("member"));
        int handle = wanted.smallNumber("handle");
        GroupChannel.Assigned assigned = member.assigned(handle);
        topic = assigned.partition().topic();
        subject = member.subject(Route.GROUP_PARTITION);
        groupPartition = assigned.partition().partition();
        Long offset = wanted.numberOrNull("offset");
        AssignedReader opened = member.membership().read(this);
        opened.add(handle, offset == null ? assigned.start() : offset);
        return opened;
    }

    @Override
    public @Nullable BatchReader reader() {
        return reader;
    }

    @Override
    public Subject subject() {
        return subject;
    }

    @Override
    public Long demand() {
        return outlet.demand();
    }

    @Override
    public @Nullable WaitReason holdsBack() {
        if (items.isEmpty()) {
            return null;
        } else if (outlet.demand() == 0) {
            return WaitReason.NO_DEMAND;
        }
        return session.connection().budget().open() ? null : WaitReason.SOCKET_BLOCKED;
    }

    @Override
    public long wantedBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public void onBatch(int handle, int records, ByteBuf batch) {
        later(
                () -> {
                    if (hasEnded()) {
                        batch.release();
                    } else {
                        batch(handle, batch);
                    }
                },
                batch::release);
    }

    private void batch(int handle, ByteBuf batch) {
        int bytes = batch.readableBytes();
        try {
            add(new Batch(handle, bytes, RecordCursor.open(batch, session.recordLimits())));
        } catch (LevadaException error) {
            add(new Failed(error));
        } finally {
            batch.release();
        }
    }

    @Override
    public void onGap(int handle, long from, long to) {
        later(() -> add(new Failed(new LevadaException(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "offsets " + from + " to " + (to - 1) + " of partition " + partition(handle)
                        + " are gone; read on from offset:" + to))));
    }

    @Override
    public void onDropped(int handle, long from, long to) {
        later(() -> add(new Left(handle, new Dropped(topic, partition(handle), from, to))));
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException error) {
        later(() -> {
            if (error != null) {
                add(new Failed(error));
            } else if (groupPartition >= 0) {
                add(new Completed());
            }
        });
    }

    @Override
    public void onComplete() {
        later(() -> add(new Completed()));
    }

    @Override
    public void onError(Throwable error) {
        later(() -> add(new Failed(error)));
    }

    private void add(Item item) {
        if (hasEnded()) {
            if (item instanceof Batch batch) {
                batch.cursor.close();
            }
            return;
        }
        items.add(item);
        drain();
    }

    private void drain() {
        if (draining) {
            return;
        }
        draining = true;
        try {
            int turn = RECORDS_PER_TURN;
            while (!hasEnded() && !waiting) {
                Item item = items.peek();
                if (item == null) {
                    return;
                } else if (item instanceof Left left) {
                    items.remove();
                    dropped.merge(left.handle, left.dropped, PlainRead::joined);
                } else if (item instanceof Failed failed) {
                    fail(failed.error);
                } else if (item instanceof Completed) {
                    complete();
                } else if (item instanceof Batch batch && !emit(batch, turn--)) {
                    return;
                }
            }
        } catch (RuntimeException error) {
            fail(error);
        } catch (OutOfMemoryError error) {
            // Rather an end that the client sees, and comes back from, than a stream that goes silent.
            session.connection().dispose();
            throw error;
        } finally {
            draining = false;
        }
    }

    private static Dropped joined(Dropped one, Dropped next) {
        return new Dropped(one.topic(), one.partition(), one.from(), next.to());
    }

    /** Emits the next record of the batch, or ends it; false when this stream has to wait. */
    private boolean emit(Batch batch, int turn) {
        if (outlet.demand() == 0) {
            return false;
        } else if (!session.connection().budget().open()) {
            waiting = true;
            session.connection().budget().whenOpen(this::resume);
            return false;
        } else if (turn == 0) {
            waiting = true;
            later(this::resume);
            return false;
        }
        RecordCursor cursor = batch.cursor;
        if (cursor.next()) {
            outlet.send(encode(batch.handle, cursor));
            batch.left--;
        } else {
            batch.left = 0;
        }
        // Not at the next turn: what stands behind the batch, such as the end, needs no demand.
        if (batch.left == 0 && !hasEnded()) {
            items.remove();
            cursor.close();
            used(batch.bytes);
        }
        return true;
    }

    private void resume() {
        waiting = false;
        drain();
    }

    private void used(int bytes) {
        if (share != null) {
            share.used(bytes);
        }
    }

    private int partition(int handle) {
        return groupPartition >= 0 ? groupPartition : handle;
    }

    private ByteBuf encode(int handle, RecordCursor cursor) {
        StoredRecord record = new StoredRecord(
                topic,
                partition(handle),
                cursor.offset(),
                cursor.timestampMs(),
                cursor.key(),
                cursor.value(),
                cursor.headers());
        ByteBufAllocator alloc = session.connection().alloc();
        ByteBuf draft = alloc.buffer();
        try {
            try (JsonGenerator out = JSON.createGenerator((OutputStream) new ByteBufOutputStream(draft))) {
                RecordJson.write(out, record, dropped.remove(handle));
            }
            // It may wait for long, and a buffer that has grown to its size is up to twice as large.
            return alloc.buffer(draft.readableBytes()).writeBytes(draft);
        } catch (IOException e) {
            throw new UncheckedIOException("a buffer does not fail", e);
        } finally {
            draft.release();
        }
    }

    @Override
    void onEnd(Ending ending) {
        for (Item item = items.poll(); item != null; item = items.poll()) {
            if (item instanceof Batch batch) {
                batch.cursor.close();
            }
        }
        if (share != null) {
            share.close();
        }
        if (reader != null) {
            reader.cancel();
        }
    }
}
